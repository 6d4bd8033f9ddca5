// What `args` and `retval` are at a place: from the tracepoint's format, or from BTF by the name of what is traced.

import type { ResolvedPlace } from '../resolve/places.ts'
import { intOf, type ScriptType, type StructDef, type StructMember, uint64 } from '../type.ts'
import { BtfTypes, type FunctionTypes, tracepointStruct } from '../types/index.ts'
import type { ProbeArguments, ProbeResult } from './checked.ts'
import type { CheckFacts } from './checker.ts'

export interface PlaceFacts {
  readonly arguments: ProbeArguments | undefined
  readonly result: ProbeResult | undefined
}

const NOTHING: PlaceFacts = { arguments: undefined, result: undefined }

/** Places of one description share it: ask `placeFactsKey` which do. */
export function placeFacts({ place }: ResolvedPlace, facts: CheckFacts): PlaceFacts {
  switch (place.kind) {
    case 'tracepoint': {
      const format = facts.kernel.tracepointFormat(place.category, place.name)
      if (format === undefined) return NOTHING
      const def = tracepointStruct(format, name => facts.types.byText(name))
      const space = place.category === 'syscalls' ? 'user' : 'kernel'
      return { arguments: { def: inSpace(def, space), layout: 'record', space }, result: undefined }
    }
    case 'rawtracepoint': {
      const types = functionTypes(facts, place)
      const proto = types === undefined ? undefined : rawTracepointTypes(types, place.name)
      // The first parameter is the tracepoint's own data, which programs do not see.
      return proto === undefined ? NOTHING : words(place.name, proto, 1)
    }
    case 'fentry':
    case 'fexit': {
      const types = functionTypes(facts, place)
      const proto = types?.parameters(place.function, 'kernel')
      return proto === undefined ? NOTHING : words(place.function, proto, 0)
    }
    default:
      return NOTHING
  }
}

/** The function that runs a tracepoint's probes has the names of its parameters (Linux 5.11); the type has only theirs. */
function rawTracepointTypes(types: BtfTypes, name: string): FunctionTypes | undefined {
  const named =
    types.parameters(`__traceiter_${name}`, 'kernel') ?? types.parameters(`__probestub_${name}`, 'kernel')
  if (named !== undefined) return named
  const typedef = types.btf.find(`btf_trace_${name}`, 'typedef')
  if (typedef === undefined) return undefined
  const pointer = types.btf.type(typedef.typeId)
  return pointer.kind === 'ptr' ? types.prototype(pointer.typeId, 'kernel') : undefined
}

function functionTypes(
  facts: CheckFacts,
  place: { readonly module: string; readonly programId?: number },
): BtfTypes | undefined {
  if (place.programId !== undefined) {
    const btf = facts.kernel.programBtf?.(place.programId)
    return btf === undefined ? undefined : new BtfTypes(btf)
  }
  if (place.module === 'vmlinux') return facts.types.kernelTypes()
  const btf = facts.kernel.moduleBtf(place.module)
  return btf === undefined ? facts.types.kernelTypes() : new BtfTypes(btf)
}

/** Parameters as the program's context has them: a u64 each, the result behind the last. */
function words(name: string, proto: FunctionTypes, skip: number): PlaceFacts {
  const parameters = proto.parameters.slice(skip)
  const members: StructMember[] = parameters.map(({ name: member, type }, i) => ({
    name: member === '' ? `arg${i}` : member,
    type: type.kind === 'none' ? uint64 : wordType(type),
    offsetBytes: 8 * i,
  }))
  const def: StructDef = { name, union: false, sizeBytes: 8 * members.length, members: () => members }
  const result: ProbeResult | undefined =
    proto.result.kind === 'none' ? undefined : { type: proto.result, offsetBytes: 8 * members.length }
  const simple = !proto.variadic && [...parameters.map(({ type }) => type), proto.result].every(fitsWord)
  return { arguments: { def, layout: 'words', space: 'kernel', simple }, result }
}

function fitsWord({ kind }: ScriptType): boolean {
  return kind !== 'struct' && kind !== 'array'
}

/** A struct handed over by value does not fit a word; its number is all that is seen. */
function wordType(type: ScriptType): ScriptType {
  return type.kind === 'struct' || type.kind === 'array' ? intOf(64, false) : type
}

/** Pointers among the arguments of a system call are the caller's. */
function inSpace(def: StructDef, space: 'kernel' | 'user'): StructDef {
  if (space === 'kernel') return def
  let members: readonly StructMember[] | undefined
  return {
    ...def,
    members: () => {
      members ??= def.members().map(member => {
        const { type } = member
        if (type.kind !== 'pointer' || member.dataLoc) return member
        return { ...member, type: userPointer(type) }
      })
      return members
    },
  }
}

function userPointer(type: Extract<ScriptType, { kind: 'pointer' }>): ScriptType {
  const to = type.to.kind === 'pointer' ? userPointer(type.to) : type.to
  return { ...type, to, space: 'user' }
}
