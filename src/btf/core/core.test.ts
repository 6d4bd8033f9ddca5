// CO-RE relocations: what a program compiled for one set of types is told by another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfError } from '../../errors/index.ts'
import { parseBtf } from '../btf.ts'
import { BtfBuilder } from '../builder.ts'
import { Types } from '../testing/types.ts'
import { CORE_KINDS, type CoreKind, essentialName } from './kinds.ts'
import { CoreResolver } from './relocation.ts'

const base = () => new Types().int('u8', 1).int('u32', 4).int('u64', 8).int('s32', 4, 'signed')

const array = (types: Types, key: string, element: string, count: number) =>
  types.add(key, {
    ...{ kind: 'array', name: '', elementTypeId: types.id(element), indexTypeId: types.id('u32'), count },
  })

const pointer = (types: Types, key: string, to: string) =>
  types.add(key, { kind: 'ptr', name: '', typeId: types.id(to) })

const local = base()
array(local, 'u32[4]', 'u32', 4)
pointer(local, 'u32*', 'u32')
local
  .struct('inner', 8, [
    ['x', 'u32', 0],
    ['y', 'u32', 32],
  ])
  .struct('task', 48, [
    ['pid', 'u32', 0],
    ['list', 'u32[4]', 32],
    ['in', 'inner', 160],
    ['wide', 'u64', 256],
    ['next', 'u32*', 320],
    ['flag', 'u32', 224, 3],
    ['sig', 's32', 352],
  ])
  .struct('task___old', 4, [['gone', 'u32', 0]])
  .struct('absent', 4, [['x', 'u32', 0]])
  .enum('color', [
    ['RED', 0],
    ['GREEN___x', 1],
    ['PINK', 9],
  ])

const kernel = base()
array(kernel, 'u32[8]', 'u32', 8)
pointer(kernel, 'u32*', 'u32')
kernel
  .struct('inner', 8, [
    ['y', 'u32', 0],
    ['x', 'u32', 32],
  ])
  .struct('anon1', 40, [
    ['list', 'u32[8]', 0],
    ['in', 'inner', 256],
  ])
  .struct('task', 64, [
    ['next', 'u32*', 0],
    ['', 'anon1', 64],
    ['pid', 'u64', 384],
    ['wide', 'u32', 448],
    ['flag', 'u32', 483, 5],
    ['sig', 'u64', 0],
  ])
  .enum(
    'color',
    [
      ['GREEN', 42],
      ['RED', -7],
    ],
    true,
  )

const resolver = () => new CoreResolver(local.build(), { kernel: kernel.build() })

type Expected = { value?: bigint; poison?: true; bytes?: number; widthUnfit?: true; was?: bigint }

const check = (kind: CoreKind, type: string, accessStr: string, expected: Expected) =>
  test(`${kind} of ${type} ${accessStr}`, () => {
    const answer = resolver().answer({ kind: CORE_KINDS.indexOf(kind), typeId: local.id(type), accessStr })
    for (const [field, value] of Object.entries(expected))
      assert.equal(answer[field as keyof typeof answer], value, field)
    assert.equal(answer.poison, expected.poison ?? false)
  })

check('field_byte_offset', 'task', '0', { value: 0n })
check('field_byte_offset', 'task', '0:0', { was: 0n, value: 48n, bytes: 8 })
check('field_byte_offset', 'task', '0:1:2', { was: 12n, value: 16n, bytes: 4 })
check('field_byte_offset', 'task', '0:2:0', { was: 20n, value: 44n })
check('field_byte_offset', 'task', '0:3', { was: 32n, value: 56n, bytes: 4 })
check('field_byte_offset', 'task', '0:4', { was: 40n, value: 0n })
check('field_byte_offset', 'task', '1:0', { was: 48n, value: 112n })
check('field_byte_offset', 'task', '0:5', { value: 60n })
check('field_byte_offset', 'task', '0:6', { value: 0n, widthUnfit: true })
check('field_byte_size', 'task', '0:0', { was: 4n, value: 8n })
check('field_byte_size', 'task', '0:1', { was: 16n, value: 32n })
check('field_lshift_u64', 'task', '0:5', { value: 56n })
check('field_rshift_u64', 'task', '0:5', { was: 61n, value: 59n })
check('field_signed', 'task', '0:6', { was: 1n, value: 0n })
check('field_exists', 'task', '0:0', { value: 1n })
check('field_exists', 'task___old', '0:0', { value: 0n })
check('field_byte_offset', 'task___old', '0:0', { poison: true })
check('field_byte_size', 'absent', '0:0', { poison: true })
check('type_id_local', 'task', '0', { value: BigInt(local.id('task')) })
check('type_id_target', 'task', '0', { value: BigInt(kernel.id('task')) })
check('type_id_target', 'absent', '0', { value: 0n })
check('type_exists', 'task', '0', { value: 1n })
check('type_exists', 'absent', '0', { value: 0n })
check('type_size', 'task', '0', { was: 48n, value: 64n })
check('type_matches', 'inner', '0', { value: 1n })
check('type_matches', 'task', '0', { value: 0n })
check('enumval_exists', 'color', '0', { value: 1n })
check('enumval_exists', 'color', '2', { value: 0n })
check('enumval_value', 'color', '0', { value: 0xffff_ffff_ffff_fff9n })
check('enumval_value', 'color', '1', { was: 1n, value: 42n })
check('enumval_value', 'color', '2', { poison: true })

const refused: [kind: CoreKind, type: string, accessStr: string, message: RegExp][] = [
  ['field_byte_offset', 'task', '0:99', /has no member 99/],
  ['field_byte_offset', 'task', '0:1:4', /element 4 of an array of 4/],
  ['field_byte_offset', 'task', '0:0:0', /goes on behind int "u32"/],
  ['field_byte_offset', 'task', 'x', /is no path/],
  ['field_signed', 'task', '0:1:1', /cannot be asked of an element/],
  ['enumval_value', 'task', '0', /has no enumerators/],
  ['type_size', 'task', '0:1', /with path 0:1/],
]
for (const [kind, type, accessStr, message] of refused)
  test(`${kind} of ${type} ${accessStr} is refused`, () => {
    assert.throws(
      () => resolver().answer({ kind: CORE_KINDS.indexOf(kind), typeId: local.id(type), accessStr }),
      (error: unknown) => error instanceof BtfError && message.test(error.message),
    )
  })

test('candidates that disagree are refused', () => {
  const twice = base()
  twice.struct('absent', 4, [['x', 'u32', 0]])
  twice.struct('absent', 8, [['x', 'u32', 32]])
  const ask = new CoreResolver(local.build(), { kernel: twice.build() })
  const question = { kind: 0, typeId: local.id('absent'), accessStr: '0:0' }
  assert.throws(() => ask.answer(question), /is ambiguous: type 5 says 0 and type 6 says 4/)
})

test('flavours of the kernel are candidates, and modules only where the kernel has none', () => {
  const flavoured = base()
  flavoured.struct('absent___2', 8, [['x', 'u32', 32]])
  const flavouredBtf = flavoured.build()
  const question = { kind: 0, typeId: local.id('absent'), accessStr: '0:0' }
  assert.equal(new CoreResolver(local.build(), { kernel: flavouredBtf }).answer(question).value, 4n)
  const kernelBtf = kernel.build()
  const module = new BtfBuilder(kernelBtf)
  const members = [{ name: 'x', typeId: kernel.id('u32'), offsetBits: 64, bitfieldBits: 0 }]
  module.add({ kind: 'struct', name: 'absent', sizeBytes: 12, members })
  let asked = 0
  const modules = () => {
    asked++
    return [{ name: 'mod', btf: parseBtf(module.build(), kernelBtf) }]
  }
  const resolver = new CoreResolver(local.build(), { kernel: kernelBtf, modules })
  assert.equal(resolver.answer({ ...question, typeId: local.id('task'), accessStr: '0:0' }).value, 48n)
  assert.equal(asked, 0)
  assert.equal(resolver.answer(question).value, 8n)
  assert.deepEqual(resolver.candidates(question), [
    `struct absent [id ${kernelBtf.typeCount + 1}] of module mod`,
  ])
})

test('questions are described with the path in C', () => {
  const question = { kind: 0, typeId: local.id('task'), accessStr: '0:1:2' }
  assert.equal(resolver().describe(question), 'field_byte_offset of struct task.list[2] (0:1:2)')
  assert.equal(resolver().describe({ ...question, kind: 99 }), 'relocation kind 99 of struct task')
})

const essential: [name: string, is: string][] = [
  ['task', 'task'],
  ['task___old', 'task'],
  ['task___a___b', 'task___a'],
  ['___x', '___x'],
  ['task____x', 'task____x'],
  ['task___', 'task___'],
]
for (const [name, is] of essential)
  test(`essential name of ${name}`, () => assert.equal(essentialName(name), is))
