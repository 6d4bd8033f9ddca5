// What `bee gen` makes, on a real kernel.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gen } from '../../src/cli/gen.ts'
import { ElfError, VerifierError } from '../../src/errors/index.ts'
import { features, hasFeature, hasVmlinuxBtf, VMLINUX_BTF_PATH } from '../../src/kernel/index.ts'
import { openObject } from '../../src/object/index.ts'
import { LINK_PATHS, SAMPLE_PATH } from '../object/sample.ts'

const ready =
  hasVmlinuxBtf() && hasFeature(features.loop)
    ? {}
    : { skip: 'the sample needs kernel BTF and bpf_loop (Linux 5.17)' }

const folder = mkdtempSync(join(tmpdir(), 'beetrace-gen-'))
after(() => rmSync(folder, { recursive: true }))

const nothing = () => assert.fail('nothing is printed')

test('an object loads with the part of the kernel types that it needs', ready, () => {
  const path = join(folder, 'min.btf')
  assert.equal(gen(['min_core_btf', VMLINUX_BTF_PATH, path, SAMPLE_PATH], nothing), 0)
  assert.ok(statSync(path).size < 2048, `${statSync(path).size} bytes`)
  using whole = openObject(SAMPLE_PATH)
  using small = openObject(SAMPLE_PATH)
  whole.load()
  small.load({ kernelBtf: path })
  const tag = (object: typeof whole) => object.program('first').program.info().tag
  assert.equal(tag(small), tag(whole))
})

const readyAndQuick =
  process.env.BEETRACE_SLOW === undefined
    ? ready
    : { skip: 'asked of one kernel only: the answer does not depend on it' }

test('types that lack what is asked for are told from files without types', readyAndQuick, () => {
  const path = join(folder, 'none.btf')
  gen(['min_core_btf', SAMPLE_PATH, path, SAMPLE_PATH], nothing)
  using object = openObject(SAMPLE_PATH)
  assert.throws(() => object.load({ kernelBtf: join(folder, 'no-such-file') }), ElfError)
  object.program('poisoned').autoload = true
  assert.throws(() => object.load({ kernelBtf: VMLINUX_BTF_PATH }), VerifierError)
})

test('halves that were linked run as one', ready, () => {
  const path = join(folder, 'both.o')
  assert.equal(gen(['object', path, ...LINK_PATHS], nothing), 0)
  using object = openObject(path)
  for (const program of object.programs.values()) program.autoload = true
  object.load()
  const run = (name: string) => object.program(name).program.testRun({ data: new Uint8Array(64) }).retval
  // shared.a, added, defined_there(1), weak_here(1), weak_twice(1), same_name(1), hidden_here(&1), 'o'
  assert.equal(run('one'), 40 + 5 + 209 + 31 + 3 + 4 + 101 + 111)
  // counts[0], hidden_here(&1), wide, head != 0, 7 + 8 + 9
  assert.equal(run('two'), 1 + 101 + 8 + 0 + 24)
})
