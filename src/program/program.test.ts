// Loading on a fake Linux: when the kernel is asked again, with what, and what is made of its log.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exit, movImm, R0, withSource } from '../asm/index.ts'
import { errno, SyscallError, VerifierError } from '../errors/index.ts'
import type { ProgramSpec } from '../spec/spec.ts'
import { type FakeVerifier, fakeLinux } from '../sys/fake.ts'
import { BPF_PROG_TYPE_RAW_TRACEPOINT, withLinux } from '../sys/index.ts'
import { Program } from './program.ts'

const source = { file: 'a.bt', line: 1, column: 1, text: 'exit' }
const spec: ProgramSpec = {
  name: 'p:q',
  type: BPF_PROG_TYPE_RAW_TRACEPOINT,
  insns: [withSource(movImm(R0, 0), source), withSource(exit(), source)],
  license: 'GPL',
}

const load = (verifier: FakeVerifier, program = spec) => {
  const fake = fakeLinux({ verifier, calls: { prlimit: () => -errno.EPERM } })
  let error: unknown
  withLinux(fake, () => {
    try {
      Program.load(program, { longJumps: false }).close()
    } catch (caught) {
      error = caught
    }
  })
  assert.deepEqual([...fake.open.keys()], [], 'every descriptor is closed')
  return { loads: fake.loads, error }
}

test('an accepted program is loaded once, without a log, with its line info', () => {
  const { loads, error } = load(() => undefined)
  assert.equal(error, undefined)
  assert.equal(loads.length, 1)
  assert.deepEqual(
    { ...loads[0], insns: loads[0]!.insns.length },
    {
      type: BPF_PROG_TYPE_RAW_TRACEPOINT,
      name: 'p_q',
      license: 'GPL',
      insns: 16,
      logLevel: 0,
      hasLineInfo: true,
    },
  )
})

test('a kernel that refuses the info gets the program without it', () => {
  const { loads, error } = load(p => (p.hasLineInfo ? { errno: errno.EINVAL, log: '' } : undefined))
  assert.equal(error, undefined)
  assert.deepEqual(
    loads.map(p => p.hasLineInfo),
    [true, false],
  )
})

test('a refusal is asked for its reasons, with the info', () => {
  const { loads, error } = load(() => ({
    errno: errno.EACCES,
    log: '0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n',
  }))
  assert.ok(error instanceof VerifierError)
  assert.deepEqual(error.summary.reasons, ['R0 !read_ok'])
  assert.deepEqual(
    loads.map(p => [p.logLevel, p.hasLineInfo]),
    [
      [0, true],
      [1, true],
    ],
  )
})

test('the log buffer grows until the log fits', () => {
  const log = `${'x'.repeat(200_000)}\nreason at the end\nprocessed 1 insns\n`
  const { loads, error } = load(() => ({ errno: errno.EACCES, log }))
  assert.ok(error instanceof VerifierError)
  assert.equal(error.log, log)
  assert.equal(loads.length, 1 + 3)
})

test('a refusal without a log names the capabilities', () => {
  const { error } = load(() => ({ errno: errno.EPERM, log: '' }))
  assert.ok(error instanceof SyscallError)
  assert.match(error.message, /^load program "p:q" \(BPF_PROG_TYPE_RAW_TRACEPOINT\): operation not permitted/)
  // whoever runs the test as root has them
  assert.match(
    error.message,
    /run as root, or with CAP_BPF and CAP_PERFMON$|this process has CAP_BPF and CAP_PERFMON: the machine forbids it/,
  )
})

test('too much to walk is explained', () => {
  const { error } = load(() => ({
    errno: errno.E2BIG,
    log: 'BPF program is too large. Processed 1000001 insn\n',
  }))
  assert.ok(error instanceof VerifierError)
  assert.match(error.message, /too many paths to walk/)
})
