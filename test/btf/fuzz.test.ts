// BTF is foreign bytes: whatever they are, the answer is a result or a BtfError, in bounded time and memory.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Btf,
  decodeValue,
  encodeValue,
  fieldPath,
  memberNames,
  parseBtf,
  printDecl,
  printType,
  sizeOf,
} from '../../src/btf/index.ts'
import { BtfError } from '../../src/errors/index.ts'
import { CLANG_BTF } from './clang-fixture.ts'

/** Runs `use`; a BtfError is a good answer, anything else thrown is not. */
function allowed(use: () => unknown): void {
  try {
    use()
  } catch (error) {
    if (!(error instanceof BtfError)) throw error
  }
}

const VALUE = new Uint8Array(4096).fill(0x5a)

/** Asks everything there is to ask of the given types. */
function exercise(btf: Btf, ids: Iterable<number>): void {
  allowed(() => btf.typeCount)
  for (const id of ids) {
    allowed(() => {
      const type = btf.type(id)
      allowed(() => sizeOf(btf, type))
      allowed(() => printType(btf, type, 'x'))
      allowed(() => printDecl(btf, type))
      allowed(() => btf.findAll(type.name))
      allowed(() => encodeValue(btf, type, decodeValue(btf, type, VALUE)))
      if (type.kind !== 'struct' && type.kind !== 'union') return
      for (const name of memberNames(btf, type).slice(0, 20)) allowed(() => fieldPath(btf, type, `${name}.x`))
    })
  }
}

/** Up to 8 places of a blob, with the word that is written there: any, or one that is near to valid. */
const mutations = (bytes: number) =>
  fc.array(
    fc.tuple(fc.nat(Math.floor(bytes / 4) - 1), fc.oneof(fc.nat(200), fc.nat(0xffff_ffff), kindWord)),
    { minLength: 1, maxLength: 8 },
  )
const kindWord = fc
  .tuple(fc.nat(20), fc.nat(40), fc.boolean())
  .map(([kind, vlen, flag]) => ((flag ? 0x8000_0000 : 0) | (kind << 24) | vlen) >>> 0)

test('a damaged object file', () => {
  fc.assert(
    fc.property(mutations(CLANG_BTF.length), changes => {
      const bytes = Buffer.from(CLANG_BTF)
      for (const [word, value] of changes) bytes.writeUInt32LE(value, word * 4)
      allowed(() =>
        exercise(
          parseBtf(bytes),
          Array.from({ length: 70 }, (_, i) => i),
        ),
      )
    }),
    { numRuns: 500 },
  )
})

test('a truncated object file', () => {
  for (let length = 0; length < CLANG_BTF.length; length += 7) {
    assert.throws(() => parseBtf(CLANG_BTF.subarray(0, length)), BtfError)
  }
})

const VMLINUX = '/sys/kernel/btf/vmlinux'
test('a damaged kernel', { skip: existsSync(VMLINUX) ? false : `no ${VMLINUX}` }, () => {
  const kernel = readFileSync(VMLINUX)
  const words = Math.floor(kernel.readUInt32LE(12) / 4)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(words - 1), fc.oneof(fc.nat(130_000), kindWord)), {
        minLength: 1,
        maxLength: 50,
      }),
      fc.array(fc.nat(130_000), { minLength: 10, maxLength: 10 }),
      (changes, ids) => {
        // far into the file a change shifts all that follows: what was a member is then read as a type
        const saved = changes.map(([word]) => kernel.readUInt32LE(24 + word * 4))
        for (const [word, value] of changes) kernel.writeUInt32LE(value, 24 + word * 4)
        exercise(parseBtf(kernel), ids)
        for (let i = changes.length; i-- > 0; ) kernel.writeUInt32LE(saved[i]!, 24 + changes[i]![0] * 4)
      },
    ),
    { numRuns: 20, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false },
  )
})
