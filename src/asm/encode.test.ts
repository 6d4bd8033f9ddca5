// Builders against the encodings of RFC 9669, and encode against decode.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AsmError } from '../errors/asm-error.ts'
import * as asm from './index.ts'
import { anyInsn } from './testing/any-insn.ts'

/** Hex in the order of memory: code, registers, offset, immediate. */
function check(insn: asm.Insn, expected: string): void {
  assert.equal(Buffer.from(asm.encode([insn])).toString('hex'), expected.replaceAll(' ', ''))
}

test('arithmetic', () => {
  check(asm.movReg(1, 2), 'bf 21 0000 00000000')
  check(asm.movImm(1, -1), 'b7 01 0000 ffffffff')
  check(asm.mov32Reg(10, 9), 'bc 9a 0000 00000000')
  check(asm.mov32Imm(0, 0xfffffffe), 'b4 00 0000 feffffff')
  check(asm.aluReg('add', 3, 4), '0f 43 0000 00000000')
  check(asm.aluImm('arsh', 3, 63), 'c7 03 0000 3f000000')
  check(asm.alu32Reg('xor', 3, 4), 'ac 43 0000 00000000')
  check(asm.alu32Imm('lsh', 3, 4), '64 03 0000 04000000')
  check(asm.aluImm('sdiv', 1, -2), '37 01 0100 feffffff')
  check(asm.aluReg('smod', 1, 2), '9f 21 0100 00000000')
  check(asm.neg(5), '87 05 0000 00000000')
  check(asm.neg32(5), '84 05 0000 00000000')
  check(asm.movsx(1, 2, 32), 'bf 21 2000 00000000')
  check(asm.movsx32(1, 2, 8), 'bc 21 0800 00000000')
  check(asm.toLe(1, 64), 'd4 01 0000 40000000')
  check(asm.toBe(1, 16), 'dc 01 0000 10000000')
  check(asm.bswap(1, 32), 'd7 01 0000 20000000')
  check(asm.addrSpaceCast(1, 2, 1, 0), 'bf 21 0100 00000100')
})

test('memory', () => {
  check(asm.load(8, 1, 10, -8), '79 a1 f8ff 00000000')
  check(asm.load(1, 1, 2, 3), '71 21 0300 00000000')
  check(asm.loadSigned(4, 1, 2, 3), '81 21 0300 00000000')
  check(asm.loadSigned(2, 1, 2, 3), '89 21 0300 00000000')
  check(asm.store(2, 10, -2, 7), '6b 7a feff 00000000')
  check(asm.storeImm(4, 10, -4, 0x1234), '62 0a fcff 34120000')
  check(asm.storeImm(8, 10, -8, -1), '7a 0a f8ff ffffffff')
  check(asm.atomic('add', 8, 1, 16, 2), 'db 21 1000 00000000')
  check(asm.atomic('or', 4, 1, 0, 2), 'c3 21 0000 40000000')
  check(asm.atomicFetch('and', 8, 1, 0, 2), 'db 21 0000 51000000')
  check(asm.atomicXchg(8, 1, 0, 2), 'db 21 0000 e1000000')
  check(asm.atomicCmpxchg(4, 1, 0, 2), 'c3 21 0000 f1000000')
  check(asm.loadAcquire(1, 1, 2, 0), 'd3 21 0000 00010000')
  check(asm.storeRelease(8, 1, 0, 2), 'db 21 0000 10010000')
  check(asm.ldAbs(4, 12), '20 00 0000 0c000000')
  check(asm.ldInd(1, 3, 12), '50 30 0000 0c000000')
})

test('64-bit immediates take two slots', () => {
  check(asm.ldImm64(1, 0x1122334455667788n), '18 01 0000 88776655 00 00 0000 44332211')
  check(asm.ldImm64(1, -1), '18 01 0000 ffffffff 00 00 0000 ffffffff')
  check(asm.ldMapFd(2, 7), '18 12 0000 07000000 00 00 0000 00000000')
  check(asm.ldMapValueFd(2, 7, 12), '18 22 0000 07000000 00 00 0000 0c000000')
})

test('jumps and calls', () => {
  check(asm.exit(), '95 00 0000 00000000')
  check(asm.call(14), '85 00 0000 0e000000')
  check(asm.call('bpf_get_current_pid_tgid'), '85 00 0000 0e000000')
  check(asm.call('ringbuf_output'), '85 00 0000 82000000')
  check(
    asm.resolveLabels([asm.withLabel(asm.jumpIf32Imm('sle', 3, -5, 'here'), 'here')])[0]!,
    'd6 03 ffff fbffffff',
  )
  check(
    asm.resolveLabels([asm.withLabel(asm.jumpIfReg('set', 3, 4, 'here'), 'here')])[0]!,
    '4d 43 ffff 00000000',
  )
  check(asm.resolveLabels([asm.withLabel(asm.mayGoto('here'), 'here')])[0]!, 'e5 00 ffff 00000000')
  check(asm.resolveLabels([asm.withLabel(asm.jumpLong('here'), 'here')])[0]!, '06 00 0000 ffffffff')
})

test('a big-endian target gets its bytes and nibbles the other way round', () => {
  const bytes = asm.encode([asm.load(8, 1, 10, -8), asm.ldImm64(2, 1n)], { endian: 'big' })
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    `791afff800000000${'1820000000000001'}${'0000000000000000'}`,
  )
  assert.deepEqual(asm.decode(bytes, { endian: 'big' }), [asm.load(8, 1, 10, -8), asm.ldImm64(2, 1n)])
})

test('operands out of range are refused', () => {
  for (const build of [
    () => asm.movReg(11, 0),
    () => asm.movReg(0, -1),
    () => asm.movImm(0, 0x80000000),
    () => asm.movImm(0, 1.5),
    () => asm.alu32Imm('add', 0, 0x100000000),
    () => asm.load(8, 0, 1, 0x8000),
    () => asm.ldImm64(0, 1n << 64n),
    () => asm.ldImm64(0, 2 ** 60),
    () => asm.call('bpf_no_such_helper'),
    () => asm.encode([{ ...asm.exit(), src: 16 }]),
  ]) {
    assert.throws(build, (error: unknown) => error instanceof AsmError && error.code === 'ASM_OPERAND')
  }
})

test('encode refuses what is not resolved', () => {
  assert.throws(() => asm.encode([asm.exit(), asm.ldMap(1, 'counts')]), {
    code: 'ASM_UNRESOLVED',
    index: 1,
    message: 'instruction 1 refers to map "counts", which is not resolved',
  })
})

test('property: decode gives back what was encoded', () => {
  fc.assert(
    fc.property(fc.array(anyInsn), fc.constantFrom('little' as const, 'big' as const), (insns, endian) => {
      assert.deepEqual(asm.decode(asm.encode(insns, { endian }), { endian }), insns)
    }),
  )
})

test('property: decode of any bytes is a list or an AsmError, and a list encodes to the same bytes', () => {
  const slots = fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.uint8Array({ minLength: 7, maxLength: 7 }).map(rest => Uint8Array.of(0x18, ...rest)),
      fc.constant(new Uint8Array(8)),
      fc.uint8Array({ maxLength: 9 }),
    ),
  )
  fc.assert(
    fc.property(slots, parts => {
      const bytes = Uint8Array.from(parts.flatMap(part => [...part]))
      let insns: asm.Insn[]
      try {
        insns = asm.decode(bytes)
      } catch (error) {
        assert.ok(error instanceof AsmError && error.code === 'ASM_BYTES')
        return
      }
      assert.deepEqual(asm.encode(insns), bytes)
    }),
  )
})
