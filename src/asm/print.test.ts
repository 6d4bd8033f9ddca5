// Instructions as text: the words of the kernel's disassembler (test/kernel/asm-log.test.ts asks the kernel itself),
// and text back to instructions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AsmError } from '../errors/asm-error.ts'
import * as asm from './index.ts'
import { anyLabelledInsn } from './testing/any-insn.ts'

const at = (off: number, insn: asm.Insn): asm.Insn => {
  const { ref: _, ...rest } = insn
  return { ...rest, off }
}

/** The form of the verifier's log, and that it reads back. */
function check(insn: asm.Insn, expected: string): void {
  assert.equal(asm.printKernelInsn(insn), expected)
  assert.deepEqual(asm.parse(expected), [insn])
}

test('the kernel’s form', () => {
  check(asm.movReg(1, 2), '(bf) r1 = r2')
  check(asm.mov32Imm(0, 0), '(b4) w0 = 0')
  check(asm.movImm(0, -1), '(b7) r0 = -1')
  check(asm.aluImm('arsh', 1, 32), '(c7) r1 s>>= 32')
  check(asm.alu32Reg('lsh', 1, 2), '(6c) w1 <<= w2')
  check(asm.aluReg('sdiv', 1, 2), '(3f) r1 s/= r2')
  check(asm.alu32Imm('smod', 1, 3), '(94) w1 s%= 3')
  check(asm.neg(1), '(87) r1 = -r1')
  check(asm.neg32(1), '(84) w1 = -w1')
  check(asm.movsx(1, 2, 8), '(bf) r1 = (s8)r2')
  check(asm.movsx32(1, 2, 16), '(bc) w1 = (s16)w2')
  check(asm.toBe(1, 16), '(dc) r1 = be16 r1')
  check(asm.toLe(1, 64), '(d4) r1 = le64 r1')
  check(asm.bswap(1, 32), '(d7) r1 = bswap32 r1')
  check(asm.addrSpaceCast(1, 2, 1, 0), '(bf) r1 = addr_space_cast(r2, 1, 0)')
  check({ ...asm.movReg(1, 2), off: -1 }, '(bf) r1 = &(void __percpu *)(r2)')
  check(asm.load(8, 1, 2, 8), '(79) r1 = *(u64 *)(r2 +8)')
  check(asm.loadSigned(4, 1, 2, -8), '(81) r1 = *(s32 *)(r2 -8)')
  check(asm.store(1, 10, -8, 3), '(73) *(u8 *)(r10 -8) = r3')
  check(asm.storeImm(2, 10, -8, -3), '(6a) *(u16 *)(r10 -8) = -3')
  check(asm.atomic('add', 8, 1, 0, 2), '(db) lock *(u64 *)(r1 +0) += r2')
  check(asm.atomic('xor', 4, 1, 4, 2), '(c3) lock *(u32 *)(r1 +4) ^= r2')
  check(asm.atomicFetch('add', 8, 1, 0, 2), '(db) r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)')
  check(asm.atomicFetch('or', 4, 1, 0, 2), '(c3) r2 = atomic_fetch_or((u32 *)(r1 +0), r2)')
  check(asm.atomicXchg(8, 1, 0, 2), '(db) r2 = atomic64_xchg((u64 *)(r1 +0), r2)')
  check(asm.atomicCmpxchg(8, 1, 0, 2), '(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)')
  check(asm.loadAcquire(4, 1, 2, 0), '(c3) r1 = load_acquire((u32 *)(r2 +0))')
  check(asm.storeRelease(1, 1, 0, 2), '(d3) store_release((u8 *)(r1 +0), r2)')
  check(asm.ldAbs(2, 12), '(28) r0 = *(u16 *)skb[12]')
  check(asm.ldInd(1, 6, 3), '(50) r0 = *(u8 *)skb[r6 + 3]')
  check(asm.ldImm64(1, 0x1234567890n), '(18) r1 = 0x1234567890')
  check(asm.ldImm64(1, 5), '(18) r1 = 0x5')
  check(at(3, asm.jumpIfImm('sgt', 1, 5, '')), '(65) if r1 s> 0x5 goto pc+3')
  check(at(-3, asm.jumpIf32Imm('eq', 1, -1, '')), '(16) if w1 == 0xffffffff goto pc-3')
  check(at(0, asm.jumpIfReg('set', 1, 2, '')), '(4d) if r1 & r2 goto pc+0')
  check(at(-1, asm.jump('')), '(05) goto pc-1')
  check(at(2, asm.mayGoto('')), '(e5) may_goto pc+2')
  check({ ...at(0, asm.jumpLong('')), imm: 70000 }, '(06) gotol pc+70000')
  check(asm.call(1), '(85) call bpf_map_lookup_elem#1')
  check(asm.call(5000), '(85) call unknown#5000')
  check({ ...at(0, asm.callSubprog('')), imm: 4 }, '(85) call pc+4')
  check({ ...at(0, asm.callKfunc('')), imm: 1234 }, '(85) call kernel-function#1234')
  check(asm.exit(), '(95) exit')
})

test('opcodes that no kernel knows', () => {
  const bug = (code: number) => asm.printKernelInsn({ code, dst: 0, src: 0, off: 0, imm: 0x77 })
  assert.deepEqual([0x71 & ~7, 0xdb, 0xe7, 0xf5, 0x19].map(bug), [
    '(70) BUG_70',
    '(db) BUG_db',
    '(e7) BUG_e7',
    '(f5) BUG_f5',
    '(19) BUG_19',
  ])
})

test('a listing as bpftool makes it', () => {
  const insns = [asm.ldMapFd(1, 3), asm.call(1), asm.exit()]
  assert.equal(
    asm.printKernel(insns, { imm64: () => 'map[id:17]' }),
    '   0: (18) r1 = map[id:17]\n   2: (85) call bpf_map_lookup_elem#1\n   3: (95) exit\n',
  )
})

const PROGRAM = `    r1 = map[counts]
    r2 = map[config][0]+8
    r3 = subprog[each]
    r4 = ksym[jiffies]
    r5 = 0x5 ll
loop:
"a label":
    call bpf_map_lookup_elem#1
    if r0 == 0x0 goto "a label"
    call each
    call kfunc[bpf_rcu_read_lock]
    call "bpf_loop"
    goto loop
each:
    exit
`

test('a program with names reads back', () => {
  const insns = asm.parse(PROGRAM)
  assert.equal(asm.print(insns), PROGRAM)
  assert.deepEqual(insns, [
    asm.ldMap(1, 'counts'),
    asm.ldMapValue(2, 'config', 8),
    asm.ldFuncAddress(3, 'each'),
    asm.ldKsym(4, 'jiffies'),
    asm.ldImm64(5, 5),
    asm.withLabel(asm.call(1), 'loop', 'a label'),
    asm.jumpIfImm('eq', 0, 0, 'a label'),
    asm.callSubprog('each'),
    asm.callKfunc('bpf_rcu_read_lock'),
    asm.callSubprog('bpf_loop'),
    asm.jump('loop'),
    asm.withLabel(asm.exit(), 'each'),
  ])
})

test('what a person may write', () => {
  const same = (text: string, insn: asm.Insn) => assert.deepEqual(asm.parse(text), [insn], text)
  same('r1=5 // five', asm.movImm(1, 5))
  same('  r1 = 0x10 ; sixteen', asm.movImm(1, 16))
  same('w1 = 0xffffffff', asm.mov32Imm(1, -1))
  same('r1 = -1 ll', asm.ldImm64(1, -1))
  same('r1 = *(u8 *)(r2)', asm.load(1, 1, 2, 0))
  same('r1 = *(u8*)(r2+4)', asm.load(1, 1, 2, 4))
  same('r1 = map[fd:3] ll', asm.ldMapFd(1, 3))
  same('r1 = map[fd:3][0]+4', asm.ldMapValueFd(1, 3, 4))
  same('call bpf_ktime_get_ns', asm.call(5))
  same('call ktime_get_ns', asm.call(5))
  same('call #5', asm.call(5))
  same('out: exit', asm.withLabel(asm.exit(), 'out'))
  same('12: (95) exit', asm.exit())
  same('12: exit', asm.exit())
  same('0: (bf) r6 = r1                       ; R1=ctx() R6_w=ctx()', asm.movReg(6, 1))
  same('5: (0f) r1 += r2', asm.aluReg('add', 1, 2))
  same('  18: (85) call pc+1#bpf_prog_36f722632876ad72_F', { ...at(0, asm.callSubprog('')), imm: 1 })
  assert.deepEqual(asm.parse('\n; nothing\n\n'), [])
  assert.deepEqual(asm.parse('call ktime_get_ns\nktime_get_ns: exit')[0], asm.callSubprog('ktime_get_ns'))
})

test('parse keeps the lines for messages', () => {
  assert.deepEqual(asm.parse('\n  exit ; done', { file: 'a.s' })[0]!.source, {
    file: 'a.s',
    line: 2,
    column: 3,
    text: '  exit ; done',
  })
})

test('print shows each source line once', () => {
  const source = { file: 'a.bt', line: 3, column: 1, text: '  @ = count()' }
  const insns = [asm.movImm(0, 0), asm.movImm(1, 0), asm.exit()].map(insn => asm.withSource(insn, source))
  assert.equal(
    asm.print(insns, { sources: true }),
    '    ; @ = count() @ a.bt:3\n    r0 = 0\n    r1 = 0\n    exit\n',
  )
})

test('errors have their place', () => {
  const fails = (text: string, message: string) =>
    assert.throws(
      () => asm.parse(text),
      (error: unknown) => error instanceof AsmError && error.message === message,
      text,
    )
  fails('exit\n  r1 = = 3', 'line 2, column 8: expected a number')
  fails('r11 = 3', 'line 1, column 1: expected an instruction')
  fails('r1 = w2', 'line 1, column 6: r and w registers do not mix')
  fails('r1 + 3', 'line 1, column 4: expected = or an operation like +=')
  fails('r1 = 3 4', 'line 1, column 8: unexpected "4" after the instruction')
  fails('r1 = *(s64 *)(r2 +0)', 'line 1, column 8: 64 bits need no sign extension: use u64')
  fails('r1 = *(u64 *)(r2 +40000)', 'line 1, column 1: offset 40000 does not fit 16 bits')
  fails('if r1 = 3 goto out', 'line 1, column 7: expected a comparison like == or s<')
  fails('if r1 == 3', 'line 1, column 11: expected goto')
  fails('r1 = 0x100000000', 'line 1, column 1: immediate 4294967296 does not fit 32 bits signed')
  fails('r1 = map[fd:99999999999]', 'line 1, column 1: immediate 99999999999 does not fit 32 bits signed')
  fails('r1 = addr_space_cast(r2, 70000, 0)', 'line 1, column 1: address space 70000 does not fit 16 bits')
  fails('r1 = le16 r2', 'line 1, column 11: byte order works on one register only')
  fails('r2 = atomic64_xchg((u32 *)(r1 +0), r2)', 'line 1, column 33: atomic64_xchg does not go with 4 bytes')
  fails('call bpf_map_lookup_elem#2', 'line 1, column 26: bpf_map_lookup_elem is #1')
  fails('(bf) r1 = 3', 'line 1, column 6: opcode 0xbf is not that of the instruction')
  fails('r1 = 3 ?', 'line 1, column 8: unexpected "?"')
  fails('"\\x"', 'line 1, column 1: "\\x" is not a proper quoted name')
  fails('exit\nout:', 'line 2, column 1: no instruction follows label "out"')
})

test('property: parse gives back what was printed', () => {
  fc.assert(
    fc.property(fc.array(anyLabelledInsn), insns => {
      assert.deepEqual(asm.parse(asm.print(insns)), insns)
    }),
    { numRuns: 300 },
  )
})

test('property: any text parses or fails with its place', () => {
  const word = fc.constantFrom(
    ...PROGRAM.split(/\s+/),
    '*(u64 *)(r1 +8)',
    '=',
    'r1',
    'if',
    '"',
    '(',
    'map[',
    '-',
    '0x',
    'lock',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 3 }))), words => {
      try {
        asm.parse(words.join(' '))
      } catch (error) {
        assert.ok(error instanceof AsmError, String(error))
        assert.equal(error.line, 1)
        assert.ok(error.column! >= 1)
      }
    }),
    { numRuns: 500 },
  )
})

test('property: whatever was decoded can be printed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), bytes => {
      if (bytes[0] === asm.LD_IMM64) return
      const insns = asm.decode(bytes)
      assert.match(asm.printKernel(insns), /^ {3}0: \([0-9a-f]{2}\) .+\n$/)
      assert.match(asm.print(insns), /^ {4}.+\n$/)
    }),
    { numRuns: 1000 },
  )
})
