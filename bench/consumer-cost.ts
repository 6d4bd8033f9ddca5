// What a consumer process took, for the benchmarks of ring and perf buffers: as a whole, with all that it compiles at first, and in
// the second half of its time, when it has settled.

import type { OnRecord } from '../src/events/index.ts'

export interface ConsumerCost {
  readonly records: number
  readonly cpuMs: number
  readonly steadyRecords: number
  readonly steadyCpuMs: number
  /** times it went to look for records, woken or by a timer */
  readonly wakes: number
}

/** One consumer beside one producer. */
export interface ConsumerRun {
  readonly cost: ConsumerCost
  /** records that the producer wanted to write, and those that found no room */
  readonly made: number
  readonly lost: number
  /** CPU time of the producer, which pays for waking the consumer */
  readonly producerCpuMs: number
}

/** What a case of the benchmark asks of the producer. */
export interface ProducerCase {
  /** records a second; where that is more than it can write, it writes as fast as it can */
  readonly rate: number
  readonly seconds: number
  /** records written in one go, by one run of the program */
  readonly burst: number
}

/**
 * In bursts, a consumer that is woken for the first record mostly finds the rest of them there. Events of real programs come one
 * at a time, from system calls that may be a microsecond apart.
 */
export const PRODUCER_CASES: readonly ProducerCase[] = [
  { rate: 1000, seconds: 2, burst: 1 },
  { rate: 100_000, seconds: 2, burst: 100 },
  { rate: 100_000, seconds: 2, burst: 1 },
  { rate: 1_000_000, seconds: 2, burst: 100 },
  { rate: 1_000_000, seconds: 2, burst: 1 },
  { rate: 1_000_000, seconds: 10, burst: 100 },
  { rate: 1_000_000, seconds: 10, burst: 1 },
]

/** Ours: 1 for low latency, 5 while a person watches, 20 and 50 for counting. */
export const INTERVALS_MS = [1, 5, 20, 50]

/**
 * Reads five fields of each record and sums them, as the C peers do. What it keeps is in fields of an object: V8 makes a new number
 * for each value above 2^31 that is put into a variable of a closure.
 */
export class FiveFields {
  count = 0
  sum = 0

  readonly onRecord: OnRecord = ({ u32 }, offset) => {
    this.count++
    const at = offset >>> 2
    const first = u32[at]! + u32[at + 1]! * 4294967296
    const second = u32[at + 2]! + u32[at + 3]! * 4294967296
    const last = u32[at + 6]! + u32[at + 7]! * 4294967296
    this.sum = first + second + u32[at + 4]! + u32[at + 5]! + last
  }
}

/** Lets `seconds` pass, `stop` end the reading, and gives the CPU time of this process meanwhile. */
export async function costOf(
  seconds: number,
  count: () => number,
  stop: () => Promise<unknown>,
  since: NodeJS.CpuUsage,
): Promise<Omit<ConsumerCost, 'wakes'>> {
  await sleep(seconds * 500)
  const [half, before] = [process.cpuUsage(), count()]
  await sleep(seconds * 500)
  await stop()
  return {
    records: count(),
    cpuMs: milliseconds(process.cpuUsage(since)),
    steadyRecords: count() - before,
    steadyCpuMs: milliseconds(process.cpuUsage(half)),
  }
}

/** A line for each consumer: the run whose CPU time a record is the median, beside that of the first consumer. */
export function printMedians(
  { rate, seconds, burst }: ProducerCase,
  results: ReadonlyMap<string, readonly ConsumerRun[]>,
): void {
  console.log(`  ${rate} records/s, ${burst === 1 ? 'one at a time' : `${burst} at a time`}, ${seconds} s`)
  const medians = [...results].map(([name, runs]) => ({ name, run: medianOf(runs) }))
  const first = medians[0]!.run.cost
  for (const { name, run } of medians) {
    const { cost, made, lost, producerCpuMs } = run
    console.log(
      `    ${name.padEnd(16)}${showCost(cost, first)}, ${cost.wakes} wakes, ${cost.records} of ${made} read, ${lost} lost, ` +
        `${Math.round(made / seconds / 1000)} k/s at ${((producerCpuMs * 1e6) / made).toFixed(0)} ns each`,
    )
  }
}

function medianOf(runs: readonly ConsumerRun[]): ConsumerRun {
  const byCost = [...runs].sort((a, b) => nsPerRecord(a.cost) - nsPerRecord(b.cost))
  return byCost[byCost.length >> 1]!
}

/** Both costs; per record, and beside those of the first consumer. */
function showCost(cost: ConsumerCost, first: ConsumerCost): string {
  const steadyNs = ({ steadyCpuMs, steadyRecords }: ConsumerCost) => (steadyCpuMs * 1e6) / steadyRecords
  return (
    `${cost.cpuMs.toFixed(0)} ms, ${nsPerRecord(cost).toFixed(0)} ns a record ` +
    `(${(nsPerRecord(cost) / nsPerRecord(first)).toFixed(2)}), ` +
    `settled ${steadyNs(cost).toFixed(0)} ns (${(steadyNs(cost) / steadyNs(first)).toFixed(2)})`
  )
}

const nsPerRecord = ({ cpuMs, records }: ConsumerCost): number => (cpuMs * 1e6) / records

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000
