// The part of a kernel's types that relocations need: what stays, and that every answer stays.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBtf } from './btf.ts'
import { CORE_KINDS, type CoreKind, type CoreQuestion, CoreResolver } from './core/index.ts'
import { minCoreBtf } from './min-core.ts'
import { printDecl } from './print.ts'
import { Types } from './testing/types.ts'

const ints = () => new Types().int('u32', 4).int('u64', 8)

// the kernel's `task` has more, elsewhere, and a part of it in an anonymous struct
const kernelTypes = ints()
  .int('unused', 8)
  .array('u32[8]', 'u32', 8)
  .struct('anon', 16, [
    ['cpu', 'u32', 0],
    ['prio', 'u32', 32],
    ['slots', 'u64', 64],
  ])
  .struct('mm', 16, [
    ['start', 'u64', 0],
    ['end', 'u64', 64],
  ])
  .pointer('mm*', 'mm')
  .pointer('void*', 'void')
  .struct('task', 128, [
    ['state', 'u64', 0],
    ['', 'anon', 64],
    ['history', 'u32[8]', 192],
    ['mm', 'mm*', 448],
    ['flags', 'u32', 512, 3],
  ])
  .enum('mode', [
    ['OFF', 0],
    ['ON', 7],
  ])
  .struct('whole', 8, [['x', 'u64', 0]])
  .pointer('whole*', 'whole')
  .struct('shape', 24, [
    ['w', 'u64', 0],
    ['owner', 'whole*', 64],
  ])
const kernel = kernelTypes.build()

const localTypes = ints()
  .array('u32[8]', 'u32', 8)
  .struct('mm', 8, [['end', 'u64', 0]])
  .pointer('mm*', 'mm')
  .struct('task___own', 56, [
    ['cpu', 'u32', 0],
    ['history', 'u32[8]', 32],
    ['mm', 'mm*', 320],
    ['gone', 'u32', 384],
    ['flags', 'u32', 416, 3],
  ])
  .enum('mode', [['ON', 1]])
  .struct('whole', 8, [['x', 'u64', 0]])
  .pointer('whole*', 'whole')
  .struct('shape', 16, [
    ['w', 'u64', 0],
    ['owner', 'whole*', 64],
  ])
  .struct('absent', 4, [['x', 'u32', 0]])
const local = localTypes.build()

const ask = (kind: CoreKind, type: string, accessStr: string): CoreQuestion => ({
  kind: CORE_KINDS.indexOf(kind),
  typeId: localTypes.id(type),
  accessStr,
})

const questions: CoreQuestion[] = [
  ask('field_byte_offset', 'task___own', '0:0'),
  ask('field_byte_offset', 'task___own', '0:1:5'),
  ask('field_byte_size', 'task___own', '0:1'),
  ask('field_exists', 'task___own', '0:3'),
  ask('field_rshift_u64', 'task___own', '0:4'),
  ask('field_byte_offset', 'task___own', '0:2'),
  ask('field_byte_offset', 'mm', '0:0'),
  ask('enumval_value', 'mode', '0'),
  ask('type_size', 'whole', '0'),
  ask('type_matches', 'shape', '0'),
  ask('type_exists', 'absent', '0'),
  ask('type_id_local', 'absent', '0'),
]

const object = (list: readonly CoreQuestion[]) => ({
  btf: local,
  sections: [
    { functions: [], lines: new Uint32Array(), relocations: list.map(each => ({ offsetBytes: 0, ...each })) },
  ],
})

const minimal = (...list: CoreQuestion[]) => parseBtf(minCoreBtf(kernel, [object(list)]))

const declarations = (...list: CoreQuestion[]): string[] => {
  const btf = minimal(...list)
  return Array.from({ length: btf.typeCount }, (_, i) => printDecl(btf, btf.type(i + 1)).replace(/\s+/g, ' '))
}

test('a field keeps the structs on the way to it, with their sizes', () => {
  assert.deepEqual(declarations(ask('field_byte_offset', 'task___own', '0:0')), [
    'u32;',
    'struct { u32 cpu; };',
    'struct task { struct { u32 cpu; }; };',
  ])
  const btf = minimal(ask('field_byte_offset', 'task___own', '0:0'))
  assert.equal(btf.get('task', 'struct').sizeBytes, 128)
})

test('what a pointer points to is left out', () => {
  assert.deepEqual(declarations(ask('field_byte_offset', 'task___own', '0:2')), [
    'void *;',
    'struct task { void *mm; };',
  ])
})

test('a type as a whole keeps no members, an enum all values, a match all members', () => {
  assert.deepEqual(declarations(ask('type_size', 'whole', '0')), ['struct whole {};'])
  assert.deepEqual(declarations(ask('enumval_value', 'mode', '0')), ['enum mode { OFF = 0, ON = 7, };'])
  assert.deepEqual(declarations(ask('type_matches', 'shape', '0')), [
    'u64;',
    'struct whole {};',
    'struct whole *;',
    'struct shape { u64 w; struct whole *owner; };',
  ])
})

test('what nothing answers adds nothing', () => {
  assert.deepEqual(declarations(ask('type_exists', 'absent', '0'), ask('type_id_local', 'absent', '0')), [])
})

test('objects add up, and every answer is that of the whole kernel', () => {
  const half = questions.length / 2
  const bytes = minCoreBtf(kernel, [object(questions.slice(0, half)), object(questions.slice(half))])
  const before = new CoreResolver(local, { kernel })
  const after = new CoreResolver(local, { kernel: parseBtf(bytes) })
  for (const question of questions)
    assert.deepEqual(after.answer(question), before.answer(question), before.describe(question))
})
