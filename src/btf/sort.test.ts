// The same types in another order are the same types.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BtfError } from '../errors/index.ts'
import { permuteTypes, sortTypes } from './sort.ts'
import type { NewBtfType } from './type.ts'

const ptr = (typeId: number): NewBtfType => ({ kind: 'ptr', name: '', typeId })
const typedef = (name: string, typeId: number): NewBtfType => ({ kind: 'typedef', name, typeId })

test('sorted by name, those without first', () => {
  const { types, newIds } = sortTypes([
    typedef('b', 2),
    ptr(3),
    typedef('a', 0),
    typedef('a', 1),
    typedef('Z', 2),
  ])
  assert.deepEqual(types, [ptr(3), typedef('Z', 1), typedef('a', 0), typedef('a', 5), typedef('b', 1)])
  assert.deepEqual([...newIds], [0, 5, 1, 3, 4, 2])
})

test('an order and its inverse give what there was', () => {
  const shuffled = fc.nat({ max: 9 }).chain(count => {
    const ids = Array.from({ length: count }, (_, i) => i + 1)
    return fc.tuple(
      fc.tuple(...ids.map(id => fc.nat(count).map(to => typedef(`t${id}`, to)))),
      fc.shuffledSubarray(ids, { minLength: count }),
    )
  })
  fc.assert(
    fc.property(shuffled, ([types, order]) => {
      const there = permuteTypes(types, order)
      const back = permuteTypes(there.types, [...there.newIds.subarray(1)])
      assert.deepEqual(back.types, types)
    }),
  )
})

test('an order must have each once', () => {
  const types = [ptr(0), ptr(1)]
  for (const order of [[1], [1, 1], [1, 3], [0, 1], [1, 2, 2]])
    assert.throws(() => permuteTypes(types, order), BtfError)
  assert.throws(() => permuteTypes([ptr(7)], [1]), /no BTF type has the id 7/)
})
