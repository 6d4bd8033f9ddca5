// Script types out of a BTF built here, and out of tracepoint formats.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfBuilder, parseBtf } from '../../btf/index.ts'
import { parseTracepointFormat } from '../../kernel/tracepoint-format.ts'
import { type ScriptType, type StructType, string, uint64 } from '../type.ts'
import { tracepointStruct } from './from-tracepoint.ts'
import { NO_DEFINITIONS, TypeScope } from './type-scope.ts'

function scope(): TypeScope {
  const b = new BtfBuilder()
  const int = b.add({
    kind: 'int',
    name: 'int',
    sizeBytes: 4,
    encoding: 'signed',
    offsetBits: 0,
    sizeBits: 32,
  })
  const char = b.add({
    kind: 'int',
    name: 'char',
    sizeBytes: 1,
    encoding: 'char',
    offsetBits: 0,
    sizeBits: 8,
  })
  const flag = b.add({
    kind: 'int',
    name: '_Bool',
    sizeBytes: 1,
    encoding: 'bool',
    offsetBits: 0,
    sizeBits: 8,
  })
  const state = b.add({
    kind: 'enum',
    name: 'state',
    sizeBytes: 4,
    signed: false,
    values: [
      { name: 'UP', value: 1 },
      { name: 'DOWN', value: 2 },
    ],
  })
  const comm = b.add({ kind: 'array', name: '', elementTypeId: char, indexTypeId: int, count: 16 })
  const user = b.add({ kind: 'typeTag', name: 'user', typeId: char })
  const userPointer = b.add({ kind: 'ptr', name: '', typeId: user })
  // the pointer to the struct itself stands before it: ids are dense
  const self = userPointer + 1
  b.add({ kind: 'ptr', name: '', typeId: self + 1 })
  b.add({
    kind: 'struct',
    name: 'task',
    sizeBytes: 48,
    members: [
      { name: 'pid', typeId: int, offsetBits: 0, bitfieldBits: 0 },
      { name: 'low', typeId: int, offsetBits: 32, bitfieldBits: 3 },
      { name: 'high', typeId: int, offsetBits: 43, bitfieldBits: 5 },
      { name: 'comm', typeId: comm, offsetBits: 64, bitfieldBits: 0 },
      { name: 'parent', typeId: self, offsetBits: 192, bitfieldBits: 0 },
      { name: 'path', typeId: userPointer, offsetBits: 256, bitfieldBits: 0 },
      { name: 'on', typeId: flag, offsetBits: 320, bitfieldBits: 0 },
      { name: 'state', typeId: state, offsetBits: 352, bitfieldBits: 0 },
    ],
  })
  b.add({ kind: 'typedef', name: 'pid_t', typeId: int })
  const btf = parseBtf(b.build())
  return new TypeScope(NO_DEFINITIONS, () => btf)
}

/** A type without the functions in it. */
function plain(type: ScriptType | undefined): unknown {
  if (type?.kind === 'pointer') return [plain(type.to), type.space]
  if (type?.kind === 'struct') return type.def.name
  if (type?.kind === 'enum') return type.name
  return type
}

test('members of a struct of BTF', () => {
  const { def } = scope().byText('struct task') as StructType
  assert.equal(def.sizeBytes, 48)
  const members = def.members().map(m => [m.name, plain(m.type), m.offsetBytes, m.bits])
  const int = { kind: 'integer', bits: 32, signed: true }
  assert.deepEqual(members, [
    ['pid', int, 0, undefined],
    ['low', int, 4, { offset: 0, size: 3 }],
    ['high', int, 5, { offset: 3, size: 5 }],
    ['comm', string(16), 8, undefined],
    ['parent', ['task', 'kernel'], 24, undefined],
    ['path', [{ kind: 'integer', bits: 8, signed: true }, 'user'], 32, undefined],
    ['on', { kind: 'bool' }, 40, undefined],
    ['state', 'state', 44, undefined],
  ])
})

test('names of types and constants', () => {
  const types = scope()
  assert.deepEqual(plain(types.named('pid_t')), { kind: 'integer', bits: 32, signed: true })
  assert.equal(plain(types.named('task')), 'task')
  assert.deepEqual(types.byText('long unsigned int'), uint64)
  assert.equal(types.byText('struct nothing'), undefined)
  assert.equal(types.constant('DOWN')?.value, 2n)
  assert.equal(plain(types.constant('DOWN')?.type), 'state')
  assert.equal(types.constant('AF_INET6')?.value, 10n)
  assert.equal(types.constant('task'), undefined)
})

test('fields of a tracepoint', () => {
  const format = parseTracepointFormat(`name: t
ID: 1
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:__data_loc char[] file;	offset:4;	size:4;	signed:0;
	field:pid_t pid;	offset:8;	size:4;	signed:1;
	field:char comm[16];	offset:12;	size:16;	signed:0;
	field:const struct task * t;	offset:32;	size:8;	signed:0;
	field:u8 odd[3];	offset:40;	size:3;	signed:0;
	field:struct unknown * u;	offset:48;	size:8;	signed:0;
	field:int pair[2];	offset:56;	size:8;	signed:1;

print fmt: "x"
`)
  const def = tracepointStruct(format, name => scope().byText(name))
  assert.equal(def.sizeBytes, 64)
  assert.deepEqual(
    def.members().map(m => [m.name, plain(m.type), m.offsetBytes, m.dataLoc]),
    [
      ['common_type', { kind: 'integer', bits: 16, signed: false }, 0, undefined],
      ['file', [{ kind: 'integer', bits: 8, signed: true }, 'kernel'], 4, true],
      ['pid', { kind: 'integer', bits: 32, signed: true }, 8, undefined],
      ['comm', string(16), 12, undefined],
      ['t', ['task', 'kernel'], 32, undefined],
      ['odd', string(3), 40, undefined],
      ['u', [{ kind: 'none' }, 'kernel'], 48, undefined],
      [
        'pair',
        { kind: 'array', element: { kind: 'integer', bits: 32, signed: true }, count: 2, space: 'kernel' },
        56,
        undefined,
      ],
    ],
  )
})
