// What the programs of an object can print by bpf_trace_printk: all programs of a machine print to one place, and nothing there
// says who it was. But the formats are in the object, and a line that fits none of them is another's.

import { helperByName } from '../asm/index.ts'
import type { CompiledObject, CompiledProgram, ProgramCode } from '../elf/index.ts'

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
    for (const slot of calls) if (!isFormatKnown(program.code, slot)) known = false
    for (const { ref } of program.code.references) {
      if (ref.kind !== 'mapValue' || !ref.name.startsWith('.rodata')) continue
      const bytes = data.get(ref.name)
      const end = bytes?.indexOf(0, ref.offset) ?? -1
      if (bytes === undefined || end < 0) continue
      const format = Buffer.from(bytes.subarray(ref.offset, end)).toString('utf8')
      if (!patterns.has(format)) patterns.set(format, patternOf(format))
    }
  }
  return { used, patterns: known ? [...patterns.values()] : undefined }
}

/** Slots of calls that print. */
function printCalls({ code: { bytes } }: CompiledProgram): number[] {
  const found: number[] = []
  for (let at = 0; at < bytes.length; at += 8)
    if (bytes[at] === CALL && bytes[at + 1]! >> 4 === 0 && PRINTING.has(word(bytes, at + 4)))
      found.push(at / 8)
  return found
}

const word = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

/** Whether the first argument of a call is a constant string, by the code before it. */
function isFormatKnown({ bytes, references }: ProgramCode, call: number): boolean {
  const refs = new Map(references.map(each => [each.slot, each.ref]))
  let register = 1
  for (let slot = call - 1; slot >= 0; slot--) {
    const [code, registers] = [bytes[slot * 8]!, bytes[slot * 8 + 1]!]
    // the second half of a 64-bit load has no code
    if (code === 0 || (registers & 15) !== register || isNoWrite(code)) continue
    const ref = refs.get(slot)
    if (ref?.kind === 'mapValue') return ref.name.startsWith('.rodata')
    if (code !== MOV_X) return false
    register = registers >> 4
  }
  return false
}

/** Numbers of the helpers that print. */
const PRINTING: ReadonlySet<number> = new Set(
  ['bpf_trace_printk', 'bpf_trace_vprintk'].map(name => helperByName(name)!.id),
)

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
