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
export const usdtRegister = (machine: number, name: string): UsdtRegister | undefined =>
  (machine === EM_AARCH64 ? AARCH64 : machine === EM_X86_64 || machine === EM_386 ? X86 : undefined)?.get(
    name,
  )

/** arch/x86/include/asm/ptrace.h: eight bytes each, in this order */
const X86_ORDER = 'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss'.split(' ')

const X86 = new Map<string, UsdtRegister>()
for (const [i, base] of X86_ORDER.entries()) {
  const add = (name: string, shiftBits = 0) => X86.set(name, { name, ptRegsOffset: i * 8, shiftBits })
  if (/^r\d/.test(base)) for (const suffix of ['', 'd', 'w', 'b']) add(base + suffix)
  else if (/^([abcd]x|[sd]i|[bs]p|ip)$/.test(base)) {
    for (const prefix of ['r', 'e', '']) add(prefix + base)
    if (base.endsWith('x')) {
      add(`${base[0]}l`)
      add(`${base[0]}h`, 8)
    } else add(`${base}l`)
  }
}

/** arch/arm64/include/uapi/asm/ptrace.h: regs[31], sp, pc, pstate */
const AARCH64 = new Map<string, UsdtRegister>()
for (let i = 0; i < 31; i++)
  for (const letter of 'xw')
    AARCH64.set(`${letter}${i}`, { name: `${letter}${i}`, ptRegsOffset: i * 8, shiftBits: 0 })
for (const [name, index] of [
  ['fp', 29],
  ['lr', 30],
  ['sp', 31],
  ['wsp', 31],
  ['pc', 32],
] as const)
  AARCH64.set(name, { name, ptRegsOffset: index * 8, shiftBits: 0 })
