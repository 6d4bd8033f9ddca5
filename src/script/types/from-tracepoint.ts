// The arguments of a tracepoint as a struct: what `args` is in its probe. Offsets and sizes are those of the format
// file; what a field points to is looked up in BTF by the C type it is declared with.

import type { TracepointField, TracepointFormat } from '../../kernel/tracepoint-format.ts'
import { intOf, none, type ScriptType, type StructDef, type StructMember, string, uint64 } from '../type.ts'

/** `typeByName` finds a C type such as `struct sk_buff`, `pid_t` or `unsigned int`; undefined when unknown. */
export function tracepointStruct(
  format: TracepointFormat,
  typeByName: (name: string) => ScriptType | undefined,
): StructDef {
  let members: readonly StructMember[] | undefined
  const last = format.fields.at(-1)
  return {
    name: format.name,
    union: false,
    sizeBytes: last === undefined ? 0 : last.offset + last.sizeBytes,
    members: () => {
      members ??= format.fields.map(field => ({
        name: field.name,
        type: fieldType(field, typeByName),
        offsetBytes: field.offset,
        ...(field.location === 'data_loc' ? { dataLoc: true } : {}),
      }))
      return members
    },
  }
}

function fieldType(field: TracepointField, typeByName: (name: string) => ScriptType | undefined): ScriptType {
  // A located field is the address of its bytes, which are inside the record and so the kernel's.
  if (field.location !== undefined) return { kind: 'pointer', to: intOf(8, true), space: 'kernel' }
  const type = field.type.trim()
  const pointer = /^(.*?)\s*\*\s*(?:const\s*)?$/.exec(type)
  if (pointer !== null && field.sizeBytes === 8) {
    return { kind: 'pointer', to: pointeeOf(pointer[1]!, typeByName), space: 'kernel' }
  }
  const count = field.arrayCount
  const size = count === undefined || count === 0 ? field.sizeBytes : field.sizeBytes / count
  const named = typeByName(unqualified(type))
  if (count !== undefined) {
    const element = named ?? numberOf(size, field.signed)
    if (element.kind === 'integer' && element.bits === 8) return string(count)
    return { kind: 'array', element, count, space: 'kernel' }
  }
  // The format file has the last word on size and sign of numbers.
  if (named === undefined || named.kind === 'integer') return numberOf(size, field.signed)
  return named
}

/** A pointer whose target BTF does not know points to nothing that can be read. */
function pointeeOf(type: string, typeByName: (name: string) => ScriptType | undefined): ScriptType {
  const deeper = /^(.*?)\s*\*\s*(?:const\s*)?$/.exec(type)
  if (deeper !== null) return { kind: 'pointer', to: pointeeOf(deeper[1]!, typeByName), space: 'kernel' }
  return typeByName(unqualified(type)) ?? none
}

function unqualified(type: string): string {
  return type
    .replace(/\b(?:const|volatile|restrict|__user|__kernel)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function numberOf(sizeBytes: number, signed: boolean): ScriptType {
  if (sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 || sizeBytes === 8) {
    return intOf((sizeBytes * 8) as 8 | 16 | 32 | 64, signed)
  }
  return sizeBytes > 8
    ? { kind: 'array', element: intOf(8, false), count: sizeBytes, space: 'kernel' }
    : uint64
}
