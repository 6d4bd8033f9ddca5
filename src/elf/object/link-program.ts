// From functions to a program: the main function, behind it every function it calls, directly or not, in the order in which
// they are met; and the records about their instructions moved to where those are now.

import {
  type BtfExtSection,
  FUNC_INFO_BYTES,
  joinWords,
  LINE_FIELDS,
  LINE_INFO_BYTES,
  type ProgramInfo,
} from '../../btf/index.ts'
import type { CompiledProgram, ProgramRelocation } from './compiled-object.ts'
import { type ReadContext, refuse } from './context.ts'
import type { ObjectFunction } from './functions.ts'
import type { ProgramCode } from './program-code.ts'

export interface LinkInput {
  readonly functions: ReadonlyMap<string, ObjectFunction>
  readonly ext: ReadonlyMap<string, BtfExtSection>
  readonly btfBytes: Uint8Array | undefined
  /** names of what is to run on bpf_throw, by the program's name */
  readonly exceptionCallbacks: ReadonlyMap<string, string>
}

export type LinkedCode = Pick<
  CompiledProgram,
  'code' | 'functions' | 'relocations' | 'lines' | 'info' | 'jumpTables'
>

interface PlacedCode {
  readonly code: ObjectFunction
  readonly slot: number
}

/** Throws ObjectError when a function calls something that is not there. */
export function linkProgram(context: ReadContext, main: ObjectFunction, input: LinkInput): LinkedCode {
  const placed: PlacedCode[] = []
  const seen = new Set<string>()
  let next = 0
  // depth first, as libbpf does: what a function calls stands behind it
  const callback = input.functions.get(input.exceptionCallbacks.get(main.name) ?? '')
  const waiting: ObjectFunction[] = callback === undefined ? [main] : [callback, main]
  for (let code = waiting.pop(); code !== undefined; code = waiting.pop()) {
    if (seen.has(code.label)) continue
    seen.add(code.label)
    placed.push({ code, slot: next })
    next += code.end - code.start
    const callees: ObjectFunction[] = []
    for (const label of code.callees) {
      const callee = input.functions.get(label)
      if (callee === undefined)
        return refuse(context, `calls "${label}", which is not there`, { program: main.name })
      if (!seen.has(callee.label)) callees.push(callee)
    }
    waiting.push(...callees.reverse())
  }
  const relocations: ProgramRelocation[] = []
  const lines: Uint32Array[] = []
  for (const { code, slot } of placed) {
    const ext = input.ext.get(code.section.name)
    if (ext === undefined) continue
    const move = (offsetBytes: number) => offsetBytes / 8 - code.start + slot
    const [start, end] = [code.start * 8, code.end * 8]
    const list = ext.relocations
    for (let i = firstFrom(list.length, at => list[at]!.offsetBytes, start); i < list.length; i++) {
      const { offsetBytes, typeId, accessStr, kind } = list[i]!
      if (offsetBytes >= end) break
      relocations.push({ offsetBytes, typeId, accessStr, kind, slot: move(offsetBytes) })
    }
    const records = ext.lines
    const count = records.length / LINE_FIELDS
    const first = firstFrom(count, at => records[at * LINE_FIELDS]!, start)
    const last = firstFrom(count, at => records[at * LINE_FIELDS]!, end)
    const moved = records.slice(first * LINE_FIELDS, last * LINE_FIELDS)
    for (let at = 0; at < moved.length; at += LINE_FIELDS) moved[at] = move(moved[at]!)
    lines.push(moved)
  }
  const packed = joinWords(lines)
  const info = input.btfBytes && packInfo(placed, input, packed)
  return {
    code: placed.length === 1 ? main.code : joinedCode(placed, next),
    functions: placed.map(({ code, slot }) => ({
      ...{ name: code.name, label: code.label, section: code.section.name, slot },
    })),
    relocations,
    lines: packed,
    jumpTables: placed.flatMap(({ code, slot }) =>
      code.jumpTables.map(({ label, targets }) => ({ label, targets: targets.map(each => each + slot) })),
    ),
    ...(info === undefined ? {} : { info }),
  }
}

function joinedCode(placed: readonly PlacedCode[], slots: number): ProgramCode {
  const bytes = new Uint8Array(slots * 8)
  for (const { code, slot } of placed) bytes.set(code.code.bytes, slot * 8)
  const references = placed.flatMap(({ code, slot: start }) =>
    code.code.references.map(({ slot, ref }) => ({ slot: start + slot, ref })),
  )
  return { bytes, references }
}

/** Index of the first record at or behind an offset; `parseBtfExt` gives them in order. */
function firstFrom(count: number, offsetOf: (index: number) => number, start: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsetOf(middle) < start) low = middle + 1
    else high = middle
  }
  return low
}

/** The kernel wants a record for every function, and a line where each starts, or nothing at all. */
function packInfo(
  placed: readonly PlacedCode[],
  { ext, btfBytes }: LinkInput,
  lines: Uint32Array,
): ProgramInfo | undefined {
  const funcInfo = new Uint32Array(placed.length * 2)
  for (const [i, { code, slot }] of placed.entries()) {
    const record = ext.get(code.section.name)?.functions.find(each => each.offsetBytes === code.start * 8)
    if (record === undefined) return undefined
    funcInfo[i * 2] = slot
    funcInfo[i * 2 + 1] = record.typeId
  }
  const slotOf = (index: number) => lines[index * LINE_FIELDS]!
  const count = lines.length / LINE_FIELDS
  const complete = placed.every(({ slot }) => {
    const first = firstFrom(count, slotOf, slot)
    return first < count && slotOf(first) === slot
  })
  return {
    btf: btfBytes!,
    funcInfo: new Uint8Array(funcInfo.buffer),
    funcInfoRecSize: FUNC_INFO_BYTES,
    lineInfo: complete ? new Uint8Array(lines.buffer) : new Uint8Array(0),
    lineInfoRecSize: LINE_INFO_BYTES,
  }
}
