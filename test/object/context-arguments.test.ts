// Functions that take the context by a tag, written for kernels that do not know the tag.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { addContextTwins, hasContextTags, parseBtf } from '../../src/btf/index.ts'
import { readObject } from '../../src/elf/index.ts'
import {
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_SYSCALL,
  BPF_PROG_TYPE_XDP,
} from '../../src/sys/index.ts'
import { CALLS_PATH } from './sample.ts'

const read = (path: string) => readObject(readFileSync(path), path)
const { btf, btfBytes } = read('test/object/fixtures/context.bpf.o')

/** Of the twin of a function: the struct that its first argument points to, by the type of programs. */
function contextOf(name: string, programType: number): string | undefined {
  const { data, twins } = addContextTwins(btfBytes!, btf!, [programType])
  const after = parseBtf(data)
  const twin = twins.get(programType)?.get(btf!.find(name, 'func')!.id)
  if (twin === undefined) return undefined
  const func = after.type(twin)
  assert.ok(func.kind === 'func' && func.name === name && func.linkage === 'global')
  const proto = after.type(func.typeId)
  assert.ok(proto.kind === 'funcProto')
  const pointer = after.type(proto.params[0]!.typeId)
  assert.ok(pointer.kind === 'ptr')
  const struct = after.type(pointer.typeId)
  return struct.kind === 'struct' ? struct.name : struct.kind
}

test('a pointer to nothing in particular becomes one to the context of the program', () => {
  assert.equal(contextOf('byte_of', BPF_PROG_TYPE_XDP), 'xdp_md')
  assert.equal(contextOf('byte_of', BPF_PROG_TYPE_RAW_TRACEPOINT), 'bpf_raw_tracepoint_args')
})

test('a pointer to numbers is a context of raw tracepoints only', () => {
  assert.equal(contextOf('argument_of', BPF_PROG_TYPE_RAW_TRACEPOINT), 'bpf_raw_tracepoint_args')
  assert.equal(contextOf('argument_of', BPF_PROG_TYPE_XDP), undefined)
})

test('programs whose context has no name stay as they are', () => {
  assert.equal(contextOf('byte_of', BPF_PROG_TYPE_SYSCALL), undefined)
})

test('what there was keeps its ids', () => {
  const { data } = addContextTwins(btfBytes!, btf!, [BPF_PROG_TYPE_XDP])
  const after = parseBtf(data)
  for (let id = 1; id < btf!.typeCount; id++) assert.deepEqual(after.type(id), btf!.type(id))
})

test('objects without the tag are recognised', () => {
  assert.equal(hasContextTags(btfBytes!), true)
  assert.equal(hasContextTags(read(CALLS_PATH).btfBytes!), false)
})
