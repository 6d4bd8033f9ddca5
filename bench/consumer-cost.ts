// What a consumer process took, for the benchmarks of ring and perf buffers: as a whole, with all that it compiles at first, and in
// the second half of its time, when it has settled.

export interface ConsumerCost {
  readonly records: number
  readonly cpuMs: number
  readonly steadyRecords: number
  readonly steadyCpuMs: number
}

/** Lets `seconds` pass, `stop` end the reading, and gives the CPU time of this process meanwhile. */
export async function costOf(
  seconds: number,
  count: () => number,
  stop: () => Promise<unknown>,
  since: NodeJS.CpuUsage,
): Promise<ConsumerCost> {
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

/** Both costs; per record, and beside those of the first consumer. */
export function showCost(cost: ConsumerCost, first: ConsumerCost): string {
  const [whole, steady] = [cost.cpuMs / cost.records, cost.steadyCpuMs / cost.steadyRecords]
  const [firstWhole, firstSteady] = [first.cpuMs / first.records, first.steadyCpuMs / first.steadyRecords]
  return (
    `${cost.cpuMs.toFixed(0)} ms, ${(whole * 1e6).toFixed(0)} ns a record (${(whole / firstWhole).toFixed(2)}), ` +
    `settled ${(steady * 1e6).toFixed(0)} ns (${(steady / firstSteady).toFixed(2)})`
  )
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000
