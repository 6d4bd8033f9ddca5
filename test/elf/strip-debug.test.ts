// An object without its DWARF is the same object: every fixture, with debug sections put in, is read as it was.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesSource, parseElf, readObject, stripDebug } from '../../src/elf/index.ts'
import { ElfError } from '../../src/errors/index.ts'

const original = new Uint8Array(readFileSync('test/object/fixtures/sample.bpf.o'))
const names = (bytes: Uint8Array) => parseElf(bytesSource('o', bytes)).sections.map(({ name }) => name)

/** The object with a section renamed to one of DWARF: `.eh_x` to `.debug_` by changing the names of sections. */
function withDebug(section: string): Uint8Array {
  const bytes = original.slice()
  const view = new DataView(bytes.buffer)
  const table = Number(view.getBigUint64(40, true))
  const strings = table + 64 * view.getUint16(62, true)
  const at = Buffer.from(bytes).indexOf(`\0${section}\0`, Number(view.getBigUint64(strings + 24, true)))
  assert.ok(at > 0)
  bytes.set(Buffer.from('.debug_'.padEnd(section.length, 'x')), at + 1)
  return bytes
}

test('an object without debug sections comes back as it is', () => {
  assert.equal(stripDebug(original, 'o'), original)
})

test('sections go, the rest is as it was', () => {
  // the list of addresses that clang's linker reads means nothing to a loader
  const changed = withDebug('.llvm_addrsig')
  const stripped = stripDebug(changed, 'o')
  assert.ok(stripped.length < changed.length)
  assert.deepEqual(
    names(stripped),
    names(changed).filter(name => !name.startsWith('.debug_')),
  )
  const [before, now] = [readObject(original, 'o'), readObject(stripped, 'o')]
  assert.deepEqual(
    now.programs.map(({ name, insns }) => ({ name, insns })),
    before.programs.map(({ name, insns }) => ({ name, insns })),
  )
  assert.deepEqual(
    now.maps.map(({ btf: _, ...map }) => map),
    before.maps.map(({ btf: _, ...map }) => map),
  )
  assert.deepEqual(now.btfBytes, before.btfBytes)
})

test('a damaged object is stripped or refused', () => {
  const changed = withDebug('.llvm_addrsig')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(changed.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(changed.length),
      (changes, length) => {
        const bytes = changed.slice(0, changes.length % 3 === 0 ? length : undefined)
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        try {
          stripDebug(bytes, 'o')
        } catch (error) {
          if (!(error instanceof ElfError)) throw error
        }
      },
    ),
    { numRuns: 500 },
  )
})
