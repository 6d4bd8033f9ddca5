// One type instead of many equal ones: for types of several objects put together.
//
// Two types are equal when no path from one to other types can be told from the same path from the other. That is found from the
// far end: types start out in classes by what their own record says, and a class is split as long as its members refer to
// different classes. Types that contain themselves need no care that way.
// A struct that is only declared counts as the struct of that name, where there is but one.

import { referencesOf, withTypeIds } from './references.ts'
import type { NewBtfType } from './type.ts'

export interface DedupedTypes {
  /** type `i + 1` at `i`, in the order in which each came first */
  readonly types: readonly NewBtfType[]
  /** the new id of each old one; 0 stays */
  readonly newIds: Uint32Array
}

/** @param types type `i + 1` at `i`; variables and sections of them stay as many as they are */
export function dedupTypes(types: readonly NewBtfType[]): DedupedTypes {
  const own = types.map(ownWords)
  const named = definitionsByName(types)
  // names that turn out to have several definitions
  const ambiguous = new Set<string>()
  for (;;) {
    const stands = standIns(types, own, named, ambiguous)
    const classes = classify(types, own, stands.ids)
    const wrong = [...stands.names].filter(name => {
      const [first, ...others] = named.get(name)!
      return others.some(id => classes[id] !== classes[first!])
    })
    if (wrong.length === 0) return merge(types, classes)
    for (const name of wrong) ambiguous.add(name)
  }
}

/** What the record of a type says by itself: all but the ids. */
function ownWords(type: NewBtfType, index: number): string {
  const words: (string | number | bigint | boolean)[] = [type.kind, type.name]
  switch (type.kind) {
    case 'int':
      words.push(type.sizeBytes, type.encoding, type.offsetBits, type.sizeBits)
      break
    case 'float':
      words.push(type.sizeBytes)
      break
    case 'enum':
    case 'enum64':
      words.push(type.sizeBytes, type.signed, ...type.values.flatMap(each => [each.name, each.value]))
      break
    case 'fwd':
      words.push(type.target)
      break
    case 'array':
      words.push(type.count)
      break
    case 'struct':
    case 'union':
      words.push(type.sizeBytes)
      for (const { name, offsetBits, bitfieldBits } of type.members)
        words.push(name, offsetBits, bitfieldBits)
      break
    case 'func':
      words.push(type.linkage)
      break
    case 'funcProto':
      words.push(type.variadic, ...type.params.map(param => param.name))
      break
    case 'declTag':
      words.push(type.componentIndex)
      break
    case 'var':
    case 'datasec':
      words.push(index)
      break
    default:
  }
  return words.join('\0')
}

/** Ids of structs, unions and enums that are defined, by kind and name. */
function definitionsByName(types: readonly NewBtfType[]): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const [i, type] of types.entries()) {
    const key = definedName(type)
    if (key === undefined) continue
    const ids = found.get(key)
    if (ids === undefined) found.set(key, [i + 1])
    else ids.push(i + 1)
  }
  return found
}

function definedName(type: NewBtfType): string | undefined {
  if (type.name === '') return undefined
  if (type.kind === 'struct' || type.kind === 'union') return `${type.kind} ${type.name}`
  return isEnum(type) && type.values.length > 0 ? `enum ${type.name}` : undefined
}

function declaredName(type: NewBtfType): string | undefined {
  if (type.kind === 'fwd') return `${type.target} ${type.name}`
  return isEnum(type) && type.values.length === 0 ? `enum ${type.name}` : undefined
}

const isEnum = (type: NewBtfType): type is Extract<NewBtfType, { kind: 'enum' | 'enum64' }> =>
  type.kind === 'enum' || type.kind === 'enum64'

/** By id: the type itself, or for a declaration the definition that it is taken for; and the names of those. */
function standIns(
  types: readonly NewBtfType[],
  own: readonly string[],
  named: ReadonlyMap<string, readonly number[]>,
  ambiguous: ReadonlySet<string>,
): { readonly ids: Uint32Array; readonly names: ReadonlySet<string> } {
  const ids = Uint32Array.from({ length: types.length + 1 }, (_, id) => id)
  const names = new Set<string>()
  for (const [i, type] of types.entries()) {
    const name = declaredName(type)
    const definitions = name === undefined || ambiguous.has(name) ? undefined : named.get(name)
    if (name === undefined || definitions === undefined) continue
    // that they are equal in what they refer to, too, is seen when the classes are there
    if (!definitions.every(id => own[id - 1] === own[definitions[0]! - 1])) continue
    ids[i + 1] = definitions[0]!
    names.add(name)
  }
  return { ids, names }
}

/** The class of each id; void has its own. */
function classify(types: readonly NewBtfType[], own: readonly string[], stands: Uint32Array): Uint32Array {
  const references = types.map(type => referencesOf(type).map(id => stands[id] ?? 0))
  let classes = new Uint32Array(types.length + 1)
  let count = 0
  let keys = own
  for (;;) {
    const known = new Map<string, number>()
    const next = new Uint32Array(types.length + 1)
    for (const [i, key] of keys.entries()) {
      if (stands[i + 1] !== i + 1) continue
      let number = known.get(key)
      if (number === undefined) known.set(key, (number = known.size + 1))
      next[i + 1] = number
    }
    for (let id = 1; id < next.length; id++) if (stands[id] !== id) next[id] = next[stands[id]!]!
    classes = next
    if (known.size === count) return classes
    count = known.size
    keys = references.map((ids, i) => `${classes[i + 1]} ${ids.map(id => classes[id]!).join(' ')}`)
  }
}

/** The first of each class stays. */
function merge(types: readonly NewBtfType[], classes: Uint32Array): DedupedTypes {
  const byClass = new Map<number, number>()
  const kept: number[] = []
  // a declaration comes before its definition at times, and is not what stays
  for (const isDefinition of [true, false])
    for (const [i, type] of types.entries()) {
      const number = classes[i + 1]!
      if ((declaredName(type) === undefined) !== isDefinition || byClass.has(number)) continue
      byClass.set(number, i + 1)
      kept.push(i + 1)
    }
  kept.sort((a, b) => a - b)
  const places = new Map(kept.map((id, place) => [classes[id]!, place + 1]))
  const newIds = classes.map(number => places.get(number) ?? 0)
  return { newIds, types: kept.map(id => withTypeIds(types[id - 1]!, old => newIds[old]!)) }
}
