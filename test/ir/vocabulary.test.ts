// The vocabulary in the interpreter: maps, counters, records, reads of untracked memory. And how long sample programs
// become: each optimisation has to earn its place, so a program that grows shows here.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Builder,
  compile,
  count,
  countPerCpu,
  emitRecord,
  equalsBytes,
  lookup,
  onlyElement,
  outputRecord,
  pointer,
  probeRead,
  program,
  readPath,
  remove,
  sameBytes,
  u8,
  u32,
  u64,
  update,
  type Value,
} from '../../src/ir/index.ts'
import * as bpf from '../../src/sys/bpf-constants.generated.ts'
import { Vm } from '../vm/index.ts'
import { enter, exit, histogram } from './samples.ts'

const maps = [
  { name: 'table', type: bpf.BPF_MAP_TYPE_HASH, keySize: 8, valueSize: 8, maxEntries: 8 },
  { name: 'counters', type: bpf.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 256, maxEntries: 1 },
  { name: 'ring', type: bpf.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 },
]

function run(
  build: (b: Builder, ctx: Value) => void,
  options: ConstructorParameters<typeof Vm>[0] = {},
): { vm: Vm; r0: bigint } {
  const p = program({ name: 'test', progType: bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, maps })
  p.main(build)
  const vm = new Vm({ maps, ...options })
  return { vm, r0: vm.run(compile(p).insns, { ctx: new Uint8Array(64) }).r0 }
}

test('maps', () => {
  const { r0 } = run(b => {
    const key = b.const(u64, 7)
    const value = b.slot(8, 'value')
    b.store(value, 0, 35, u64)
    update(b, 'table', key, value)
    lookup(b, 'table', key, p => b.store(p, 0, b.add(b.load(p, 0, u64), 7)))
    const result = b.variable(u64, 0)
    lookup(b, 'table', key, p => result.set(b.load(p, 0, u64)))
    remove(b, 'table', key)
    lookup(b, 'table', key, () => result.set(0))
    b.return(result.get())
  })
  assert.equal(r0, 42n)
})

test('counters', () => {
  const { vm } = run(
    b => {
      count(b, 'counters', 0)
      count(b, 'counters', 8, 5)
      countPerCpu(b, 'counters', 0, 4, 64, 9)
    },
    { facts: { cpu: 2 } },
  )
  const words = new BigUint64Array(vm.map('counters').lookup(new Uint8Array(4))!.bytes.slice().buffer)
  assert.deepEqual([words[0], words[1], words[16]], [1n, 5n, 9n])
})

test('records', () => {
  const { vm, r0 } = run(b => {
    const failures = b.variable(u64, 0)
    const fail = (): void => failures.set(b.add(failures.get(), 1))
    emitRecord(
      b,
      'ring',
      16,
      record => {
        b.store(record, 0, 1, u64)
        b.store(record, 8, 2, u64)
      },
      fail,
    )
    emitRecord(b, 'ring', 8192, record => b.zero(record, 0, 8192), fail)
    const data = b.slot(8)
    b.store(data, 0, 3, u64)
    outputRecord(b, 'ring', data, 8, fail)
    b.return(failures.get())
  })
  assert.equal(r0, 1n)
  const words = vm.drain('ring').map(bytes => [...new BigUint64Array(bytes.slice().buffer)])
  assert.deepEqual(words, [[1n, 2n], [3n]])
})

test('reads of kernel and user memory', () => {
  const first = new Uint8Array(new BigUint64Array([0n, 0x2000n]).buffer)
  const second = new Uint8Array(new Uint32Array([1, 2, 3, 4]).buffer)
  const { r0 } = run(
    b => {
      const kernel = b.cast(b.const(u64, 0x1000), pointer('kernel'))
      const user = b.cast(b.const(u64, 0x5000), pointer('user'))
      const found = b.convert(readPath(b, kernel, [8, 12], u32), u64)
      b.return(b.add(found, b.convert(probeRead(b, user, 4, u32), u64)))
    },
    {
      memory: [
        { address: 0x1000n, bytes: first, space: 'kernel' },
        { address: 0x2000n, bytes: second, space: 'kernel' },
        { address: 0x5000n, bytes: second, space: 'user' },
      ],
    },
  )
  assert.equal(r0, 4n + 2n)
})

test('a frame that is too large says what takes the space', () => {
  const p = program({ name: 'large', progType: bpf.BPF_PROG_TYPE_RAW_TRACEPOINT })
  p.main(b => {
    b.zero(b.slot(400, 'path'), 0, 400)
    b.zero(b.slot(160, 'head'), 0, 160)
  })
  assert.throws(() => compile(p), {
    code: 'IR_STACK',
    message:
      '"large" needs 560 bytes of stack, the kernel allows 512 (path 400, head 160): keep large buffers in a map',
  })
})

test('instruction counts of sample programs: plain and optimised', t => {
  for (const [p, limit] of [
    [enter(), 28],
    [exit(), 48],
    [histogram(), 32],
  ] as const) {
    const plain = compile(p, { optimize: false }).insns.length
    const optimized = compile(p).insns.length
    t.diagnostic(`${p.name}: ${plain} plain, ${optimized} optimised`)
    assert.ok(optimized <= limit, `${p.name} has ${optimized} instructions, it had ${limit}`)
  }
})

test('memory is compared by words, up to the first that differs', () => {
  const same = (text: string, other: string, sizeBytes: number) =>
    run(b => {
      const [x, y] = [b.slot(24), b.slot(24)]
      for (const [slot, bytes] of [
        [x, Buffer.from(text)],
        [y, Buffer.from(other)],
      ] as const)
        for (let at = 0; at < 24; at++) b.store(slot, at, bytes[at] ?? 0, u8)
      b.return(
        b.add(
          b.select(sameBytes(b, x, 0, y, 0, sizeBytes), b.const(u64, 1), 0),
          b.select(
            equalsBytes(b, x, 0, Buffer.alloc(sizeBytes, 0).fill(other, 0, other.length)),
            b.const(u64, 2),
            0,
          ),
        ),
      )
    }).r0
  assert.equal(same('a process name', 'a process name', 16), 3n)
  assert.equal(same('a process name', 'a process nam', 16), 0n)
  assert.equal(same('a process name', 'b process name', 16), 0n)
  assert.equal(same('abc', 'abc', 3), 3n)
  assert.equal(same('', '', 0), 3n)
})

test('a walk over the only element looks it up once where one place leads to the other', () => {
  const p = program({ name: 'test', progType: bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, maps })
  p.main(b => {
    onlyElement(b, 'counters', at => b.store(at, 0, 1, u64))
    onlyElement(b, 'counters', at => b.store(at, 8, 1, u64))
  })
  const calls = compile(p).insns.filter(insn => insn.code === 0x85)
  assert.equal(calls.length, 1)
})
