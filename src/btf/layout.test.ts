// Sizes, field paths and their errors, and types that never end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfBuilder } from './builder.ts'
import {
  type Btf,
  decodeValue,
  encodeValue,
  fieldPath,
  memberBits,
  nearNames,
  parseBtf,
  printDecl,
  printType,
  resolve,
  sizeOf,
} from './index.ts'
import type { BtfMember, NewBtfType } from './type.ts'

function build(...types: NewBtfType[]): Btf {
  const builder = new BtfBuilder()
  for (const type of types) builder.add(type)
  return parseBtf(builder.build())
}

const int = (sizeBits = 32, offsetBits = 0): NewBtfType => ({
  kind: 'int',
  name: 'int',
  sizeBytes: 4,
  encoding: 'signed',
  offsetBits,
  sizeBits,
})
const member = (name: string, typeId: number, offsetBits: number, bitfieldBits = 0): BtfMember => ({
  name,
  typeId,
  offsetBits,
  bitfieldBits,
})
const struct = (name: string, sizeBytes: number, ...members: BtfMember[]): NewBtfType => ({
  kind: 'struct',
  name,
  sizeBytes,
  members,
})
const array = (elementTypeId: number, count: number): NewBtfType => ({
  kind: 'array',
  name: '',
  elementTypeId,
  indexTypeId: 1,
  count,
})

/** 1 int, 2 task, 3 pointer to mm, 4 mm, 5 int[4], 6 declared only, 7 pointer to it, 8 void pointer */
const task = build(
  int(),
  struct(
    'task',
    40,
    member('pid', 1, 0),
    member('tgid', 1, 32),
    member('mm', 3, 64),
    member('counts', 5, 128),
    member('flag', 1, 256, 1),
    member('cred', 7, 288),
    member('stack', 8, 288),
  ),
  { kind: 'ptr', name: '', typeId: 4 },
  struct('mm', 8, member('arg_start', 1, 32)),
  array(1, 4),
  { kind: 'fwd', name: 'cred', target: 'struct' },
  { kind: 'ptr', name: '', typeId: 6 },
  { kind: 'ptr', name: '', typeId: 0 },
)

test('a path that does not fit says where and what is near', () => {
  const check = (path: string, message: string) =>
    assert.throws(() => fieldPath(task, task.get('task', 'struct'), path), { name: 'BtfError', message })
  check('tpid', 'struct task has no member "tpid", did you mean "pid" or "tgid"?')
  check('mm.arg_strat', 'struct mm has no member "arg_strat", did you mean "arg_start"?')
  check('mm->xyz', 'struct mm has no member "xyz"')
  check('pid.x', '"pid.x": "pid" is int, which is no struct or union')
  check('pid[0]', '"pid[0]": "pid" is int, which is neither array nor pointer')
  check('counts[4]', '"counts[4]": index 4 lies outside of int counts[4]')
  check('flag.x', '"flag" is a bit field: "flag.x" cannot go on from there')
  check('cred.uid', '"cred.uid": "cred" points to struct cred, which is only declared in this BTF')
  check('stack[1]', 'void has no size')
  check('', 'field path is empty')
  check('pid.', 'field path "pid." cannot be read from "." on')
  check('.pid', 'field path ".pid" cannot be read from ".pid" on')
  check('counts[x]', 'field path "counts[x]" cannot be read from "[x]" on')
  check('counts[12345678901]', 'field path "counts[12345678901]": index 12345678901 is too large')
})

test('an old-style bit field lies where its int says', () => {
  const btf = build(int(5, 3), struct('old', 4, member('a', 1, 8)))
  const old = btf.get('old', 'struct')
  assert.deepEqual(memberBits(btf, old.members[0]!), { offsetBits: 11, sizeBits: 5, bitfield: true })
  assert.equal(printDecl(btf, old), 'struct old {\n\tint a: 5;\n};')
  const bytes = encodeValue(btf, old, { a: -3 })
  assert.deepEqual([...bytes], [0, 0b11101_000, 0, 0])
  assert.deepEqual({ ...(decodeValue(btf, old, bytes) as object) }, { a: -3 })
})

test('what has no size says so', () => {
  const check = (btf: Btf, id: number, message: RegExp) =>
    assert.throws(() => sizeOf(btf, btf.type(id)), { name: 'BtfError', message })
  check(task, 0, /void has no size/)
  check(task, 6, /struct cred has no size/)
  check(build(int(), array(1, 0xffff_ffff)), 2, /larger than 4 GiB/)
  assert.equal(sizeOf(task, task.type(5)), 16)
})

test('types that never end are an error, not a hang', () => {
  const typedefs = build(
    { kind: 'typedef', name: 'a_t', typeId: 2 },
    { kind: 'const', name: '', typeId: 1 },
    array(3, 2),
    { kind: 'ptr', name: '', typeId: 4 },
    { kind: 'funcProto', name: '', returnTypeId: 5, params: [{ name: 'p', typeId: 5 }], variadic: false },
  )
  const cycle = { name: 'BtfError', message: /cycle/ }
  assert.throws(() => resolve(typedefs, typedefs.type(1)), cycle)
  assert.throws(() => sizeOf(typedefs, typedefs.type(1)), cycle)
  assert.throws(() => sizeOf(typedefs, typedefs.type(3)), cycle)
  for (const id of [3, 4]) assert.match(printType(typedefs, typedefs.type(id)), /\.\.\./)

  // a function that takes itself twice would print as 2^32 parameters
  const functions = build({
    kind: 'funcProto',
    name: '',
    returnTypeId: 0,
    params: [
      { name: 'p', typeId: 1 },
      { name: 'q', typeId: 1 },
    ],
    variadic: false,
  })
  assert.ok(printType(functions, functions.type(1)).length < 2_000_000)

  const nested = build(
    struct('self', 8, member('', 1, 0), member('', 1, 0), member('x', 1, 0), member('y', 1, 0)),
    struct('', 8, member('', 2, 0), member('', 2, 0), member('a', 2, 0), member('b', 2, 0)),
  )
  for (const id of [1, 2]) {
    const type = nested.type(id)
    assert.throws(() => fieldPath(nested, type, 'zzz'), /no member/)
    assert.throws(() => decodeValue(nested, type, new Uint8Array(8)), /contains? itself/)
    assert.ok(printDecl(nested, type).length < 5_000_000)
  }
  const values = build(int(), struct('none', 0), array(2, 0xffff_ffff))
  assert.throws(() => decodeValue(values, values.type(3), new Uint8Array(0)), /too many values/)
})

test('names near a misspelt one', () => {
  const check = (name: string, candidates: string[], expected: string[]) =>
    assert.deepEqual(nearNames(name, candidates), expected)
  check('comn', ['common', 'comm', 'cred'], ['comm'])
  check('flie', ['file', 'flags'], ['file'])
  check('start', ['arg_start', 'env_start', 'end'], ['arg_start', 'env_start'])
  check('x', ['y', 'abc'], ['y'])
  check('zzzz', ['comm'], [])
})
