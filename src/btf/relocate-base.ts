// Split BTF made for one kernel, put onto the types of another: what a module brings that was built against headers of a kernel and
// not against its very build. Such a module has, beside .BTF, a distilled base (.BTF.base): of each type of the kernel that it
// refers to no more than name, kind and size, by which the type is found in the kernel that runs. Linux 6.11.
// Source: tools/lib/bpf/btf_relocate.c, which the kernel uses for modules, too.

import { BtfError } from '../errors/index.ts'
import { type Btf, parseBtf } from './btf.ts'
import { BtfBuilder } from './builder.ts'
import { referencesOf, withTypeIds } from './references.ts'
import type { BtfType } from './type.ts'

/**
 * The types of `split`, whose base is distilled, on top of `base`. Their ids shift by the difference in length of the two bases.
 * @throws BtfError when `split` has no distilled base, and for a type that `base` does not have or has several of
 */
export function relocateBtf(split: Btf, base: Btf): Btf {
  const distilled = split.base
  if (distilled === undefined) throw new BtfError('only split BTF can be relocated: this one has no base')
  if (distilled.littleEndian !== base.littleEndian)
    throw new BtfError('the types are of one byte order, and those of the base of the other')
  const ids = matchBase(split, distilled, base)
  const shift = base.typeCount - distilled.typeCount
  const last = split.typeCount
  const newId = (id: number): number => {
    if (id < split.firstId) return ids[id]!
    if (id > last) throw new BtfError(`no BTF type has the id ${id}: the last one is ${last}`)
    return id + shift
  }
  const builder = new BtfBuilder(base, { ownStrings: true })
  for (let id = split.firstId; id <= last; id++) builder.add(withTypeIds(split.type(id), newId))
  return parseBtf(builder.build(split.littleEndian), base)
}

/** What a distilled base may have. */
type Distilled = Extract<BtfType, { kind: 'int' | 'float' | 'enum' | 'struct' | 'union' | 'fwd' }>

/** The id in `base` for each id of the distilled base. */
function matchBase(split: Btf, distilled: Btf, base: Btf): Uint32Array {
  const types: Distilled[] = []
  for (let id = 1; id <= distilled.typeCount; id++) types.push(distilledType(distilled.type(id)))
  const idsOf = base.idsOfNames(new Set(types.map(type => type.name)))
  const embedded = embeddedComposites(split)
  const ids = new Uint32Array(types.length + 1)
  for (const type of types) {
    const named = (idsOf.get(type.name) ?? []).map(id => base.type(id))
    // the size tells structs of one name apart, and else may be another in this kernel, unless the struct lies within one of ours
    const needsSize = embedded.has(type.id) || named.filter(isComposite).length > 1
    const matches = named.filter(other => standsFor(type, other, needsSize))
    if (matches.length > 1)
      throw new BtfError(
        `the base has several types that ${describe(type)} may be: ids ${matches.map(({ id }) => id).join(', ')}`,
      )
    if (matches.length === 0) throw new BtfError(`the base has no ${describe(type)}${others(named)}`)
    ids[type.id] = matches[0]!.id
  }
  return ids
}

function distilledType(type: BtfType): Distilled {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'enum':
    case 'struct':
    case 'union':
    case 'fwd':
      if (type.name !== '') return type
      throw new BtfError(`type ${type.id} of the distilled base has no name`)
    default:
      throw new BtfError(`type ${type.id} of the base is a ${type.kind}: it is no distilled base`)
  }
}

/** Whether a type of the kernel may be the one that was distilled; both have the same name. */
function standsFor(type: Distilled, other: BtfType, needsSize: boolean): boolean {
  switch (type.kind) {
    case 'int':
      return other.kind === 'int' && other.sizeBytes === type.sizeBytes && other.encoding === type.encoding
    case 'float':
      return other.kind === 'float' && other.sizeBytes === type.sizeBytes
    case 'enum':
      // an enum of 64 bits is distilled to an enum of its size
      return (other.kind === 'enum' || other.kind === 'enum64') && other.sizeBytes === type.sizeBytes
    case 'struct':
    case 'union':
      return other.kind === type.kind && (!needsSize || other.sizeBytes === type.sizeBytes)
    case 'fwd':
      return other.kind === 'fwd' ? other.target === type.target : other.kind === type.target
    default:
      return type satisfies never
  }
}

const isComposite = (type: BtfType): boolean => type.kind === 'struct' || type.kind === 'union'

/** Structs and unions of the base that lie within one of the split BTF: where they have another size, its members lie wrong. */
function embeddedComposites(split: Btf): Set<number> {
  const embedded = new Set<number>()
  const seen = new Set<number>()
  for (let id = split.firstId; id <= split.typeCount; id++) {
    const type = split.type(id)
    const inside = isComposite(type) ? referencesOf(type) : []
    for (let next = inside.pop(); next !== undefined; next = inside.pop()) {
      if (next === 0 || seen.has(next)) continue
      seen.add(next)
      const member = split.type(next)
      if (isComposite(member)) {
        if (next < split.firstId) embedded.add(next)
      } else if (member.kind === 'array') inside.push(member.elementTypeId)
      else if (LOOKED_THROUGH.has(member.kind) && 'typeId' in member) inside.push(member.typeId)
    }
  }
  return embedded
}

const LOOKED_THROUGH: ReadonlySet<string> = new Set(['const', 'restrict', 'volatile', 'typedef', 'typeTag'])

const describe = (type: BtfType): string =>
  `${type.kind} ${type.name}${'sizeBytes' in type ? ` of ${type.sizeBytes} bytes` : ''}`

const others = (types: readonly BtfType[]): string =>
  types.length === 0 ? '' : `, but ${types.map(describe).join(', ')}`
