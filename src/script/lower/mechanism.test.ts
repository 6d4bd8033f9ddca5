// By what probes on kernel functions run, on kernels that offer one mechanism, the other, or sessions of both ends.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfBuilder, parseBtf } from '../../btf/index.ts'
import { checkText, testKernel } from '../check/testing.ts'
import type { KernelFacts, ScriptFeature } from '../facts.ts'
import { lower } from './lower.ts'

/** `long vfs_read(void *file, long count)`, and `void gone(long count)` */
function types() {
  const builder = new BtfBuilder()
  const long = builder.add({
    kind: 'int',
    name: 'long',
    sizeBytes: 8,
    encoding: 'signed',
    offsetBits: 0,
    sizeBits: 64,
  })
  const pointer = builder.add({ kind: 'ptr', name: '', typeId: 0 })
  const params = [
    { name: 'file', typeId: pointer },
    { name: 'count', typeId: long },
  ]
  const proto = builder.add({ kind: 'funcProto', name: '', returnTypeId: long, params, variadic: false })
  builder.add({ kind: 'func', name: 'vfs_read', typeId: proto, linkage: 'static' })
  const nothing = builder.add({
    kind: 'funcProto',
    name: '',
    returnTypeId: 0,
    params: params.slice(1),
    variadic: false,
  })
  builder.add({ kind: 'func', name: 'gone', typeId: nothing, linkage: 'static' })
  return parseBtf(builder.build())
}

const btf = types()
const functions = ['gone', 'vfs_read', 'vfs_untyped'].map(name => ({ name, module: 'vmlinux' }))

function kernelWithout(...without: ScriptFeature[]): KernelFacts {
  return {
    ...testKernel(without),
    btf: () => btf,
    moduleBtf: () => btf,
    functions: () => functions,
    functionsNamed: name => functions.filter(f => f.name === name),
  }
}

/** Of each program the kinds of its places, by their names. */
function mechanisms(script: string, ...without: ScriptFeature[]): readonly string[] {
  const { checked, facts, diagnostics, messages } = checkText(script, {}, kernelWithout(...without))
  assert.ok(diagnostics.ok, messages)
  return lower(checked, facts).programs.map(({ places }) =>
    places.map(({ kind, probe }) => `${probe} by ${kind}`).join(', '),
  )
}

const runs = (script: string, without: readonly ScriptFeature[], ...expected: string[]) =>
  test(`${script} without ${without.join(', ') || 'nothing less'}`, () => {
    assert.deepEqual(mechanisms(script, ...without), expected)
  })

runs('kprobe:vfs_read { @ = arg1; }', [], 'kprobe:vfs_read by kprobe')
runs('kprobe:vfs_read { @ = arg1; }', ['kprobe'], 'kprobe:vfs_read by fentry')
runs('kretprobe:vfs_read { @ = retval; }', ['kprobe'], 'kretprobe:vfs_read by fexit')
// what fentry has not
runs('kprobe:vfs_read { @ = arg2; }', ['kprobe'], 'kprobe:vfs_read by kprobe')
runs('kretprobe:gone { @ = retval; }', ['kprobe'], 'kretprobe:gone by kprobe')
runs('kprobe:vfs_read+4 { @ = 1; }', ['kprobe'], 'kprobe:vfs_read+4 by kprobe')
runs('kprobe:vfs_read { @ = reg("ip"); }', ['kprobe'], 'kprobe:vfs_read by kprobe')
runs('kprobe:vfs_untyped { @ = 1; }', ['kprobe'], 'kprobe:vfs_untyped by kprobe')
// of a wildcard the functions that can be had
runs('kprobe:vfs_* { @ = 1; }', ['kprobe'], 'kprobe:vfs_read by fentry')
runs('kprobe:vfs_read { @ = 1; }', ['kprobe', 'fentry'], 'kprobe:vfs_read by kprobe')

runs('fentry:vfs_read { @ = args.count; }', ['fentry'], 'fentry:vmlinux:vfs_read by kprobe')
runs('fexit:vfs_read { @ = retval; }', ['fentry'], 'fexit:vmlinux:vfs_read by kprobe')
// what a kprobe has not
runs('fexit:vfs_read { @ = args.count; }', ['fentry'], 'fexit:vmlinux:vfs_read by fexit')
runs('fentry:vfs_read { print(args); }', ['fentry'], 'fentry:vmlinux:vfs_read by fentry')

const BOTH = 'kprobe:vfs_* { @ = 1; } kretprobe:vfs_* { @r = retval; }'
const ENTRIES = 'kprobe:vfs_read by kprobe, kprobe:vfs_untyped by kprobe'
const RETURNS = 'kretprobe:vfs_read by kprobe, kretprobe:vfs_untyped by kprobe'
runs(BOTH, [], `${ENTRIES}, ${RETURNS}`)
runs(BOTH, ['kprobe_session'], ENTRIES, RETURNS)
runs(`${BOTH} kretprobe:vfs_* { @s = 1; }`, [], ENTRIES, RETURNS, RETURNS)
runs(
  'kprobe:vfs_read { @ = 1; } kretprobe:gone { @ = 2; }',
  [],
  'kprobe:vfs_read by kprobe',
  'kretprobe:gone by kprobe',
)
