// `bee run` of an object that has no records: its maps are shown, and what it prints.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { runObject } from '../../src/cli/object-run.ts'
import { findTraceFs } from '../../src/kernel/index.ts'
import { ON_OURSELVES, runUntil } from './bee-run.ts'
import { since } from './since.ts'

const COUNTS = 'test/object/fixtures/counts.bpf.o'

const run = (argv: readonly string[], enough?: (out: string) => boolean) =>
  runUntil(streams => runObject([COUNTS, ...ON_OURSELVES, ...argv], streams), enough)

test('maps are shown at the end: structs in columns, slots as a histogram, CPUs added up', async () => {
  const { status, out, notes } = await run([])
  assert.equal(status, 0)
  assert.equal(notes, '')
  assert.match(out, new RegExp(`^calls:\n  +TGID +CALL +VALUE\n(  +${process.pid} +\\d+ +\\d+\n)+`))
  assert.match(out, /\ndist, comm x:\n\[8, 16\) +\d+ \|@{52}\|\n/)
  assert.match(out, /\nby_cpu:\n {2}KEY +VALUE\n +2 +\d+\n$/)
})

test('a map is shown at intervals, from nothing each time, as JSON', async () => {
  const lines = (out: string) => out.trimEnd().split('\n')
  const { out } = await run(['-j', '--map', 'by_cpu:50ms:clear'], so => lines(so).length > 3)
  const shown = lines(out).map(line => JSON.parse(line))
  assert.ok(shown.length > 3)
  for (const { map, key, value, cpus } of shown) {
    assert.deepEqual([map, key], ['by_cpu', 2])
    assert.equal(
      value,
      cpus.reduce((sum: number, each: number) => sum + each, 0),
    )
  }
  assert.ok(shown.every(({ value }) => value > 0 && value < 10_000))
})

test('a section of globals is a map, too', async () => {
  const { out } = await run(['--map', '.rodata'])
  assert.match(out, new RegExp(`^\\.rodata:\n  ONLY_TGID .*\n +${process.pid} `))
})

test('a map without entries, or that is not there, is refused', async () => {
  await assert.rejects(run(['--map', 'queue']), /--map queue: maps of this type have no entries to list/)
  await assert.rejects(run(['--map', 'clals']), /has no map "clals"/)
})

/** As the object has it in what it prints. */
const noPercent = since('5.13', '%% in bpf_trace_printk')

test('what the programs print is shown, and no trace instance is left behind', {
  skip: noPercent,
}, async () => {
  const { out, notes } = await run(['--printk'], so => so.split('\n').length > 3)
  assert.equal(notes, '')
  const lines = out.trimEnd().split('\n')
  assert.ok(lines.length > 3)
  for (const line of lines) assert.match(line, /-\d+ .*: bpf_trace_printk: call \d+ of us \(100%\)$/)
  const { out: json } = await run(['--printk', '-j'], so => so !== '')
  const { printk, tid } = JSON.parse(json.split('\n')[0]!)
  assert.match(printk, /^call \d+ of us \(100%\)$/)
  assert.ok(tid > 0)
  const left = readdirSync(`${findTraceFs()}/instances`).filter(name =>
    name.startsWith(`beetrace-${process.pid}-`),
  )
  assert.deepEqual(left, [])
})
