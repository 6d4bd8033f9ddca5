// From functions to a program: the main function, behind it every function it calls, directly or not, in the order in which
// they are met; and the records about their instructions moved to where those are now.

import type { Insn } from '../../asm/index.ts'
import {
  type BtfExtSection,
  FUNC_INFO_BYTES,
  LINE_FIELDS,
  LINE_INFO_BYTES,
  type ProgramInfo,
} from '../../btf/index.ts'
import type { CompiledProgram, ProgramRelocation } from './compiled-object.ts'
import { type ReadContext, refuse } from './context.ts'
import type { ObjectFunction } from './functions.ts'

export interface LinkInput {
  readonly functions: ReadonlyMap<string, ObjectFunction>
  readonly ext: ReadonlyMap<string, BtfExtSection>
  readonly btfBytes: Uint8Array | undefined
}

export type LinkedCode = Pick<CompiledProgram, 'insns' | 'functions' | 'relocations' | 'lines' | 'info'>

/** Throws ObjectError when a function calls something that is not there. */
export function linkProgram(context: ReadContext, main: ObjectFunction, input: LinkInput): LinkedCode {
  const placed: { readonly code: ObjectFunction; readonly slot: number }[] = []
  const seen = new Set<string>()
  let next = 0
  // depth first, as libbpf does: what a function calls stands behind it
  const waiting: ObjectFunction[] = [main]
  for (let code = waiting.pop(); code !== undefined; code = waiting.pop()) {
    if (seen.has(code.label)) continue
    seen.add(code.label)
    placed.push({ code, slot: next })
    next += code.end - code.start
    const callees: ObjectFunction[] = []
    for (const { ref } of code.insns) {
      if (ref?.kind !== 'subprog' && ref?.kind !== 'funcAddress') continue
      const callee = input.functions.get(ref.name)
      if (callee === undefined)
        return refuse(context, `calls "${ref.name}", which is not there`, { program: main.name })
      if (!seen.has(callee.label)) callees.push(callee)
    }
    waiting.push(...callees.reverse())
  }
  const insns: Insn[] = placed.flatMap(({ code }) => [...code.insns])
  const relocations: ProgramRelocation[] = []
  const lines: number[] = []
  for (const { code, slot } of placed) {
    const ext = input.ext.get(code.section.name)
    if (ext === undefined) continue
    const move = (offsetBytes: number) => offsetBytes / 8 - code.start + slot
    const inside = (offsetBytes: number) => offsetBytes >= code.start * 8 && offsetBytes < code.end * 8
    for (const each of ext.relocations)
      if (inside(each.offsetBytes)) relocations.push({ ...each, slot: move(each.offsetBytes) })
    for (let at = 0; at < ext.lines.length; at += LINE_FIELDS)
      if (inside(ext.lines[at]!))
        lines.push(move(ext.lines[at]!), ext.lines[at + 1]!, ext.lines[at + 2]!, ext.lines[at + 3]!)
  }
  const info = input.btfBytes && packInfo(placed, input, Uint32Array.from(lines))
  return {
    insns,
    functions: placed.map(({ code, slot }) => ({ name: code.name, section: code.section.name, slot })),
    relocations,
    lines: Uint32Array.from(lines),
    ...(info === undefined ? {} : { info }),
  }
}

/** The kernel wants a record for every function, and a line where each starts, or nothing at all. */
function packInfo(
  placed: readonly { readonly code: ObjectFunction; readonly slot: number }[],
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
  const starts = new Set<number>()
  for (let at = 0; at < lines.length; at += LINE_FIELDS) starts.add(lines[at]!)
  const complete = placed.every(({ slot }) => starts.has(slot))
  return {
    btf: btfBytes!,
    funcInfo: new Uint8Array(funcInfo.buffer),
    funcInfoRecSize: FUNC_INFO_BYTES,
    lineInfo: complete ? new Uint8Array(Uint32Array.from(lines).buffer) : new Uint8Array(0),
    lineInfoRecSize: LINE_INFO_BYTES,
  }
}
