// What a kernel lacks when it refuses a program in words that do not tell: a helper's number, or a rule of old.

import { helperById } from '../asm/index.ts'
import { BPF_ATOMIC, BPF_DW, BPF_IMM, BPF_LD, BPF_PSEUDO_FUNC, BPF_STX } from '../sys/index.ts'

/** What to make of the verifier's log; undefined where that says enough. `code` is the array of struct bpf_insn. */
export function whatIsLacking(log: string, code: Uint8Array): string | undefined {
  const helper = /(?:invalid func|unknown func|cannot use helper)[^#\n]*#(\d+)/.exec(log)
  if (helper !== null) {
    const { name } = helperById(Number(helper[1])) ?? { name: `helper ${helper[1]}` }
    return log.includes('invalid func')
      ? `this kernel has no ${name}: a newer one is needed`
      : `programs of this type cannot call ${name} on this kernel`
  }
  if (log.includes("number of funcs in func_info doesn't match") && handsOverFunctions(code))
    return 'a function is handed over to be called back, as loops over maps and len() do: that is new in Linux 5.13'
  if (log.includes('BPF_STX uses reserved fields') && hasFetchingAtomics(code))
    return 'an atomic operation gives the value before, or is not an addition: that is new in Linux 5.12'
  return undefined
}

function handsOverFunctions(code: Uint8Array): boolean {
  return some(code, (opcode, src) => opcode === (BPF_LD | BPF_IMM | BPF_DW) && src === BPF_PSEUDO_FUNC)
}

/** Addition alone has no bit in its operation. */
function hasFetchingAtomics(code: Uint8Array): boolean {
  return some(code, (opcode, _, imm) => (opcode & 0xe7) === (BPF_STX | BPF_ATOMIC) && imm !== 0)
}

function some(code: Uint8Array, is: (opcode: number, src: number, imm: number) => boolean): boolean {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  for (let at = 0; at < code.byteLength; at += 8)
    if (is(view.getUint8(at), view.getUint8(at + 1) >> 4, view.getInt32(at + 4, true))) return true
  return false
}
