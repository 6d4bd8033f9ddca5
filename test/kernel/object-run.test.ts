// `bee run` of a compiled object: records on a real kernel, as lines.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { runObject } from '../../src/cli/object-run.ts'
import { features, hasFeature, hasVmlinuxBtf } from '../../src/kernel/index.ts'
import { SAMPLE_PATH } from '../object/sample.ts'
import { ON_OURSELVES, runUntil } from './bee-run.ts'

const ready =
  hasVmlinuxBtf() && hasFeature(features.loop)
    ? {}
    : { skip: 'the sample needs kernel BTF and bpf_loop (Linux 5.17)' }

const run = (argv: readonly string[]) =>
  runUntil(streams => runObject([SAMPLE_PATH, ...ON_OURSELVES, ...argv], streams), hasRecords)

const hasRecords = (out: string): boolean => out.split('\n').length > 4

test('records come in columns', ready, async () => {
  const { status, out, notes } = await run([])
  assert.equal(status, 0)
  assert.equal(notes, '')
  const [heading, first] = out.split('\n')
  assert.match(heading!, /^ *TGID +PARENT +COUNT +WHAT$/)
  assert.match(first!, new RegExp(`^ *${process.pid} +${process.ppid} +\\d+ +first$`))
})

test('records come as JSON, with globals set', ready, async () => {
  const { out } = await run(['-j', '--label', 'mine'])
  const { map, data } = JSON.parse(out.split('\n')[0]!)
  assert.equal(map, 'events')
  assert.deepEqual([data.tgid, data.what], [process.pid, 'mine'])
})

test('a struct that is not there is refused', ready, async () => {
  await assert.rejects(run(['--event-type', 'nothing']), /has no struct "nothing"/)
})

test('a header says what records are, as a name in it or as its only struct', ready, async () => {
  const folder = mkdtempSync(`${tmpdir()}/beetrace-header-`)
  try {
    const header = `${folder}/tool.h`
    writeFileSync(header, 'struct theirs { unsigned int process; unsigned int parent; };\n')
    const { out } = await run(['--header', header, '--event-type', 'theirs', '-j'])
    assert.deepEqual(JSON.parse(out.split('\n')[0]!).data, { process: process.pid, parent: process.ppid })
    await assert.rejects(
      run(['--header', header, '--event-type', 'nothing']),
      /neither the object nor .*tool\.h/,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
