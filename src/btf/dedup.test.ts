// Equal types become one: whatever way they are equal, and only those.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dedupTypes } from './dedup.ts'
import { referencesOf, withTypeIds } from './references.ts'
import type { NewBtfType } from './type.ts'

type Line = [kind: string, name: string, ...ids: number[]]

/** Types in few words: what is not said is of no matter. */
const make = ([kind, name, ...ids]: Line): NewBtfType => {
  const typeId = ids[0] ?? 0
  switch (kind) {
    case 'int':
      return { kind, name, sizeBytes: typeId, encoding: 'signed', offsetBits: 0, sizeBits: typeId * 8 }
    case 'struct':
    case 'union': {
      const member = (id: number, i: number) => ({
        name: `m${i}`,
        typeId: id,
        offsetBits: i * 64,
        bitfieldBits: 0,
      })
      return { kind, name, sizeBytes: ids.length * 8, members: ids.map(member) }
    }
    case 'fwd':
      return { kind, name, target: typeId === 1 ? 'union' : 'struct' }
    case 'enum':
      return {
        kind,
        name,
        sizeBytes: 4,
        signed: false,
        values: ids.map(value => ({ name: `V${value}`, value })),
      }
    case 'proto': {
      const params = ids.slice(1).map((id, i) => ({ name: `${name}${i}`, typeId: id }))
      return { kind: 'funcProto', name: '', returnTypeId: typeId, params, variadic: false }
    }
    case 'func':
      return { kind, name, typeId, linkage: 'global' }
    case 'var':
      return { kind, name, typeId, linkage: 'static' }
    case 'typedef':
      return { kind, name, typeId }
    case 'ptr':
      return { kind, name: '', typeId }
    default:
      throw new Error(kind)
  }
}

/** Which types become one: ids in groups, in the order of the first of each. */
const groups = (lines: readonly Line[]): number[][] => {
  const { newIds, types } = dedupTypes(lines.map(make))
  const found = types.map((): number[] => [])
  for (let id = 1; id < newIds.length; id++) found[newIds[id]! - 1]!.push(id)
  return found
}

const check = (what: string, lines: readonly Line[], expected: number[][]) =>
  test(what, () => assert.deepEqual(groups(lines), expected))

check(
  'what says the same is the same',
  [
    ['int', 'u32', 4],
    ['int', 'u32', 4],
    ['int', 'u64', 8],
  ],
  [[1, 2], [3]],
)
check(
  'so is what refers to the same',
  [
    ['int', 'a', 4],
    ['ptr', '', 1],
    ['int', 'a', 4],
    ['ptr', '', 3],
    ['ptr', '', 0],
  ],
  [[1, 3], [2, 4], [5]],
)
check(
  'a list is the same list in both objects',
  [
    ['struct', 'list', 2],
    ['ptr', '', 1],
    ['struct', 'list', 4],
    ['ptr', '', 3],
  ],
  [
    [1, 3],
    [2, 4],
  ],
)
check(
  'circles are told apart by what hangs on them, however far',
  [
    ['struct', 'a', 2],
    ['ptr', '', 3],
    ['struct', 'b', 4, 5],
    ['ptr', '', 1],
    ['int', 'x', 4],
    ['struct', 'a', 7],
    ['ptr', '', 8],
    ['struct', 'b', 9, 10],
    ['ptr', '', 6],
    ['int', 'x', 8],
  ],
  [[1], [2], [3], [4], [5], [6], [7], [8], [9], [10]],
)
check(
  'a declaration is the struct of that name',
  [
    ['fwd', 's'],
    ['ptr', '', 1],
    ['struct', 'user', 2],
    ['struct', 's', 0],
    ['ptr', '', 4],
    ['struct', 'user', 5],
  ],
  [
    [2, 5],
    [3, 6],
    [1, 4],
  ],
)
check(
  'declarations in a circle find their structs',
  [
    ['struct', 'a', 2],
    ['ptr', '', 3],
    ['struct', 'b', 4],
    ['ptr', '', 1],
    ['struct', 'a', 6],
    ['ptr', '', 7],
    ['fwd', 'b'],
    ['struct', 'b', 9],
    ['ptr', '', 10],
    ['fwd', 'a'],
  ],
  [
    [1, 5, 10],
    [2, 6],
    [3, 7, 8],
    [4, 9],
  ],
)
check(
  'of two structs with the name it stays a declaration',
  [
    ['struct', 's', 0],
    ['struct', 's', 0, 0],
    ['fwd', 's'],
    ['fwd', 's'],
  ],
  [[1], [2], [3, 4]],
)
check(
  'also where they differ in what they point to only',
  [
    ['int', 'u32', 4],
    ['int', 'u64', 8],
    ['struct', 's', 1],
    ['struct', 's', 2],
    ['fwd', 's'],
  ],
  [[1], [2], [3], [4], [5]],
)
check(
  'a struct is no union',
  [
    ['struct', 's', 0],
    ['fwd', 's', 1],
  ],
  [[1], [2]],
)
check(
  'an enum without values is a declaration',
  [
    ['enum', 'e'],
    ['enum', 'e', 1, 2],
  ],
  [[1, 2]],
)
check(
  'enums differ by their values',
  [
    ['enum', 'e', 1],
    ['enum', 'e', 2],
    ['enum', 'e', 1],
  ],
  [[1, 3], [2]],
)
check(
  'functions differ by the names of their parameters',
  [
    ['proto', 'x', 0, 0],
    ['func', 'f', 1],
    ['proto', 'y', 0, 0],
    ['func', 'f', 3],
    ['proto', 'x', 0, 0],
    ['func', 'f', 5],
  ],
  [[1, 5], [2, 6], [3], [4]],
)
check(
  'variables stay',
  [
    ['var', 'v'],
    ['var', 'v'],
  ],
  [[1], [2]],
)
check(
  'typedefs have a name',
  [
    ['typedef', 'a'],
    ['typedef', 'b'],
    ['typedef', 'a'],
  ],
  [[1, 3], [2]],
)
check('nothing is nothing', [], [])

const KINDS = ['struct', 'ptr', 'typedef', 'fwd', 'proto', 'enum', 'union', 'int']
const someTypes = fc.array(
  fc.tuple(fc.constantFrom(...KINDS), fc.constantFrom('a', 'b'), fc.nat(20), fc.nat(20)),
  { minLength: 1, maxLength: 20 },
)

test('any types, put together twice, are as many as once; and none refers to one that is gone', () => {
  fc.assert(
    fc.property(someTypes, list => {
      const count = list.length
      const types = list.map(([kind, name, ...ids]) => make([kind, name, ...ids.map(id => id % (count + 1))]))
      const once = dedupTypes(types)
      const again = types.map(type => withTypeIds(type, id => (id === 0 ? 0 : id + count)))
      const twice = dedupTypes([...types, ...again])
      assert.deepEqual(twice.types, once.types)
      assert.deepEqual(twice.newIds.slice(1, count + 1), twice.newIds.slice(count + 1))
      for (const type of once.types)
        for (const id of referencesOf(type)) assert.ok(id >= 0 && id <= once.types.length)
      // done already
      assert.deepEqual(dedupTypes(once.types).types, once.types)
    }),
    { numRuns: 2000 },
  )
})
