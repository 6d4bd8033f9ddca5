// Perf buffer consumers side by side: ours and libbpf's in C (bench/peers/perf.c), on the same map and producer: the CPU of a
// consumer process while another produces at a steady rate, as a whole and settled. Fresh processes, interleaved; medians.
//
//     node build/bench/perf-consumer.js [ROUNDS]         needs root, cc and libbpf-dev

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventReader, PerfBuffer } from '../src/events/index.ts'
import { BpfMap } from '../src/map/index.ts'
import { perfProducer } from '../test/kernel/perf-producer.ts'
import { type ConsumerCost, costOf, showCost } from './consumer-cost.ts'
import { compilePeer, scratch, startWithFds } from './measure.ts'

const RECORD_BYTES = 64
/** records a second, seconds */
const RUNS = [
  [1000, 2],
  [100_000, 2],
  [1_000_000, 2],
  [1_000_000, 10],
] as const
/** of each CPU's ring: 16 MiB */
const PAGES = 4096

interface Result extends ConsumerCost {
  readonly wakes: number
  readonly lost: number
  readonly made: number
}

/** As the C peer reads them: five fields, summed. */
async function consume(map: BpfMap, seconds: number, intervalMs: number, ready: string): Promise<void> {
  let [count, sum] = [0, 0]
  const before = process.cpuUsage()
  using buffer = PerfBuffer.open(
    map,
    ({ u32 }, offset) => {
      count++
      const at = offset >>> 2
      const first = u32[at]! + u32[at + 1]! * 4294967296
      const second = u32[at + 2]! + u32[at + 3]! * 4294967296
      const last = u32[at + 6]! + u32[at + 7]! * 4294967296
      sum = first + second + u32[at + 4]! + u32[at + 5]! + last
    },
    { sizeBytes: PAGES * 4096 },
  )
  using reader = new EventReader({ intervalMs })
  reader.addRing(buffer)
  reader.start()
  writeFileSync(ready, '')
  const cost = await costOf(
    seconds,
    () => count,
    () => reader.stop(),
    before,
  )
  const { wakeCount: wakes } = reader.statistics
  console.log(JSON.stringify({ ...cost, wakes, lost: buffer.lostCount(), sum: sum & 1 }))
}

async function compare(rounds: number): Promise<void> {
  const [peer, producing] = [compilePeer('perf', '-lbpf'), compilePeer('ring', '-lbpf')]
  const ours = process.argv[1]!
  const consumers = [
    { name: 'libbpf epoll', command: [peer, 'consume'], last: PAGES },
    ...[1, 5, 20].map(intervalMs => ({
      name: `beetrace ${intervalMs} ms`,
      command: [process.execPath, ours, 'consume'],
      last: intervalMs,
    })),
  ]
  console.log('consumer CPU at a steady rate, in bursts, five fields read (in brackets: libbpf is 1)')
  for (const [rate, seconds] of RUNS) {
    const perRun = rate >= 100_000 ? 100 : 1
    const results = new Map(consumers.map(({ name }) => [name, [] as { cost: Result; made: number }[]]))
    for (let round = 0; round < rounds; round++) {
      for (const { name, command, last } of consumers) {
        using producer = perfProducer(perRun, RECORD_BYTES)
        const map = producer.events.fd
        const [path, ...words] = command
        const ready = join(scratch, `ready-${Math.random()}`)
        const consumer = startWithFds<Result>(path!, [...words, map, seconds + 0.7, last, ready], [map])
        // what comes before the consumer has opened its rings is nowhere
        while (!existsSync(ready)) await new Promise(resolve => setTimeout(resolve, 10))
        const program = producer.program.fd
        const { made } = await startWithFds<Result>(
          producing,
          ['produce', program, perRun, rate, seconds],
          [program],
        )()
        results.get(name)!.push({ cost: await consumer(), made })
      }
    }
    console.log(`  ${rate} records/s, ${seconds} s`)
    const medians = [...results].map(([name, all]) => {
      all.sort((a, b) => a.cost.cpuMs - b.cost.cpuMs)
      return { name, ...all[all.length >> 1]! }
    })
    for (const { name, cost, made } of medians) {
      const { records, wakes, lost } = cost
      console.log(
        `    ${name.padEnd(16)}${showCost(cost, medians[0]!.cost)}, ${wakes} wakes, ` +
          `${records} of ${made} read, ${lost} lost`,
      )
    }
  }
}

const [, , mode, ...rest] = process.argv
if (mode === 'consume') await consume(new BpfMap(Number(rest[0])), Number(rest[1]), Number(rest[2]), rest[3]!)
else await compare(Number(mode ?? 3))
