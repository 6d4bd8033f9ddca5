// Perf buffer consumers side by side: ours and libbpf's in C (bench/peers/perf.c), on the same map and producer: the CPU of a
// consumer process while another produces at a steady rate, in bursts and one record at a time, as a whole and settled. Fresh
// processes, interleaved; medians.
//
//     node build/bench/perf-consumer.js [ROUNDS]         needs root, cc and libbpf-dev

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventReader, PerfBuffer } from '../src/events/index.ts'
import { BpfMap } from '../src/map/index.ts'
import { perfProducer } from '../test/kernel/perf-producer.ts'
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

const RECORD_BYTES = 64
/** of each CPU's ring: 16 MiB */
const PAGES = 4096

interface Result extends ConsumerCost {
  readonly lost: number
  readonly made: number
}

async function consume(map: BpfMap, seconds: number, intervalMs: number, ready: string): Promise<void> {
  const fields = new FiveFields()
  const before = process.cpuUsage()
  using buffer = PerfBuffer.open(map, fields.onRecord, { sizeBytes: PAGES * 4096 })
  using reader = new EventReader({ intervalMs })
  reader.addRing(buffer)
  reader.start()
  writeFileSync(ready, '')
  const cost = await costOf(
    seconds,
    () => fields.count,
    () => reader.stop(),
    before,
  )
  const { lookCount: wakes } = reader.statistics
  console.log(JSON.stringify({ ...cost, wakes, lost: buffer.lostCount(), sum: fields.sum & 1 }))
}

async function compare(rounds: number): Promise<void> {
  const [peer, producing] = [compilePeer('perf', '-lbpf'), compilePeer('ring', '-lbpf')]
  const ours = process.argv[1]!
  const consumers = [
    { name: 'libbpf epoll', command: [peer, 'consume'], last: PAGES },
    ...INTERVALS_MS.map(intervalMs => ({
      name: `beetrace ${intervalMs} ms`,
      command: [process.execPath, ours, 'consume'],
      last: intervalMs,
    })),
  ]
  console.log('consumer CPU at a steady rate, five fields read (in brackets: libbpf is 1)')
  for (const producerCase of PRODUCER_CASES) {
    const { rate, seconds, burst } = producerCase
    const results = new Map(consumers.map(({ name }) => [name, [] as ConsumerRun[]]))
    for (let round = 0; round < rounds; round++) {
      for (const { name, command, last } of consumers) {
        using producer = perfProducer(burst, RECORD_BYTES)
        const map = producer.events.fd
        const [path, ...words] = command
        const ready = join(scratch, `ready-${Math.random()}`)
        const consumer = startWithFds<Result>(path!, [...words, map, seconds + 0.7, last, ready], [map])
        // what comes before the consumer has opened its rings is nowhere
        while (!existsSync(ready)) await new Promise(resolve => setTimeout(resolve, 10))
        const program = producer.program.fd
        const { made, cpuMs } = await startWithFds<Result>(
          producing,
          ['produce', program, burst, rate, seconds],
          [program],
        )()
        const cost = await consumer()
        results.get(name)!.push({ cost, made, lost: cost.lost, producerCpuMs: cpuMs })
      }
    }
    printMedians(producerCase, results)
  }
}

const [, , mode, ...rest] = process.argv
if (mode === 'consume') await consume(new BpfMap(Number(rest[0])), Number(rest[1]), Number(rest[2]), rest[3]!)
else await compare(Number(mode ?? 3))
