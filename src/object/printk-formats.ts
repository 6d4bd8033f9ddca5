// What the programs of an object can print by bpf_trace_printk: all programs of a machine print to one place, and nothing there
// says who it was. But the formats are in the object, and a line that fits none of them is another's.

import { helperById, type Insn } from '../asm/index.ts'
import type { CompiledObject, CompiledProgram } from '../elf/index.ts'

export interface PrintkFormats {
  /** whether any program prints */
  readonly used: boolean
  /**
   * of lines that these programs can print; undefined when not all their formats are known (one kept on the stack, as older
   * headers do it)
   */
  readonly patterns: readonly RegExp[] | undefined
}

/** BPF_JMP | BPF_CALL, and BPF_ALU64 | BPF_MOV | BPF_X */
const CALL = 0x85
const MOV_X = 0xbf

/** All constant strings that programs refer to count as formats: a compiler may give two calls one place. */
export function printkFormats({ programs, maps }: CompiledObject): PrintkFormats {
  const data = new Map(maps.map(({ label, data }) => [label, data]))
  const patterns = new Map<string, RegExp>()
  let [used, known] = [false, true]
  for (const program of programs) {
    const calls = printCalls(program)
    if (calls.length === 0) continue
    used = true
    for (const at of calls) if (formatAt(program.insns, at) === undefined) known = false
    for (const { ref } of program.insns) {
      if (ref?.kind !== 'mapValue' || !ref.name.startsWith('.rodata')) continue
      const bytes = data.get(ref.name)
      const end = bytes?.indexOf(0, ref.offset) ?? -1
      if (bytes === undefined || end < 0) continue
      const format = Buffer.from(bytes.subarray(ref.offset, end)).toString('utf8')
      if (!patterns.has(format)) patterns.set(format, patternOf(format))
    }
  }
  return { used, patterns: known ? [...patterns.values()] : undefined }
}

function printCalls({ insns }: CompiledProgram): number[] {
  const found: number[] = []
  for (const [at, { code, src, imm }] of insns.entries())
    if (code === CALL && src === 0 && PRINTING.test(helperById(imm)?.name ?? '')) found.push(at)
  return found
}

/** Where the first argument of a call comes from, by the code before it, if it is a constant. */
function formatAt(insns: readonly Insn[], call: number): { readonly name: string } | undefined {
  let register = 1
  for (let at = call - 1; at >= 0; at--) {
    const insn = insns[at]!
    if (insn.dst !== register || isNoWrite(insn.code)) continue
    if (insn.ref?.kind === 'mapValue') return insn.ref.name.startsWith('.rodata') ? insn.ref : undefined
    if (insn.code !== MOV_X) return undefined
    register = insn.src
  }
  return undefined
}

const PRINTING = /^(bpf_)?trace_v?printk$/

/** Stores and jumps have a destination register that they do not write: classes ST, STX, JMP, JMP32. */
const isNoWrite = (code: number): boolean => [2, 3, 5, 6].includes(code & 7)

const CONVERSION = /%(%|[-+ 0#]*\d*(?:\.\d+)?(?:h{1,2}|l{1,2})?(?:p[A-Za-z0-9]{0,3}|[a-zA-Z]))/

/** Lines that a format can make, without the line's end. */
export function patternOf(format: string): RegExp {
  const parts = format.replace(/\n+$/, '').split(CONVERSION)
  const source = parts.map((part, i) =>
    i % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : part === '%' ? '%' : '.*?',
  )
  return new RegExp(`^${source.join('')}$`, 's')
}
