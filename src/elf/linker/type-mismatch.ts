// Whether two objects mean the same by a name: the type of a variable or function, the definition of a map.
// Source of the rules: glob_sym_btf_matches and map_defs_match, tools/lib/bpf/linker.c.

import { type Btf, type BtfType, resolve } from '../../btf/index.ts'
import { type MapDefinition, parseMapDefinition } from '../object/map-definition.ts'

export interface GlobalType {
  readonly btf: Btf
  /** a var or func */
  readonly id: number
}

/** Types are not compared deeper than this: they are taken for equal. */
const DEPTH_MAX = 64

/** What differs, as `TEXT here and TEXT there`; undefined when nothing does. Throws BtfError for malformed types. */
export function typeMismatch(here: GlobalType, there: GlobalType): string | undefined {
  return new Comparison(here.btf, there.btf).compare(here.id, there.id, true, 0)
}

/** The same for maps, `extern` ones too, whose declaration must be complete. */
export function mapMismatch(here: GlobalType, there: GlobalType): string | undefined {
  const [a, b] = [mapOf(here), mapOf(there)]
  if (typeof a === 'string') return a
  if (typeof b === 'string') return b
  return definitionsDiffer(here.btf, a, there.btf, b)
}

class Mismatch extends Error {}

function mapOf({ btf, id }: GlobalType): MapDefinition | string {
  const variable = btf.type(id)
  const struct = variable.kind === 'var' ? resolve(btf, btf.type(variable.typeId)) : variable
  if (struct.kind !== 'struct') return `it is ${struct.kind} and no map`
  try {
    return parseMapDefinition(btf, struct, what => {
      throw new Mismatch(what)
    })
  } catch (error) {
    if (error instanceof Mismatch) return error.message
    throw error
  }
}

function definitionsDiffer(aBtf: Btf, a: MapDefinition, bBtf: Btf, b: MapDefinition): string | undefined {
  for (const [what, field] of FIELDS) {
    const [x, y] = [a[field], b[field]]
    if (x !== y) return `its ${what} is ${x ?? 'not said'} here and ${y ?? 'not said'}`
  }
  for (const [what, field] of [
    ['key', 'keyTypeId'],
    ['value', 'valueTypeId'],
  ] as const) {
    const [x, y] = [a[field], b[field]]
    if ((x === 0) !== (y === 0))
      return `the type of its ${what} is ${x === 0 ? 'not said' : 'said'} here, and not so`
    const differs = x === 0 ? undefined : new Comparison(aBtf, bBtf).compare(x, y, true, 0)
    if (differs !== undefined) return `in its ${what}: ${differs}`
  }
  if ((a.inner === undefined) !== (b.inner === undefined))
    return `it has ${a.inner === undefined ? 'no' : 'an'} inner map here, and not so`
  const differs =
    a.inner === undefined || b.inner === undefined
      ? undefined
      : definitionsDiffer(aBtf, a.inner, bBtf, b.inner)
  return differs === undefined ? undefined : `inner map: ${differs}`
}

const FIELDS = [
  ['type', 'type'],
  ['key_size', 'keySize'],
  ['value_size', 'valueSize'],
  ['max_entries', 'maxEntries'],
  ['map_flags', 'flags'],
  ['numa_node', 'numaNode'],
  ['map_extra', 'mapExtra'],
  ['pinning', 'pinned'],
] as const

class Comparison {
  readonly #a: Btf
  readonly #b: Btf

  constructor(a: Btf, b: Btf) {
    this.#a = a
    this.#b = b
  }

  /** @param exact members count; behind a pointer only names do, and a declaration is as good as a definition */
  compare(aId: number, bId: number, exact: boolean, depth: number): string | undefined {
    if (depth > DEPTH_MAX) return undefined
    const a = resolve(this.#a, this.#a.type(aId))
    const b = resolve(this.#b, this.#b.type(bId))
    if (!exact && (a.kind === 'fwd') !== (b.kind === 'fwd')) return declarationDiffers(a, b)
    if (a.kind !== b.kind) return `${kindLabel(a)} here and ${kindLabel(b)}`
    if (NAMED.has(a.kind) && a.name !== b.name) return `${kindLabel(a)} here and ${kindLabel(b)}`
    switch (a.kind) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64': {
        const other = b as typeof a
        return a.sizeBytes === other.sizeBytes
          ? undefined
          : `${kindLabel(a)} of ${a.sizeBytes} bytes here and of ${other.sizeBytes}`
      }
      case 'ptr':
        return this.compare(a.typeId, (b as typeof a).typeId, false, depth + 1)
      case 'array':
        return this.compare(a.elementTypeId, (b as typeof a).elementTypeId, exact, depth + 1)
      case 'func':
      case 'var': {
        const other = b as typeof a
        if ((a.linkage === 'static') !== (other.linkage === 'static'))
          return `${a.linkage} here and ${other.linkage}`
        return this.compare(a.typeId, other.typeId, exact, depth + 1)
      }
      case 'struct':
      case 'union':
        return exact ? this.#members(a, b as typeof a, depth) : undefined
      case 'funcProto': {
        const other = b as typeof a
        if (a.params.length !== other.params.length)
          return `${a.params.length} parameters here and ${other.params.length}`
        for (const [i, { typeId }] of a.params.entries()) {
          const differs = this.compare(typeId, other.params[i]!.typeId, exact, depth + 1)
          if (differs !== undefined) return `parameter ${i + 1}: ${differs}`
        }
        const differs = this.compare(a.returnTypeId, other.returnTypeId, exact, depth + 1)
        return differs === undefined ? undefined : `result: ${differs}`
      }
      default:
        return undefined
    }
  }

  #members(
    a: Extract<BtfType, { kind: 'struct' | 'union' }>,
    b: Extract<BtfType, { kind: 'struct' | 'union' }>,
    depth: number,
  ): string | undefined {
    if (a.members.length !== b.members.length)
      return `${kindLabel(a)} of ${a.members.length} members here and of ${b.members.length}`
    for (const [i, member] of a.members.entries()) {
      const other = b.members[i]!
      if (member.name !== other.name)
        return `member ${i} of ${kindLabel(a)} is ${member.name} here and ${other.name}`
      if (member.offsetBits !== other.offsetBits) return `${member.name} of ${kindLabel(a)} is elsewhere than`
      const differs = this.compare(member.typeId, other.typeId, true, depth + 1)
      if (differs !== undefined) return `${member.name} of ${kindLabel(a)}: ${differs}`
    }
    return undefined
  }
}

const NAMED: ReadonlySet<BtfType['kind']> = new Set([
  'struct',
  'union',
  'enum',
  'enum64',
  'fwd',
  'func',
  'var',
])

function declarationDiffers(a: BtfType, b: BtfType): string | undefined {
  const kind = (type: BtfType) => (type.kind === 'fwd' ? type.target : type.kind)
  return a.name === b.name && kind(a) === kind(b) ? undefined : `${kindLabel(a)} here and ${kindLabel(b)}`
}

const kindLabel = (type: BtfType): string => {
  const kind = type.kind === 'fwd' ? type.target : type.kind === 'enum64' ? 'enum' : type.kind
  if (kind === 'int' || kind === 'float') return type.name
  const label = type.name === '' ? (KIND_TEXTS[kind] ?? kind) : `${kind} ${type.name}`
  return type.kind === 'fwd' ? `${label} (only declared)` : label
}

const KIND_TEXTS: Readonly<Record<string, string>> = {
  ptr: 'a pointer',
  array: 'an array',
  funcProto: 'a function',
}
