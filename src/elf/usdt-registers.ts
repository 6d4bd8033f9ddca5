// Register names of assembler operands, with the place of each in the pt_regs that a uprobe program is given.

import { EM_386, EM_AARCH64, EM_X86_64 } from './constants.ts'

/** A register, or a part of one. */
export interface UsdtRegister {
  /** as the operand has it, without `%`: `eax`, `r8d`, `w3` */
  readonly name: string
  /** byte offset of the 64-bit register in struct pt_regs (arm64: struct user_pt_regs) of a 64-bit kernel */
  readonly ptRegsOffset: number
  /** how far right its value is shifted: 8 for `ah`, `bh`, `ch` and `dh` */
  readonly shiftBits: number
}

/** The register of that name on a machine (`EM_X86_64` …); undefined when pt_regs has none such (`xmm0`). */
export function usdtRegister(machine: number, name: string): UsdtRegister | undefined {
  if (machine === EM_AARCH64) {
    aarch64 ??= aarch64Registers()
    return aarch64.get(name)
  }
  if (machine !== EM_X86_64 && machine !== EM_386) return undefined
  x86 ??= x86Registers()
  return x86.get(name)
}

let x86: Map<string, UsdtRegister> | undefined
let aarch64: Map<string, UsdtRegister> | undefined

/** arch/x86/include/asm/ptrace.h: eight bytes each, in this order */
const X86_ORDER = 'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss'

function x86Registers(): Map<string, UsdtRegister> {
  const registers = new Map<string, UsdtRegister>()
  for (const [i, base] of X86_ORDER.split(' ').entries()) {
    const add = (name: string, shiftBits = 0) => registers.set(name, { name, ptRegsOffset: i * 8, shiftBits })
    if (/^r\d/.test(base)) for (const suffix of ['', 'd', 'w', 'b']) add(base + suffix)
    else if (/^([abcd]x|[sd]i|[bs]p|ip)$/.test(base)) {
      for (const prefix of ['r', 'e', '']) add(prefix + base)
      if (base.endsWith('x')) {
        add(`${base[0]}l`)
        add(`${base[0]}h`, 8)
      } else add(`${base}l`)
    }
  }
  return registers
}

/** arch/arm64/include/uapi/asm/ptrace.h: regs[31], sp, pc, pstate */
function aarch64Registers(): Map<string, UsdtRegister> {
  const registers = new Map<string, UsdtRegister>()
  for (let i = 0; i < 31; i++)
    for (const letter of 'xw')
      registers.set(`${letter}${i}`, { name: `${letter}${i}`, ptRegsOffset: i * 8, shiftBits: 0 })
  for (const [name, index] of [
    ['fp', 29],
    ['lr', 30],
    ['sp', 31],
    ['wsp', 31],
    ['pc', 32],
  ] as const)
    registers.set(name, { name, ptRegsOffset: index * 8, shiftBits: 0 })
  return registers
}
