// Programs on a real kernel: load, run, refuse, explain.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aluImm,
  call,
  callSubprog,
  exit,
  type Insn,
  jumpIfImm,
  ldMap,
  ldMapValue,
  load,
  movImm,
  movReg,
  R0,
  R1,
  R2,
  R10,
  store,
  storeImm,
  withLabel,
  withSource,
} from '../../src/asm/index.ts'
import { AsmError, SyscallError, VerifierError } from '../../src/errors/index.ts'
import { isAtLeast, kernelRelease, TRACING_CAPABILITIES, whyForbidden } from '../../src/kernel/index.ts'
import { BpfMap, codec } from '../../src/map/index.ts'
import { enableStats, Program } from '../../src/program/index.ts'
import type { ProgramSpec } from '../../src/spec/spec.ts'
import * as sys from '../../src/sys/index.ts'

const program = (insns: Insn[], fields: Partial<ProgramSpec> = {}): ProgramSpec => ({
  name: 'test_prog',
  type: sys.BPF_PROG_TYPE_RAW_TRACEPOINT,
  insns,
  license: 'GPL',
  ...fields,
})

const at = (line: number, insn: Insn): Insn =>
  withSource(insn, { file: 'script.bt', line, column: 3, text: `line ${line} of the script` })

const ctx = (...args: bigint[]) => new Uint8Array(BigUint64Array.from(args).buffer)

const counts = () =>
  BpfMap.create({ name: 'counts', type: sys.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 8 })

test('a program sees its context and its result comes back', () => {
  using p = Program.load(program([load(8, R0, R1, 8), aluImm('add', R0, 1), exit()]))
  assert.equal(p.testRun({ ctx: ctx(5n, 41n) }).retval, 42)
})

test('a socket filter runs on data', () => {
  using p = Program.load(program([load(4, R0, R1, 0), exit()], { type: sys.BPF_PROG_TYPE_SOCKET_FILTER }))
  const run = p.testRun({ data: new Uint8Array(64).fill(1), repeat: 3 })
  // __sk_buff.len, without the 14 bytes of the Ethernet header
  assert.equal(run.retval, 50)
  assert.equal(run.dataOut.length, 64)
})

test('map references become descriptors, values at an offset included', () => {
  using map = counts()
  using array = BpfMap.create({
    name: 'globals',
    type: sys.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 16,
    maxEntries: 1,
  })
  using p = Program.load(
    program([
      storeImm(4, R10, -4, 7),
      storeImm(8, R10, -16, 123),
      ldMap(R1, 'the_map'),
      movReg(R2, R10),
      aluImm('add', R2, -4),
      movReg(3, R10),
      aluImm('add', 3, -16),
      movImm(4, 0),
      call('bpf_map_update_elem'),
      ldMapValue(R1, 'globals', 8),
      movImm(R2, 9),
      store(8, R1, 0, R2),
      movImm(R0, 0),
      exit(),
    ]),
    { maps: { the_map: map, globals: array } },
  )
  p.testRun({ ctx: ctx(0n) })
  assert.deepEqual([...map.typed(codec.u32, codec.u64)], [[7, 123n]])
  assert.equal(array.peek(new Uint8Array(4))!.getBigUint64(8, true), 9n)
  assert.equal(p.info().mapCount, 2)
})

test('an unknown map is named before the kernel is asked', () =>
  assert.throws(() => Program.load(program([ldMap(R1, 'nowhere'), movImm(R0, 0), exit()])), AsmError))

test('a refused program: reason, instruction, source line, whole log', () => {
  const spec = program([
    at(1, movImm(R0, 0)),
    at(2, load(8, R1, R1, 0)),
    at(3, load(8, R0, R1, 0)),
    at(4, exit()),
  ])
  assert.throws(
    () => Program.load(spec),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError, String(error))
      assert.equal(error.errnoName, 'EACCES')
      // "scalar" since 5.18, "inv" before
      assert.match(error.summary.reasons[0]!, /^R1 invalid mem access '(scalar|inv)'/)
      assert.match(error.summary.insn!, /^2: \(79\) r0 = \*\(u64 \*\)\(r1 \+0\)/)
      assert.equal(error.summary.source?.text, 'line 3 of the script')
      if (isAtLeast(kernelRelease(), '6.9')) {
        assert.equal(error.summary.source?.file, 'script.bt')
        assert.equal(error.summary.source?.line, 3)
      }
      assert.match(error.log, /processed \d+ insns/)
      assert.match(error.message, /^load program "test_prog": permission denied \(EACCES\): R1 invalid mem/)
      return true
    },
  )
})

test('a refused program without source lines', () =>
  assert.throws(() => Program.load(program([exit()])), {
    code: 'VERIFIER',
    message: /R0 !read_ok\n {2}at 0: \(95\) exit/,
  }))

test('subprograms load, with their names known to the kernel', () => {
  using p = Program.load(
    program([
      at(1, callSubprog('double')),
      at(1, exit()),
      at(2, withLabel(load(8, R0, R1, 0), 'double')),
      at(2, aluImm('mul', R0, 2)),
      at(2, exit()),
    ]),
  )
  assert.equal(p.testRun({ ctx: ctx(21n) }).retval, 42)
  assert.notEqual(p.info().btfId, 0)
})

test('a log larger than its first buffer comes whole', () => {
  // each branch on an unknown value doubles what is logged about; the last instruction is refused
  const insns: Insn[] = [movImm(R0, 0), load(8, R2, R1, 0)]
  for (let i = 0; i < 4000; i++) insns.push(aluImm('add', R2, 1), aluImm('mul', R2, 3))
  insns.push(load(8, R0, R2, 0), exit())
  assert.throws(
    () => Program.load(program(insns)),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError)
      assert.ok(error.log.length > 64 * 1024, `${error.log.length} bytes`)
      assert.match(error.log, /^(0: |func#0)/)
      assert.match(error.summary.reasons[0]!, /^R2 invalid mem access/)
      return true
    },
  )
})

test('odd names are made fit, and the program is opened again by its id', () => {
  using p = Program.load(program([movImm(R0, 3), exit()], { name: 'tracepoint:sched/x.y-z' }))
  assert.equal(p.name, 'tracepoint:sched/x.y-z')
  const info = p.info()
  assert.equal(info.name, 'tracepoint_sche')
  assert.equal(info.type, sys.BPF_PROG_TYPE_RAW_TRACEPOINT)
  assert.equal(info.xlatedBytes, 16)
  assert.ok(info.jitedBytes > 0)
  using again = Program.openById(info.id)
  assert.equal(again.info().tag, info.tag)
})

test('runs are counted while statistics are enabled', () => {
  using p = Program.load(program([movImm(R0, 0), exit()], { type: sys.BPF_PROG_TYPE_SOCKET_FILTER }))
  assert.equal(p.info().runCount, 0)
  {
    using _ = enableStats()
    assert.equal(p.info().runCount, 0)
  }
})

test('an unknown program type is refused in words', () =>
  assert.throws(() => Program.load(program([movImm(R0, 0), exit()], { type: 9999 })), /program type 9999/))

test('a type that the machine forbids is not said to want the capabilities that we have', t => {
  const spec = program([movImm(R0, 0), exit()], {
    type: sys.BPF_PROG_TYPE_TRACING,
    expectedAttachType: sys.BPF_TRACE_FENTRY,
    attachTo: 'vfs_read',
  })
  try {
    Program.load(spec).close()
  } catch (error) {
    assert.ok(error instanceof SyscallError, String(error))
    assert.match(
      error.message,
      whyForbidden(TRACING_CAPABILITIES) === undefined
        ? /run as root, or with CAP_BPF and CAP_PERFMON/
        : /this process has CAP_BPF and CAP_PERFMON: the machine forbids it to everybody/,
    )
    return
  }
  t.skip('this kernel allows tracing programs')
})

test('a program lives on until its last holder is gone, and closing twice is harmless', () => {
  const p = Program.load(program([movImm(R0, 0), jumpIfImm('eq', R0, 0, 'out'), withLabel(exit(), 'out')]))
  p.close()
  p.close()
  assert.ok(p.closed)
})
