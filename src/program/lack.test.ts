// What a refusal by an older kernel is said to mean.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atomic, atomicFetch, encode, type Insn, ldImm64 } from '../asm/index.ts'
import { BPF_PSEUDO_FUNC } from '../sys/index.ts'
import { whatIsLacking } from './lack.ts'

const check = (log: string, insns: readonly Insn[], expected: RegExp | undefined) =>
  test(log, () => {
    const said = whatIsLacking(log, encode(insns))
    if (expected === undefined) assert.equal(said, undefined)
    else assert.match(said ?? '', expected)
  })

const FUNCTION = { ...ldImm64(1, 5n), src: BPF_PSEUDO_FUNC }
const FUNC_INFO = "number of funcs in func_info doesn't match number of subprogs"

check('0: (85) call unknown#173\ninvalid func unknown#173', [], /this kernel has no bpf_get_func_ip/)
check('invalid func unknown#9999', [], /no helper 9999/)
check('unknown func bpf_get_socket_cookie#46', [], /programs of this type cannot call bpf_get_socket_cookie/)
check('program of this type cannot use helper bpf_d_path#147', [], /cannot call bpf_d_path on this kernel/)
check(FUNC_INFO, [FUNCTION], /called back.*5\.13/)
check(`${FUNC_INFO} (another reason)`, [ldImm64(1, 5n)], undefined)
check('BPF_STX uses reserved fields', [atomicFetch('add', 8, 1, 0, 2)], /5\.12/)
check('BPF_STX uses reserved fields (as ever)', [atomic('add', 8, 1, 0, 2)], undefined)
check('R1 type=scalar expected=fp', [], undefined)
