// The verifier's counts, read of its log.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseVerifierStatistics, type VerifierStatistics } from './verifier-statistics.ts'

const check = (name: string, log: string, expected: VerifierStatistics | undefined) =>
  test(name, () => assert.deepEqual(parseVerifierStatistics(log), expected))

const counts = {
  processedInsns: 12,
  insnLimit: 1_000_000,
  maxStatesPerInsn: 1,
  totalStates: 4,
  peakStates: 3,
}
const line =
  'processed 12 insns (limit 1000000) max_states_per_insn 1 total_states 4 peak_states 3 mark_read 2\n'

check('at the end of any log', `0: (b7) r0 = 0\n0: R0=0\n1: (95) exit\n${line}`, counts)
check('with time and stack', `verification time 1234 usec\nstack depth 8+0+16\n${line}`, {
  ...counts,
  verificationTimeUs: 1234,
  stackDepths: [8, 0, 16],
})
check('with a word behind the depths', `verification time 7 usec\nstack depth 8 max 8\n${line}`, {
  ...counts,
  verificationTimeUs: 7,
  stackDepths: [8],
})
check('of a program that was not walked', 'unreachable insn 2\n', undefined)
check('of nothing', '', undefined)
