// The kernel's word on instructions: its verifier's log has the text that we print, and its results are those of
// the interpreter in test/vm. Needs root. Programs are socket filters, run by BPF_PROG_TEST_RUN and never attached.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as asm from '../../src/asm/index.ts'
import { anyInsn } from '../../src/asm/testing/any-insn.ts'
import { withMemlock } from '../../src/kernel/index.ts'
import {
  BPF_CALL,
  BPF_JMP,
  BPF_JMP32,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  bpfProgLoad,
  bpfProgTestRun,
  checkSyscall,
  closeFd,
} from '../../src/sys/index.ts'
import { SLOW } from '../slow.ts'
import { anyProgram, instructionLevels, levelProbes } from '../vm/any-program.ts'
import { runProgram } from '../vm/index.ts'

const LOG_SIZE = 1 << 20
/** On an emulated CPU, where time is short, a quarter of the random cases. */
const runs = (count: number) => (SLOW === 1 ? count : Math.ceil(count / 4))
const PACKET_SIZE = 64
/** A test run takes it off the packet before a socket filter sees it. */
const ETHERNET_HEADER = 14

/** Loads a program and gives the descriptor (or -errno) and the log. */
function load(insns: readonly asm.Insn[], logLevel = 0): { fd: number; log: string } {
  const logBuf = new Uint8Array(LOG_SIZE)
  const attr = {
    progType: BPF_PROG_TYPE_SOCKET_FILTER,
    insns: asm.encode(asm.resolveLabels(insns)),
    license: 'GPL',
    logLevel,
    ...(logLevel > 0 && { logBuf }),
  }
  const fd = withMemlock(() => bpfProgLoad(attr))
  return { fd, log: Buffer.from(logBuf.subarray(0, logBuf.indexOf(0))).toString() }
}

function loads(insns: readonly asm.Insn[]): boolean {
  const { fd } = load(insns)
  if (fd >= 0) closeFd(fd)
  return fd >= 0
}

const filledWord = [asm.storeImm(8, 10, -8, 0), asm.movImm(0, 0)]
const level = instructionLevels.findLast(name => loads([...filledWord, levelProbes[name], asm.exit()]))

/** The text of every instruction that the verifier walked over, by slot. */
function walked(log: string): Map<number, string> {
  return new Map(
    [...log.matchAll(/^(\d+): (\([0-9a-f]{2}\) [^;\n]*)/gm)].map(([, slot, text]) => [
      Number(slot),
      text!.trimEnd(),
    ]),
  )
}

/** What a log may say of each slot: the instruction, or what this kernel makes of it before it walks. */
function listed(insns: readonly asm.Insn[]): Map<number, readonly string[]> {
  const resolved = asm.resolveLabels(insns)
  const texts = walked(asm.printKernel(resolved).replace(/^ +/gm, ''))
  if (!prunes) return new Map([...texts].map(([slot, text]) => [slot, [text]]))
  let slot = 0
  const all = new Map<number, readonly string[]>()
  for (const insn of resolved) {
    const ways = isConditionalJump(insn) ? [insn.off, 0].map(off => asm.printKernelInsn(goto(off))) : []
    all.set(slot, [texts.get(slot)!, ...ways])
    slot += insn.code === asm.LD_IMM64 ? 2 : 1
  }
  return all
}

const CONDITIONS: readonly number[] = Object.values(asm.jumpConds)

function isConditionalJump({ code }: asm.Insn): boolean {
  const instructionClass = code & 7
  return (instructionClass === BPF_JMP || instructionClass === BPF_JMP32) && CONDITIONS.includes(code & 0xf0)
}

const goto = (off: number): asm.Insn => ({ code: BPF_JMP, dst: 0, src: 0, off, imm: 0 })

/**
 * Linux >= 7.1 replaces a conditional jump between constants by the plain jump it amounts to, before the verifier
 * walks the program and writes its log (bpf_prune_dead_branches in kernel/bpf/const_fold.c).
 */
const constantJump = [asm.movImm(0, 0), { ...goto(0), code: BPF_JMP | asm.jumpConds.eq }, asm.exit()]
const prunes = walked(load(constantJump, 2).log).get(1) === asm.printKernelInsn(goto(0))

test('the kernel runs programs', () => {
  assert.equal(testRun([asm.movImm(0, 5), asm.exit()]), 5)
  assert.notEqual(level, undefined)
})

test('programs print as in the verifier’s log', () => {
  fc.assert(
    fc.property(anyProgram(level!), program => {
      const insns = program('low')
      const { fd, log } = load(insns, 2)
      assert.ok(fd >= 0, log.slice(-2000))
      closeFd(fd)
      const expected = listed(insns)
      const steps = walked(log)
      assert.ok(steps.size > 20)
      for (const [slot, text] of steps)
        assert.ok(expected.get(slot)?.includes(text), `${text} is none of ${expected.get(slot)}`)
    }),
    { numRuns: runs(30) },
  )
})

test('every form of instruction prints as in the verifier’s log', {
  skip: level !== 'ordered' && 'this kernel does not know all instructions: Linux >= 6.15 does',
}, () => {
  // Alone at the start of a program, so that the log shows it even if the verifier then refuses what it does.
  fc.assert(
    fc.property(anyInsn.filter(showsAlone), any => {
      const insn = withNearTarget(withKnownSpaces(any))
      const callsNext = insn.code === (BPF_JMP | BPF_CALL) && insn.src === BPF_PSEUDO_CALL
      const rest = [asm.movImm(0, 0), asm.exit()]
      const program = insn.code === asm.exit().code ? [insn] : [insn, ...rest, ...(callsNext ? rest : [])]
      const { fd, log } = load(program, 2)
      if (fd >= 0) closeFd(fd)
      assert.equal(walked(log).get(0), asm.printKernelInsn(insn), log)
    }),
    { numRuns: runs(400) },
  )
})

test('the kernel and the interpreter compute the same', () => {
  fc.assert(
    fc.property(anyProgram(level!), fc.constantFrom('low' as const, 'high' as const), (program, half) => {
      const insns = program(half)
      assert.equal(BigInt(testRun(insns)), BigInt.asUintN(32, runProgram(insns).r0))
    }),
    { numRuns: runs(150) },
  )
})

test('jumps farther than 16 bits load and run, with islands and long', () => {
  const gap = 0x9000
  const program = [
    // The length of the packet, which the verifier does not know: both ways are walked.
    asm.load(4, 6, 1, 0),
    asm.movImm(0, 0),
    asm.jumpIfImm('eq', 6, PACKET_SIZE - ETHERNET_HEADER, 'far'),
    ...Array.from({ length: gap }, () => asm.aluImm('add', 0, 1)),
    asm.jumpIfImm('set', 6, 1, 'far'),
    asm.withLabel(asm.aluImm('add', 0, 7), 'far'),
    asm.exit(),
  ]
  const ways = level === 'v3' || level === 'atomics' ? [false] : [false, true]
  for (const longJumps of ways) {
    const run = (size: number) => testRun(asm.resolveLabels(program, { longJumps }), size)
    assert.equal(run(PACKET_SIZE), 7)
    assert.equal(run(PACKET_SIZE + 1), gap + 7)
  }
})

/** What a program returns on a packet of zeros. */
function testRun(insns: readonly asm.Insn[], packetSize = PACKET_SIZE): number {
  const { fd } = load(insns)
  if (fd < 0) assert.fail(`load failed with ${fd}: ${load(insns, 1).log.slice(-2000)}`)
  const { result, retval } = bpfProgTestRun({ progFd: fd, dataIn: new Uint8Array(packetSize), repeat: 1 })
  closeFd(fd)
  checkSyscall(result, 'bpf', 'test-run a program')
  return retval
}

/** Refused before the log begins: descriptors and BTF ids that do not exist, indirect jumps without a table. */
function showsAlone({ code, src }: asm.Insn): boolean {
  if (code === asm.LD_IMM64) return src === 0
  return code !== GOTOX && !(code === (BPF_JMP | BPF_CALL) && src === BPF_PSEUDO_KFUNC_CALL)
}

const GOTOX = 0x0d

/** Casts between other address spaces than 0 and 1 are refused before the log begins, by Linux >= 7.1. */
function withKnownSpaces(insn: asm.Insn): asm.Insn {
  const cast = asm.addrSpaceCast(insn.dst, insn.src, 0, 0)
  if (insn.code !== cast.code || insn.off !== cast.off) return insn
  const from = insn.imm & 1
  return asm.addrSpaceCast(insn.dst, insn.src, 1 - from, from)
}

/** Targets outside of the program are refused before the log begins as well. */
function withNearTarget(insn: asm.Insn): asm.Insn {
  const instructionClass = insn.code & 7
  if (instructionClass !== BPF_JMP && instructionClass !== BPF_JMP32) return insn
  if (insn.code === BPF_JMP32) return { ...insn, imm: 0 }
  if (insn.code === (BPF_JMP | BPF_CALL)) return insn.src === BPF_PSEUDO_CALL ? { ...insn, imm: 2 } : insn
  return { ...insn, off: 0 }
}
