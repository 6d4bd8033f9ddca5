// Which functions a trampoline can hand the arguments of over.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfBuilder, type NewBtfType, parseBtf } from '../btf/index.ts'
import { isTraceable, splitModule } from './traceable-functions.ts'

const struct = (sizeBytes: number): NewBtfType => ({ kind: 'struct', name: '', sizeBytes, members: [] })

/** void, then 1 int, 2 a struct of 16 bytes, 3 of 24, 4 a pointer to it, 5 one that is only declared, 6 a typedef of 3. */
const TYPES: NewBtfType[] = [
  { kind: 'int', name: 'int', sizeBytes: 4, encoding: 'signed', offsetBits: 0, sizeBits: 32 },
  struct(16),
  struct(24),
  { kind: 'ptr', name: '', typeId: 3 },
  { kind: 'fwd', name: 'opaque', target: 'struct' },
  { kind: 'typedef', name: 'wide_t', typeId: 3 },
]

const check = (returnTypeId: number, params: number[], expected: boolean, variadic = false) => {
  const builder = new BtfBuilder()
  for (const type of TYPES) builder.add(type)
  const named = params.map(typeId => ({ name: 'x', typeId }))
  const typeId = builder.add({ kind: 'funcProto', name: '', returnTypeId, params: named, variadic })
  const id = builder.add({ kind: 'func', name: 'f', typeId, linkage: 'static' })
  const btf = parseBtf(builder.build())
  assert.equal(isTraceable(btf, btf.type(id)), expected, `${returnTypeId} (${params})`)
}

test('functions that can be traced', () => {
  check(0, [], true)
  check(1, [1, 4, 2], true)
  check(4, new Array(12).fill(1), true)
  check(1, new Array(13).fill(1), false)
  check(2, [], false)
  check(6, [], false)
  check(1, [3], false)
  check(1, [6], false)
  check(1, [5], false)
  check(1, [1], false, true)
})

test('a pattern is of the kernel or of a module', () => {
  assert.deepEqual(splitModule('vfs_*'), { module: undefined, name: 'vfs_*' })
  assert.deepEqual(splitModule('vmlinux:vfs_*'), { module: undefined, name: 'vfs_*' })
  assert.deepEqual(splitModule('nf_nat:nf_*'), { module: 'nf_nat', name: 'nf_*' })
})
