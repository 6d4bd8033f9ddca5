// Ring buffer consumers side by side: ours and libbpf's in C (bench/peers/ring.c), on the same rings and producer.
//
//     node build/bench/ring-consumer.js [ROUNDS]         needs root, cc and libbpf-dev
//
// First the cost of reading alone: a ring is filled, then drained and timed. Then the CPU of a consumer process while
// another process produces at a steady rate, in bursts and one record at a time, which is mostly the cost of waking up: over a
// short run, in which compiling what is hot counts for much, and settled, over the second half of a longer one. Fresh processes,
// interleaved; medians. The last figures of a line are the producer's: a record that wakes the consumer costs it more, and at the
// highest rate it does not get that far with a consumer that it has to wake all the time.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventReader, type OnRecord, RingBuffer } from '../src/events/index.ts'
import { BpfMap } from '../src/map/index.ts'
import { Program } from '../src/program/index.ts'
import { ringProducer } from '../test/kernel/ring-producer.ts'
import {
  type ConsumerCost,
  type ConsumerRun,
  costOf,
  FiveFields,
  INTERVALS_MS,
  PRODUCER_CASES,
  printMedians,
} from './consumer-cost.ts'
import { compilePeer, scratch, startWithFds } from './measure.ts'

const RING_BYTES = 16 << 20
const RECORDS_PER_RUN = 1000
const RUNS_PER_FILL = 200
const FILLS = 10

/** `work` 0 counts records, 1 reads five fields of each. */
const reading = (work: number): { onRecord: OnRecord; count: () => number; sum: () => number } => {
  if (work === 1) {
    const fields = new FiveFields()
    return { onRecord: fields.onRecord, count: () => fields.count, sum: () => fields.sum }
  }
  let count = 0
  return {
    onRecord: () => {
      count++
    },
    count: () => count,
    sum: () => 0,
  }
}

const fillAndDrain = (map: BpfMap, program: Program, work: number): void => {
  const { onRecord, count, sum } = reading(work)
  const ring = RingBuffer.open(map, onRecord)
  let spentMs = 0
  for (let fill = 0; fill < FILLS; fill++) {
    for (let run = 0; run < RUNS_PER_FILL; run++) program.testRun({ ctx: new Uint8Array(8) })
    const start = performance.now()
    ring.drain()
    spentMs += performance.now() - start
  }
  console.log(JSON.stringify({ records: count(), ns: (spentMs * 1e6) / count(), sum: sum() & 1 }))
}

const consume = async (
  map: BpfMap,
  seconds: number,
  work: number,
  intervalMs: number,
  ready: string,
): Promise<void> => {
  const { onRecord, count } = reading(work)
  const before = process.cpuUsage()
  const reader = new EventReader({ intervalMs })
  reader.addRing(RingBuffer.open(map, onRecord))
  reader.start()
  writeFileSync(ready, '')
  const cost = await costOf(seconds, count, () => reader.stop(), before)
  console.log(JSON.stringify({ ...cost, wakes: reader.statistics.lookCount }))
}

interface Result extends ConsumerCost {
  readonly ns: number
  readonly lost: number
  readonly made: number
}

const orchestrate = async (rounds: number): Promise<void> => {
  const peer = compilePeer('ring', '-lbpf')
  const start = (path: string, argv: (string | number)[], keepFds: number[]) =>
    startWithFds<Result>(path, argv, keepFds)
  const ours = process.argv[1]!
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!

  console.log(
    `reading alone, records of 64 bytes, ${FILLS * RUNS_PER_FILL * RECORDS_PER_RUN} of them, ns a record`,
  )
  for (const work of [0, 1]) {
    const ns: Record<'js' | 'c', number[]> = { js: [], c: [] }
    for (let round = 0; round < rounds; round++) {
      using producer = ringProducer(RING_BYTES, { recordsPerRun: RECORDS_PER_RUN, flags: 1 })
      const fds = [producer.ring.fd, producer.program.fd]
      const args = ['fill-and-drain', ...fds]
      ns.js.push((await start(process.execPath, [ours, ...args, work], fds)()).ns)
      ns.c.push((await start(peer, [...args, RUNS_PER_FILL, FILLS, work], fds)()).ns)
    }
    const [js, c] = [median(ns.js), median(ns.c)]
    console.log(
      `  ${work === 0 ? 'count      ' : 'five fields'}  beetrace ${js.toFixed(1)}  libbpf ${c.toFixed(1)}  ` +
        `ratio ${(js / c).toFixed(1)}  (${(1000 / js).toFixed(0)} M records/s)`,
    )
  }

  console.log('\nconsumer CPU at a steady rate, five fields read (in brackets: libbpf is 1)')
  for (const producerCase of PRODUCER_CASES) {
    const { rate, seconds, burst } = producerCase
    const consumers = [
      { name: 'libbpf epoll', interval: 0, inC: true },
      // what our way of waking comes to in C: what is left is the price of the records themselves
      { name: 'libbpf 20 ms', interval: 20, inC: true },
      ...INTERVALS_MS.map(interval => ({ name: `beetrace ${interval} ms`, interval, inC: false })),
    ]
    const results = new Map(consumers.map(({ name }) => [name, [] as ConsumerRun[]]))
    for (let round = 0; round < rounds; round++) {
      for (const { name, interval, inC } of consumers) {
        using producer = ringProducer(RING_BYTES, { recordsPerRun: burst })
        const map = producer.ring.fd
        const ready = join(scratch, `ready-${Math.random()}`)
        const time = seconds + 0.7
        const consumer = inC
          ? start(peer, ['consume', map, time, 1, ready, interval], [map])
          : start(process.execPath, [ours, 'consume', map, time, 1, interval, ready], [map])
        // on a busy machine a start takes its time, in which the ring would fill
        while (!existsSync(ready)) await new Promise(resolve => setTimeout(resolve, 10))
        const program = producer.program.fd
        const { made, lost, cpuMs } = await start(
          peer,
          ['produce', program, burst, rate, seconds],
          [program],
        )()
        results.get(name)!.push({ cost: await consumer(), made, lost, producerCpuMs: cpuMs })
      }
    }
    printMedians(producerCase, results)
  }
}

const [, , mode, ...rest] = process.argv
const numbers = rest.map(Number)
if (mode === 'fill-and-drain') {
  fillAndDrain(new BpfMap(numbers[0]!), new Program(numbers[1]!), numbers[2]!)
} else if (mode === 'consume') {
  await consume(new BpfMap(numbers[0]!), numbers[1]!, numbers[2]!, numbers[3]!, rest[4]!)
} else await orchestrate(Number(mode ?? 3))
