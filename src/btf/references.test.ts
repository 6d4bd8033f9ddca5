// Copying types: every kind says which ids it has, and they are all replaced.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBtf } from './btf.ts'
import { BtfBuilder } from './builder.ts'
import { referencesOf, withTypeIds } from './references.ts'
import type { NewBtfType } from './type.ts'

const of = (id: number) => ({ name: '', typeId: id })
const kinds: [type: NewBtfType, ids: number[]][] = [
  [{ kind: 'int', name: 'x', sizeBytes: 4, encoding: 'signed', offsetBits: 0, sizeBits: 32 }, []],
  [{ kind: 'float', name: 'f', sizeBytes: 8 }, []],
  [{ kind: 'enum', name: 'e', sizeBytes: 4, signed: false, values: [{ name: 'A', value: 1 }] }, []],
  [{ kind: 'enum64', name: 'e', sizeBytes: 8, signed: true, values: [{ name: 'B', value: -1n }] }, []],
  [{ kind: 'fwd', name: 's', target: 'union' }, []],
  [{ kind: 'ptr', ...of(1), name: '' }, [1]],
  [{ kind: 'typedef', ...of(2), name: 't' }, [2]],
  [{ kind: 'typeTag', ...of(3), name: 'user' }, [3]],
  [{ kind: 'array', name: '', elementTypeId: 1, indexTypeId: 2, count: 3 }, [1, 2]],
  [
    {
      ...{ kind: 'struct', name: 's', sizeBytes: 8 },
      members: [
        { ...of(1), name: 'a', offsetBits: 0, bitfieldBits: 3 },
        { ...of(4), name: 'b', offsetBits: 3, bitfieldBits: 5 },
      ],
    },
    [1, 4],
  ],
  [{ kind: 'funcProto', name: '', returnTypeId: 1, params: [of(2), of(3)], variadic: true }, [1, 2, 3]],
  [{ kind: 'func', ...of(11), name: 'f', linkage: 'global' }, [11]],
  [{ kind: 'var', ...of(1), name: 'v', linkage: 'extern' }, [1]],
  [
    { kind: 'datasec', name: '.bss', sizeBytes: 4, vars: [{ typeId: 13, offsetBytes: 0, sizeBytes: 4 }] },
    [13],
  ],
  [{ kind: 'declTag', ...of(10), name: 'tag', componentIndex: 1 }, [10]],
]

test('ids come in the order of the record', () => {
  for (const [type, ids] of kinds) assert.deepEqual(referencesOf(type), ids, type.kind)
})

test('a copy differs in its ids only, also when it is written and read', () => {
  const builder = new BtfBuilder()
  for (const [type] of kinds) builder.add(type)
  const btf = parseBtf(builder.build())
  for (const [i, [, ids]] of kinds.entries()) {
    const type = btf.type(i + 1)
    assert.deepEqual(
      withTypeIds(type, id => id),
      type,
    )
    assert.deepEqual(
      referencesOf(withTypeIds(type, id => id + 100)),
      ids.map(id => id + 100),
    )
  }
})

test('either byte order is written', () => {
  const builder = new BtfBuilder()
  for (const [type] of kinds) builder.add(type)
  const [little, big] = [parseBtf(builder.build()), parseBtf(builder.build(false))]
  assert.deepEqual([little.littleEndian, big.littleEndian], [true, false])
  for (let id = 1; id <= kinds.length; id++) assert.deepEqual(big.type(id), little.type(id))
})
