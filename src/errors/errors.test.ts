// Wording of the errors, and the choice of lines from real verifier logs (Linux 6.18, compiled C with line info).

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  errno,
  errnoMessage,
  errnoName,
  NotSupportedError,
  SyscallError,
  summarizeVerifierLog,
  VerifierError,
} from './index.ts'

test('errno numbers have names and words', () => {
  assert.equal(errnoName(1), 'EPERM')
  assert.equal(errnoName(-524), 'ENOTSUPP')
  assert.equal(errnoName(9999), 'errno 9999')
  assert.equal(errnoMessage(13), 'permission denied')
  assert.equal(errnoMessage(-5), 'input/output error')
  assert.equal(errnoMessage(errno.EXDEV), 'invalid cross-device link')
  assert.equal(errnoMessage(errno.EBADR), 'invalid request descriptor')
  assert.equal(errnoMessage(9999), 'unknown error')
})

const says = (name: string, error: Error & { code: string }, code: string, message: string) =>
  test(`wording: ${name}`, () => {
    assert.equal(error.message, message)
    assert.equal(error.code, code)
  })

test('what was being done is put in front, once', () => {
  const error = new SyscallError('bpf(BPF_LINK_CREATE)', errno.EINVAL, 'create link')
  assert.equal(error.within('attach program "p" (xdp)').within('attach program "p" (xdp)'), error)
  assert.match(error.message, /^attach program "p" \(xdp\): create link: invalid argument/)
  assert.match(
    error.stack!,
    /^SyscallError.*: attach program "p" \(xdp\): create link: invalid argument.*\n {4}at /,
  )
})

says(
  'a refused system call names the capability',
  new SyscallError('bpf(BPF_MAP_CREATE)', errno.EPERM, 'create map "events"', { capabilities: ['CAP_BPF'] }),
  'EPERM',
  'create map "events": operation not permitted (EPERM from bpf(BPF_MAP_CREATE)): run as root, or with CAP_BPF',
)
says(
  'another errno has no such hint',
  new SyscallError('bpf(BPF_MAP_CREATE)', -errno.EINVAL, 'create map "events"', {
    capabilities: ['CAP_BPF'],
  }),
  'EINVAL',
  'create map "events": invalid argument (EINVAL from bpf(BPF_MAP_CREATE))',
)
says(
  'a missing feature names its first kernel',
  new NotSupportedError('BPF_MAP_TYPE_RINGBUF', { since: '5.8' }),
  'NOT_SUPPORTED',
  'BPF_MAP_TYPE_RINGBUF is not supported by this kernel (needs Linux >= 5.8)',
)
const log = (name: string) => readFileSync(`src/errors/testdata/verifier-${name}.log`, 'utf8')

const summary = (name: string, reasons: string[], insn: string, line: number | undefined) =>
  test(`verifier log: ${name}`, () => {
    const s = summarizeVerifierLog(log(name))
    assert.deepEqual(s.reasons, reasons)
    assert.equal(s.insn, insn)
    assert.equal(s.source?.line, line)
  })

summary('nullderef', ["R0 invalid mem access 'map_value_or_null'"], '8: (7b) *(u64 *)(r0 +0) = r1', 8)
summary(
  'stack',
  ['invalid variable-offset write to stack R2 var_off=(0x0; 0x3f) off=-16 size=1'],
  '8: (73) *(u8 *)(r2 +0) = r1',
  10,
)
summary(
  'leak',
  [
    'Unreleased reference id=2 alloc_insn=4',
    'BPF_EXIT instruction in main prog would lead to reference leak',
  ],
  '13: (95) exit',
  14,
)
summary(
  'helper',
  ['program of this type cannot use helper bpf_skb_load_bytes#26'],
  '3: (85) call bpf_skb_load_bytes#26',
  16,
)
summary('scalar', ["R1 invalid mem access 'scalar'"], '1: (79) r0 = *(u64 *)(r1 +112)', 18)
summary(
  'subprog',
  [
    'invalid access to map value, value_size=8 off=8 size=8',
    'R1 min value is outside of the allowed memory range',
  ],
  '19: (79) r4 = *(u64 *)(r1 +0)',
  20,
)
summary('uninit', ['R6 !read_ok'], '0: (bf) r0 = r6', undefined)
summary('loop', ['BPF program is too large. Processed 1000001 insn'], '5: (79) r1 = *(u64 *)(r10 -8)', 12)

test('a verifier error shows what matters and counts the rest', () => {
  const error = new VerifierError('on_open', -errno.EACCES, log('nullderef'))
  assert.deepEqual(error.message.split('\n'), [
    `load program "on_open": permission denied (EACCES): R0 invalid mem access 'map_value_or_null'`,
    '  at 8: (7b) *(u64 *)(r0 +0) = r1',
    '  from bad.bpf.c:8: SEC("raw_tp/sys_enter") int prog(void*ctx){ u32 k=1; u64*v=bpf_map_lookup_elem(&counts,&k); *v=1; return 0; }',
    '  (10 lines of verifier log left out)',
  ])
  assert.equal(error.log, log('nullderef'))
})

/** of Linux 7.3; its words as the kernel's developers show them */
const REPORT = `0: R1=ctx() R10=fp0
; return x; @ bad.bpf.c:7
0: (95) exit
R0 !read_ok

Verification failed: Register Type Safety: Unreadable register

Reason:
  R0 has never been initialized on this path,
  so the verifier cannot use it as an input.

At:
  insn 0
        | ^-- error: R0 is not readable
  Instruction context:
  >>> 0 | (95) exit

Causal path:
  no retained diagnostic events on this path

Suggestion:
  Initialize R0 on every path before this instruction.

processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`

test('what newer kernels explain and suggest is passed on', () => {
  const error = new VerifierError('p', -errno.EACCES, REPORT)
  assert.deepEqual(error.message.split('\n'), [
    'load program "p": permission denied (EACCES): R0 !read_ok: Register Type Safety: Unreadable register: R0 has never been initialized on this path, so the verifier cannot use it as an input.',
    '  at 0: (95) exit',
    '  from bad.bpf.c:7: return x;',
    '  Initialize R0 on every path before this instruction.',
    '  (9 lines of verifier log left out)',
  ])
  assert.equal(error.log, REPORT)
})

test('a report without all its parts is passed on as far as it goes', () => {
  const said = (...lines: string[]) => {
    const { reasons, suggestion } = summarizeVerifierLog(lines.join('\n'))
    return { reasons, suggestion }
  }
  const title = 'Verification failed: A: B'
  assert.deepEqual(said('x', title, 'Reason:', ' why', 'At:', '  insn 1'), {
    reasons: ['x', 'A: B', 'why'],
    suggestion: undefined,
  })
  assert.deepEqual(said('0: (95) exit', 'Reason:', '  why', 'Suggestion:'), {
    reasons: ['why'],
    suggestion: undefined,
  })
  assert.deepEqual(said(title).reasons, [title])
})

test('an empty or cut log is no trouble', () => {
  assert.deepEqual(summarizeVerifierLog(''), { reasons: [], omittedCount: 0 })
  assert.deepEqual(summarizeVerifierLog('0: R1=ctx() R10=fp0\n0: (b7) r0 = 0 ; R0=0\n').reasons, [
    '0: (b7) r0 = 0 ; R0=0',
  ])
})

test('any text has a summary that adds up', () => {
  const line = fc.oneof(fc.string(), fc.constantFrom(...log('subprog').split('\n'), ...REPORT.split('\n')))
  fc.assert(
    fc.property(fc.array(line), lines => {
      const s = summarizeVerifierLog(lines.join('\n'))
      assert.ok(s.reasons.length <= 4 && s.omittedCount >= 0)
    }),
  )
})
