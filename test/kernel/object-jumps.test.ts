// Compiled switches as jump tables, on a real kernel that has them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { linkObjects } from '../../src/elf/index.ts'
import { NotSupportedError } from '../../src/errors/index.ts'
import { askFeature, mapTypeFeatures } from '../../src/kernel/index.ts'
import { openObject } from '../../src/object/index.ts'
import { LITTLE_ENDIAN } from '../../src/sys/index.ts'

const OBJECT = 'test/object/jump-tables/ways.bpf.o'
const feature = mapTypeFeatures.BPF_MAP_TYPE_INSN_ARRAY!
const isMissing = askFeature(feature).kind === 'missing'
const noTables = isMissing && 'jump tables are new in Linux 6.19'

/** As the C says. */
const RESULTS = [11, 20, 7, 14, 997, 2000, -1]

function run(bytes: Uint8Array | string): number[] {
  using object = openObject(bytes)
  object.load()
  const { program } = object.program('ways')
  return RESULTS.map((_, way) => {
    const context = new DataView(new ArrayBuffer(8))
    context.setInt32(0, way, LITTLE_ENDIAN)
    // the kernel writes the context of such programs back to where it was
    assert.equal(program.testRun({ ctx: new Uint8Array(context.buffer) }).retval, 0)
    return context.getInt32(4, LITTLE_ENDIAN)
  })
}

test('every way leads where it should', { skip: noTables }, () => {
  assert.deepEqual(run(OBJECT), RESULTS)
})

test('and behind other code, when it is linked', { skip: noTables }, () => {
  const files = ['test/object/fixtures/link-two.bpf.o', 'test/object/fixtures/link-one.bpf.o', OBJECT]
  const linked = linkObjects(files.map(file => ({ file, bytes: readFileSync(file) })))
  assert.deepEqual(run(linked), RESULTS)
})

test('an older kernel says what it lacks', { skip: !isMissing && 'this kernel has them' }, () => {
  using object = openObject(OBJECT)
  assert.throws(
    () => object.load(),
    (error: unknown) => error instanceof NotSupportedError && /6\.19/.test(error.message),
  )
})
