// The other way: what split BTF needs of its base, so that the base itself need not be at hand. `relocateBtf` reads it.
// Source: btf__distill_base of tools/lib/bpf/btf.c, which pahole puts into modules that are built apart from their kernel.

import { BtfError } from '../errors/index.ts'
import { type Btf, parseBtf } from './btf.ts'
import { BtfBuilder } from './builder.ts'
import { referencesOf, withTypeIds } from './references.ts'
import type { BtfType, NewBtfType } from './type.ts'

export interface DistilledBtf {
  /** raw BTF of the sections .BTF.base and .BTF; the second continues the first */
  readonly base: Uint8Array
  readonly split: Uint8Array
}

/**
 * Named integers, enums, structs and unions of the base become types of their name and size alone, declarations stay; whatever
 * has no name, or only refers to others, moves behind the types of the split BTF.
 * @throws BtfError when `split` has no base, or refers to what has no place there (functions, variables)
 */
export function distillBase(split: Btf): DistilledBtf {
  if (split.base === undefined) throw new BtfError('only split BTF has a base to distill')
  const used = usedOfBase(split)
  const newIds = new Map<number, number>([[0, 0]])
  const base = new BtfBuilder()
  for (const type of used) {
    const distilled = distill(type)
    if (distilled !== undefined) newIds.set(type.id, base.add(distilled))
  }
  const baseBytes = base.build(split.littleEndian)
  const builder = new BtfBuilder(parseBtf(baseBytes))
  const moved = used.filter(type => !newIds.has(type.id))
  const shift = builder.nextId - split.firstId
  const behind = split.typeCount + shift + 1
  for (const [i, type] of moved.entries()) newIds.set(type.id, behind + i)
  const newId = (id: number): number => newIds.get(id) ?? id + shift
  for (let id = split.firstId; id <= split.typeCount; id++) builder.add(withTypeIds(split.type(id), newId))
  for (const type of moved) builder.add(withTypeIds(type, newId))
  return { base: baseBytes, split: builder.build(split.littleEndian) }
}

/** The types of the base that the split BTF refers to, and what those refer to in their turn, by id. */
function usedOfBase(split: Btf): BtfType[] {
  const used = new Map<number, BtfType>()
  const open: number[] = []
  for (let id = split.firstId; id <= split.typeCount; id++) open.push(...referencesOf(split.type(id)))
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === 0 || id >= split.firstId || used.has(id)) continue
    const type = split.type(id)
    used.set(id, type)
    // of a struct with a name the members stay behind
    if (!isNamedComposite(type)) open.push(...referencesOf(type))
  }
  return [...used.values()].sort((a, b) => a.id - b.id)
}

/** What stands in the distilled base for a type; undefined for one that moves. */
function distill(type: BtfType): NewBtfType | undefined {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'fwd':
      return type
    case 'struct':
    case 'union':
      return isNamedComposite(type) ? { ...type, members: [] } : undefined
    case 'enum':
    case 'enum64': {
      const { name, sizeBytes } = type
      return name === '' ? undefined : { kind: 'enum', name, sizeBytes, signed: false, values: [] }
    }
    case 'array':
    case 'typedef':
    case 'ptr':
    case 'const':
    case 'restrict':
    case 'volatile':
    case 'funcProto':
    case 'typeTag':
      return undefined
    default:
      throw new BtfError(`the split BTF refers to a ${type.kind} of its base, which cannot be distilled`)
  }
}

const isNamedComposite = (type: BtfType): boolean =>
  (type.kind === 'struct' || type.kind === 'union') && type.name !== ''
