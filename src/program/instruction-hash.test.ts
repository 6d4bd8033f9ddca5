// What of a program its hash is made of.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode, exit, ldImm64, movImm, R0, R1 } from '../asm/index.ts'
import { BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from '../sys/index.ts'
import { instructionHash } from './instruction-hash.ts'

const hex = (code: Uint8Array) => Buffer.from(instructionHash(code)).toString('hex')

/** ld_imm64 of r1, then `r0 = 0; exit` */
const loading = (source: number, imm: number, offset: number): Uint8Array => {
  const code = encode([ldImm64(R1, 0n), movImm(R0, 0), exit()])
  const view = new DataView(code.buffer)
  view.setUint8(1, R1 | (source << 4))
  view.setInt32(4, imm, true)
  view.setInt32(12, offset, true)
  return code
}

test('of `r0 = 0; exit` it is the SHA-256 of its bytes', () => {
  // printf '\xb7\0\0\0\0\0\0\0\x95\0\0\0\0\0\0\0' | sha256sum
  const expected = '59f4a931744dcdc62944a018ed3990e666ec6444616418d3b09a82dc5c753d52'
  assert.equal(hex(encode([movImm(R0, 0), exit()])), expected)
})

test('descriptors of maps and offsets into their values do not matter, numbers do', () => {
  for (const source of [BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE])
    assert.equal(hex(loading(source, 3, 8)), hex(loading(source, 4, 0)))
  assert.notEqual(hex(loading(0, 3, 0)), hex(loading(0, 4, 0)))
  assert.notEqual(hex(loading(BPF_PSEUDO_MAP_FD, 3, 0)), hex(loading(BPF_PSEUDO_MAP_VALUE, 3, 0)))
})

test('what was handed over stays as it was', () => {
  const code = loading(BPF_PSEUDO_MAP_FD, 3, 8)
  const before = Uint8Array.from(code)
  instructionHash(code)
  assert.deepEqual(code, before)
})
