// `bee run package.json` on a real kernel: records, sampled maps, options, both kinds of output. The packages are made of the
// checked-in objects, as `bee build` makes them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runPackage } from '../../src/cli/package-run.ts'
import { packageCommand } from '../../src/cli/package-source.ts'
import { readObject } from '../../src/elf/index.ts'
import { features, hasFeature, hasVmlinuxBtf } from '../../src/kernel/index.ts'
import { type JsonObject, readPackage } from '../../src/package/index.ts'
import { COUNTS, makePackage, SAMPLE } from '../package/make-package.ts'
import { ON_OURSELVES, runUntil } from './bee-run.ts'

const sampleRuns =
  hasVmlinuxBtf() && hasFeature(features.loop)
    ? {}
    : { skip: 'the sample needs kernel BTF and bpf_loop (Linux 5.17)' }

const folder = mkdtempSync(join(tmpdir(), 'beetrace-package-run-'))
after(() => rmSync(folder, { recursive: true }))

/** Runs a package on this process. */
function run(text: string, argv: readonly string[], enough?: (out: string) => boolean) {
  const path = join(folder, 'package.json')
  writeFileSync(path, text)
  const command = packageCommand([path, ...ON_OURSELVES, ...argv])
  assert.ok(command !== undefined)
  return runUntil(streams => runPackage(command, streams), enough)
}

const lines = (out: string): string[] => out.trimEnd().split('\n')

/** The package with maps and the rest of meta changed. */
function changed(text: string, change: { readonly maps?: JsonObject; readonly meta?: JsonObject }): string {
  const whole = JSON.parse(text)
  for (const map of whole.meta.bpf_skel.maps) Object.assign(map, change.maps?.[map.name])
  Object.assign(whole.meta, change.meta)
  return JSON.stringify(whole)
}

test('records stand under the heading that their struct makes', sampleRuns, async () => {
  const { status, out, notes } = await run(
    makePackage(SAMPLE, { structs: ['event'] }),
    [],
    out => lines(out).length > 3,
  )
  assert.equal(status, 0)
  assert.equal(notes, '')
  const [heading, first] = lines(out)
  assert.equal(heading, 'TIME     TGID   PARENT COUNT  WHAT')
  assert.match(
    first!,
    new RegExp(
      `^\\d\\d:\\d\\d:\\d\\d ${String(process.pid).padEnd(6)} ${String(process.ppid).padEnd(6)} \\d+ +\\S`,
    ),
  )
})

test(
  'records are JSON; a package that does not say what they are is asked of its object',
  sampleRuns,
  async () => {
    const { out, notes } = await run(makePackage(SAMPLE), ['-j'], out => lines(out).length > 2)
    assert.equal(notes, '')
    const record = JSON.parse(lines(out)[0]!)
    assert.deepEqual(Object.keys(record), ['tgid', 'parent', 'count', 'what'])
    assert.equal(record.tgid, process.pid)
  },
)

test('each map says what its records are', sampleRuns, async () => {
  const text = changed(makePackage(SAMPLE), {
    meta: { enable_multiple_export_types: true },
    maps: {
      events: {
        export_config: { custom_members: [{ name: 'parent', offset: 4, btf_type_id: typeIdOf('u32') }] },
      },
    },
  })
  const { out } = await run(text, ['-j'], out => lines(out).length > 1)
  assert.deepEqual(JSON.parse(lines(out)[0]!), { parent: process.ppid })
})

/** In the types of the sample. */
function typeIdOf(name: string): number {
  const { btf } = readObject(readPackage(makePackage(SAMPLE), 'p').object, 'o')
  return btf!.get(name, 'typedef').id
}

test('a map is sampled as a histogram', async () => {
  const text = makePackage(COUNTS, {
    comments:
      '/// @sample {"interval": 60, "type": "log2_hist", "unit": "calls"}\nstruct { } dist SEC(".maps");',
  })
  const { status, out } = await run(text, [], out => out.split('key = ').length > 3)
  assert.equal(status, 0)
  assert.match(
    out,
    /^key = 0\ncomm = x\n\n {5}calls {15}: count {4}distribution\n( +\d+ -> \d+ +: 0 +\| {40}\|\n){3} +8 -> 15 +: \d+ +\|\*{40}\|\n\n/,
  )
})

test('a sampled map is JSON with key and value, CPUs added up, from nothing each time', async () => {
  const text = changed(makePackage(COUNTS), {
    maps: { by_cpu: { sample: { interval: 60, clear_map: true } } },
  })
  const { out } = await run(text, ['-j'], out => lines(out).length > 12)
  const counts = lines(out)
    .map(line => JSON.parse(line))
    .filter(({ key }) => key.u32 === 2)
    .map(({ value }) => value.u64)
  assert.ok(counts.length > 2)
  assert.ok(counts.every(count => count >= 0 && count < 100_000))
})

test('help and version load nothing', async () => {
  const { out } = await run(makePackage(COUNTS), ['--help'])
  assert.match(
    out,
    /^Usage: bee run .*package\.json \[OPTIONS\]\n\nOptions:\n {6}--only_tgid <only_tgid> {2}Set value of `u32` variable only_tgid\n/,
  )
  assert.equal((await run(makePackage(COUNTS), ['-V'])).out, 'test_bpf 0.1.0\n')
})

test('what the object does not have is said', async () => {
  const struct = changed(makePackage(COUNTS), {
    maps: { dist: { sample: { interval: 60 } }, queue: { sample: { interval: 60 } } },
  })
  await assert.rejects(run(struct, []), /map "queue" is of a type without entries to sample/)
  const variable = makePackage(COUNTS).replace('"name":"only_tgid"', '"name":"no_such","value":1')
  await assert.rejects(run(variable, []), /no option --only_tgid/)
  await assert.rejects(run(makePackage(COUNTS), ['--only_tgid', 'x']), /--only_tgid is a number, not "x"/)
})
