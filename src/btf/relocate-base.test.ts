// What a module needs of its kernel's types, taken out of one base and found again in another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BtfError } from '../errors/index.ts'
import {
  type Btf,
  BtfBuilder,
  type BtfType,
  distillBase,
  type NewBtfType,
  parseBtf,
  relocateBtf,
} from './index.ts'

const int = (name: string, sizeBytes = 4, encoding: 'signed' | 'unsigned' = 'signed'): NewBtfType => ({
  kind: 'int',
  name,
  sizeBytes,
  encoding,
  offsetBits: 0,
  sizeBits: sizeBytes * 8,
})
const composite = (
  kind: 'struct' | 'union',
  name: string,
  sizeBytes: number,
  ...typeIds: number[]
): NewBtfType => ({
  kind,
  name,
  sizeBytes,
  members: typeIds.map((typeId, i) => ({ name: `m${i}`, typeId, offsetBits: 0, bitfieldBits: 0 })),
})
const struct = composite.bind(undefined, 'struct')
const ptr = (typeId: number): NewBtfType => ({ kind: 'ptr', name: '', typeId })
const typedef = (name: string, typeId: number): NewBtfType => ({ kind: 'typedef', name, typeId })
const enumOf = (name: string, ...values: string[]): NewBtfType => ({
  kind: 'enum',
  name,
  sizeBytes: 4,
  signed: false,
  values: values.map((each, value) => ({ name: each, value })),
})
const fwd = (name: string, target: 'struct' | 'union' = 'struct'): NewBtfType => ({
  kind: 'fwd',
  name,
  target,
})

function btfOf(types: readonly NewBtfType[], base?: Btf): Btf {
  const builder = new BtfBuilder(base)
  for (const type of types) builder.add(type)
  return parseBtf(builder.build(), base)
}
const ownTypes = (btf: Btf): BtfType[] =>
  Array.from({ length: btf.typeCount - btf.firstId + 1 }, (_, i) => btf.type(btf.firstId + i))

/** What a file with .BTF and .BTF.base brings. */
function distilled(split: Btf): Btf {
  const made = distillBase(split)
  return parseBtf(made.split, parseBtf(made.base))
}

const KERNEL: NewBtfType[] = [
  int('int'), // 1
  struct('task', 64, 1, 3), // 2
  ptr(2), // 3
  struct('list', 16, 1), // 4
  typedef('list_t', 4), // 5
  enumOf('state', 'ON', 'OFF'), // 6
  composite('union', '', 8, 1, 3), // 7
  struct('', 4, 1), // 8
  struct('unused', 4, 1), // 9
  { kind: 'array', name: '', elementTypeId: 5, indexTypeId: 1, count: 2 }, // 10
  fwd('opaque'), // 11
]
/** A struct that has all of them. */
const MODULE: NewBtfType[] = [
  struct('mine', 128, 3, 10, 6, 7, 8, 14),
  typedef('mine_t', 12),
  ptr(11),
  { kind: 'func', name: 'unused', typeId: 16, linkage: 'global' },
  {
    kind: 'funcProto',
    name: '',
    returnTypeId: 13,
    params: [{ name: 'list', typeId: 5 }],
    variadic: false,
  },
]

test('what is kept of the base', () => {
  const split = distilled(btfOf(MODULE, btfOf(KERNEL)))
  assert.deepEqual(
    ownTypes(split.base!).map(type => `${type.kind} ${type.name}`),
    ['int int', 'struct task', 'struct list', 'enum state', 'fwd opaque'],
  )
  const [task] = split.base!.findAll('task', 'struct')
  assert.deepEqual([task?.sizeBytes, task?.members], [64, []])
  // behind the types of the module, what is found by no name
  assert.deepEqual(
    ownTypes(split).map(({ kind }) => kind),
    ['struct', 'typedef', 'ptr', 'func', 'funcProto', 'ptr', 'typedef', 'union', 'struct', 'array'],
  )
})

test('put onto another kernel', () => {
  const other = btfOf([
    fwd('opaque', 'union'),
    struct('unused', 4),
    enumOf('state', 'OFF'),
    int('int', 4, 'unsigned'), // of another meaning
    struct('opaque', 12),
    int('int'),
    struct('list', 16, 6),
    struct('task', 96, 6), // has grown, and is only pointed to
  ])
  const relocated = relocateBtf(distilled(btfOf(MODULE, btfOf(KERNEL))), other)
  assert.equal(relocated.firstId, 9)
  const mine = relocated.get('mine', 'struct')
  const [task, array, state, , , opaque] = mine.members.map(member => relocated.type(member.typeId))
  assert.deepEqual([task?.kind, task?.kind === 'ptr' && task.typeId], ['ptr', 8])
  const list = array?.kind === 'array' ? relocated.type(array.elementTypeId) : undefined
  assert.deepEqual([list?.name, list?.kind === 'typedef' && list.typeId], ['list_t', 7])
  assert.equal(state?.id, 3)
  assert.equal(opaque?.kind === 'ptr' && opaque.typeId, 5)
})

test('names that the base has as well are found in both', () => {
  const relocated = relocateBtf(distilled(btfOf(MODULE, btfOf(KERNEL))), btfOf(KERNEL))
  assert.deepEqual(
    relocated.findAll('unused').map(({ kind }) => kind),
    ['struct', 'func'],
  )
  assert.equal(relocated.func('unused')?.func.linkage, 'global')
  assert.deepEqual(
    relocated.idsOfNames(['unused', 'mine', 'none']),
    new Map([
      ['unused', [9, 15]],
      ['mine', [12]],
    ]),
  )
})

const refused = (
  what: string,
  module: NewBtfType[],
  kernel: NewBtfType[],
  other: NewBtfType[],
  message: RegExp,
) =>
  test(what, () => {
    const split = distilled(btfOf(module, btfOf(kernel)))
    assert.throws(
      () => relocateBtf(split, btfOf(other)),
      (error: unknown) => error instanceof BtfError && message.test(error.message),
    )
  })

const inside = [struct('mine', 16, 1)]
const pointed = [ptr(1), struct('mine', 8, 2)]
refused('a type that is gone', pointed, [struct('task', 8)], [int('int')], /has no struct task of 8 bytes$/)
refused(
  'a struct inside of ours that has grown',
  inside,
  [struct('task', 8)],
  [struct('task', 12)],
  /has no struct task of 8 bytes, but struct task of 12 bytes/,
)
refused(
  'a struct that became a union',
  pointed,
  [struct('task', 8)],
  [composite('union', 'task', 8)],
  /no struct/,
)
refused('an integer of another size', inside, [int('long', 8)], [int('long', 4)], /no int long of 8 bytes/)
refused(
  'two of one name and size',
  pointed,
  [struct('task', 8)],
  [int('int'), struct('task', 8), struct('task', 8, 1)],
  /several types that struct task of 8 bytes may be: ids 2, 3/,
)

test('two of one name are told apart by their size', () => {
  const split = distilled(btfOf(pointed, btfOf([struct('task', 8)])))
  const relocated = relocateBtf(split, btfOf([struct('task', 12), struct('task', 8), int('int')]))
  assert.deepEqual(relocated.type(4), { kind: 'ptr', id: 4, name: '', typeId: 2 })
})

test('an enum of 64 bits stands for one of its size', () => {
  const wide: NewBtfType = { kind: 'enum64', name: 'wide', sizeBytes: 8, signed: false, values: [] }
  const relocated = relocateBtf(distilled(btfOf([ptr(1)], btfOf([wide]))), btfOf([int('int'), wide]))
  assert.deepEqual(relocated.type(3), { kind: 'ptr', id: 3, name: '', typeId: 2 })
})

test('only a distilled base is taken for one', () => {
  assert.throws(() => relocateBtf(btfOf(KERNEL), btfOf(KERNEL)), /this one has no base/)
  assert.throws(() => relocateBtf(btfOf(MODULE, btfOf(KERNEL)), btfOf(KERNEL)), /type 3 of the base is a ptr/)
  assert.throws(() => distillBase(btfOf(KERNEL)), /only split BTF has a base/)
})

/** Types of any kind that refer to each other in any way. */
const anyTypes = (names: string, first: number, count: number): fc.Arbitrary<NewBtfType[]> =>
  fc.tuple(...Array.from({ length: count }, (_, i) => anyType(`${names}${i}`, first + count)))
const anyType = (name: string, ids: number): fc.Arbitrary<NewBtfType> => {
  const id = fc.nat(ids - 1)
  return fc.oneof(
    fc.nat(8).map(size => int(name, size)),
    id.map(ptr),
    id.map(typeId => typedef(name, typeId)),
    fc
      .tuple(fc.constantFrom(name, ''), fc.array(id, { maxLength: 4 }))
      .map(([as, of]) => struct(as, 8, ...of)),
    fc.constantFrom(name, '').map(as => enumOf(as, `${name}_A`, `${name}_B`)),
    id.map(
      (elementTypeId): NewBtfType => ({ kind: 'array', name: '', elementTypeId, indexTypeId: 0, count: 3 }),
    ),
    fc.constant(fwd(name)),
  )
}

test('on the base that it was distilled from it is what it was', () => {
  fc.assert(
    fc.property(anyTypes('base', 1, 12), anyTypes('own', 13, 6), (inBase, own) => {
      const base = btfOf(inBase)
      const split = btfOf(own, base)
      const relocated = relocateBtf(distilled(split), base)
      for (const type of ownTypes(split))
        assert.equal(picture(relocated, type.id, 4), picture(split, type.id, 4))
    }),
  )
})

/** A type with what it refers to, some steps far, without ids. */
function picture(btf: Btf, id: number, depth: number): string {
  const { id: _, ...type } = btf.type(id)
  return JSON.stringify(type, (key, value) =>
    key !== 'typeId' && key !== 'elementTypeId' ? value : depth > 0 ? picture(btf, value, depth - 1) : '…',
  )
}

test('bytes that are damaged are refused or read', () => {
  const base = btfOf(KERNEL)
  const made = distillBase(btfOf(MODULE, base))
  const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(damage, damage, (inBase, inSplit) => {
      const spoil = (bytes: Uint8Array, places: [number, number][]) => {
        const copy = Uint8Array.from(bytes)
        for (const [at, value] of places) copy[24 + (at % (copy.length - 24))] = value
        return copy
      }
      try {
        const split = parseBtf(spoil(made.split, inSplit), parseBtf(spoil(made.base, inBase)))
        const relocated = relocateBtf(split, base)
        distillBase(relocated)
      } catch (error) {
        if (!(error instanceof BtfError)) throw error
      }
    }),
    { numRuns: 500 },
  )
})
