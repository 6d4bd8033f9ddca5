// Probes that a script brings to try itself: `test:NAME`, which passes when it returns 0 and does not exit with another
// code, and `bench:NAME`, which is repeated until it has run for a millisecond. Shown in bpftrace's form.

import type { Program } from '../../program/index.ts'
import { jsonString } from '../output/json.ts'

/** How one test came out. */
export interface Trial {
  readonly title: string
  readonly passed: boolean
  readonly durationMs: number
  /** what it printed; a byte string */
  readonly printed: string
}

/** What one benchmark measured. */
export interface Measure {
  readonly title: string
  /** of one run */
  readonly averageNs: number
  readonly count: number
}

/** Bytes of the packet that a benchmark is run on: an Ethernet header, the least that the kernel takes. */
const PACKET_BYTES = 14
const LONG_ENOUGH_NS = 1_000_000

/** Repeats a program until it has run for a millisecond; undefined when it asks to be left out by returning 1. */
export function measure(title: string, program: Program): Measure | undefined {
  for (let count = 1; ; ) {
    const { retval, durationNs } = program.testRun({ data: new Uint8Array(PACKET_BYTES), repeat: count })
    if (retval !== 0) return undefined
    const averageNs = Number(durationNs)
    const totalNs = averageNs * count
    if (totalNs >= LONG_ENOUGH_NS) return { title, averageNs, count }
    count *= totalNs < 1_000 ? 1_000 : totalNs < 10_000 ? 100 : totalNs < 100_000 ? 10 : 2
  }
}

const GREEN = '\u001b[32m'
const RED = '\u001b[31m'
const PLAIN = '\u001b[0m'

export function trialsText(trials: readonly Trial[], color: boolean): string {
  const label = (text: string, paint: string): string => (color ? `${paint}[${text}]${PLAIN}` : `[${text}]`)
  const tests = (count: number): string => `${count} ${count === 1 ? 'test' : 'tests'}`
  const failed = trials.filter(({ passed }) => !passed)
  let text = `${label('==========', GREEN)} Running ${tests(trials.length)}.\n`
  for (const { title, passed, durationMs, printed } of trials) {
    text += `${label(' RUN      ', GREEN)} ${title}\n`
    if (!passed && printed !== '') text += printed.endsWith('\n') ? printed : `${printed}\n`
    const outcome = passed ? label('       OK ', GREEN) : label('  FAILED  ', RED)
    text += `${outcome} ${title} (${durationMs.toFixed(3)} ms)\n`
  }
  text += `${label('==========', GREEN)} ${tests(trials.length)} ran.\n`
  text += `${label('  PASSED  ', GREEN)} ${tests(trials.length - failed.length)}.\n`
  if (failed.length === 0) return text
  text += `${label('  FAILED  ', RED)} ${tests(failed.length)}, listed below:\n`
  return text + failed.map(({ title }) => `${label('  FAILED  ', RED)} ${title}\n`).join('')
}

export function trialsJson(trials: readonly Trial[]): string {
  return trials
    .map(({ title, passed, durationMs, printed }) => {
      const data = `{"duration": ${Math.round(durationMs * 1e6)}, "passed": ${passed}, "output": ${jsonString(printed)}}`
      return `{"type": "test_result", "data": {${jsonString(title)}: ${data}}}\n`
    })
    .join('')
}

const NAME_WIDTH = 41
const TIME_WIDTH = 15

export function measuresText(measures: readonly Measure[]): string {
  if (measures.length === 0) return ''
  const width = Math.max(NAME_WIDTH, ...measures.map(({ title }) => title.length + 1))
  const row = (name: string, time: string, count: string): string =>
    `${name.padEnd(width)}${time.padEnd(TIME_WIDTH)}${count}\n`
  const head = row('Benchmark', 'Time(ns)', 'Iterations')
  const rows = measures.map(({ title, averageNs, count }) => row(title, `${averageNs}`, `${count}`))
  return `${head}${'-'.repeat(head.length - 1)}\n${rows.join('')}`
}

export function measuresJson(measures: readonly Measure[]): string {
  return measures
    .map(({ title, averageNs, count }) => {
      const data = `{"average": ${averageNs}, "iters": ${count}}`
      return `{"type": "benchmark_result", "data": {${jsonString(title)}: ${data}}}\n`
    })
    .join('')
}
