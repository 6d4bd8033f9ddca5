// Maps on a real kernel: every type is created; reading, writing, batches, iteration, memory, pins.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BeetraceError, NotSupportedError } from '../../src/errors/index.ts'
import { isAtLeast, kernelRelease, possibleCpus } from '../../src/kernel/index.ts'
import { BpfMap, codec, drainEntries, type MapEntry } from '../../src/map/index.ts'
import type { MapSpec } from '../../src/spec/spec.ts'
import * as sys from '../../src/sys/index.ts'

const spec = (type: number, fields: Partial<MapSpec> = {}): MapSpec => ({
  name: 'test_map',
  type,
  keySize: 4,
  valueSize: 8,
  maxEntries: 64,
  ...fields,
})

const plainArray = spec(sys.BPF_MAP_TYPE_ARRAY, { maxEntries: 1 })

/** A working spec of every map type, and the first kernel that has the type where 5.10 does not. */
const types: [type: number, fields?: Partial<MapSpec>, since?: string][] = [
  [sys.BPF_MAP_TYPE_HASH],
  [sys.BPF_MAP_TYPE_ARRAY],
  [sys.BPF_MAP_TYPE_PROG_ARRAY, { valueSize: 4 }],
  [sys.BPF_MAP_TYPE_PERF_EVENT_ARRAY, { valueSize: 4, maxEntries: 0 }],
  [sys.BPF_MAP_TYPE_PERCPU_HASH],
  [sys.BPF_MAP_TYPE_PERCPU_ARRAY],
  [sys.BPF_MAP_TYPE_STACK_TRACE, { valueSize: 8 * 16 }],
  [sys.BPF_MAP_TYPE_CGROUP_ARRAY, { valueSize: 4 }],
  [sys.BPF_MAP_TYPE_LRU_HASH],
  [sys.BPF_MAP_TYPE_LRU_PERCPU_HASH],
  [sys.BPF_MAP_TYPE_LPM_TRIE, { keySize: 8 }],
  [sys.BPF_MAP_TYPE_ARRAY_OF_MAPS, { valueSize: 4, inner: plainArray }],
  [sys.BPF_MAP_TYPE_HASH_OF_MAPS, { valueSize: 4, inner: plainArray }],
  [sys.BPF_MAP_TYPE_DEVMAP, { valueSize: 4 }],
  [sys.BPF_MAP_TYPE_SOCKMAP, { valueSize: 4 }],
  [sys.BPF_MAP_TYPE_CPUMAP, { valueSize: 4, maxEntries: 1 }],
  [sys.BPF_MAP_TYPE_XSKMAP, { valueSize: 4 }],
  [sys.BPF_MAP_TYPE_SOCKHASH, { valueSize: 4 }],
  [sys.BPF_MAP_TYPE_CGROUP_STORAGE, { keySize: 16, maxEntries: 0 }],
  [sys.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY],
  [sys.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, { keySize: 16, maxEntries: 0 }],
  [sys.BPF_MAP_TYPE_QUEUE, { keySize: 0 }],
  [sys.BPF_MAP_TYPE_STACK, { keySize: 0 }],
  [sys.BPF_MAP_TYPE_SK_STORAGE, { maxEntries: 0 }],
  [sys.BPF_MAP_TYPE_DEVMAP_HASH, { valueSize: 4 }],
  [sys.BPF_MAP_TYPE_RINGBUF, { keySize: 0, valueSize: 0, maxEntries: 5000 }],
  [sys.BPF_MAP_TYPE_INODE_STORAGE, { maxEntries: 0 }],
  [sys.BPF_MAP_TYPE_TASK_STORAGE, { maxEntries: 0 }, '5.11'],
  [sys.BPF_MAP_TYPE_BLOOM_FILTER, { keySize: 0 }, '5.16'],
  [sys.BPF_MAP_TYPE_USER_RINGBUF, { keySize: 0, valueSize: 0, maxEntries: 1 }, '6.1'],
  [sys.BPF_MAP_TYPE_CGRP_STORAGE, { maxEntries: 0 }, '6.2'],
  [sys.BPF_MAP_TYPE_ARENA, { keySize: 0, valueSize: 0, maxEntries: 2 }, '6.9'],
  [sys.BPF_MAP_TYPE_INSN_ARRAY, { valueSize: 16 }, '6.19'],
  [sys.BPF_MAP_TYPE_RHASH, {}, '7.2'],
]

const optional = new Set<number>([sys.BPF_MAP_TYPE_XSKMAP, sys.BPF_MAP_TYPE_INODE_STORAGE])

for (const [type, fields, since] of types) {
  const name = sys.bpfMapTypeNames[type]!
  test(`create ${name}`, t => {
    try {
      using map = BpfMap.create(spec(type, fields))
      assert.equal(map.type, type)
      assert.equal(map.info().name, 'test_map')
    } catch (error) {
      if (since !== undefined && !isAtLeast(kernelRelease(), since)) {
        assert.ok(error instanceof NotSupportedError, String(error))
        return t.skip(`needs Linux >= ${since}`)
      }
      // a type that a kernel was built without (CONFIG_XDP_SOCKETS, CONFIG_BPF_LSM …)
      if (error instanceof NotSupportedError && optional.has(type)) {
        return t.skip(`${name} is not in this kernel's configuration`)
      }
      throw error
    }
  })
}

test('the table above names every type but struct_ops, which needs a kernel type to implement', () => {
  const tested = new Set(types.map(([type]) => type))
  const missing = Object.keys(sys.bpfMapTypeNames)
    .map(Number)
    .filter(type => !tested.has(type))
  assert.deepEqual(missing, [sys.BPF_MAP_TYPE_UNSPEC, sys.BPF_MAP_TYPE_STRUCT_OPS])
})

test('a hash: set, get, delete, flags', () => {
  using map = BpfMap.create(spec(sys.BPF_MAP_TYPE_HASH, { maxEntries: 2 }))
  const typed = map.typed(codec.u32, codec.u64)
  assert.equal(typed.get(1), undefined)
  assert.ok(typed.set(1, 0xffff_ffff_ffff_fff0n))
  assert.equal(typed.get(1), 0xffff_ffff_ffff_fff0n)
  assert.equal(typed.set(1, 2n, sys.BPF_NOEXIST), false)
  assert.equal(typed.set(2, 2n, sys.BPF_EXIST), false)
  assert.ok(typed.set(2, 2n))
  assert.throws(() => typed.set(3, 3n), { code: 'E2BIG', message: /write to map "test_map"/ })
  assert.ok(typed.delete(1))
  assert.equal(typed.delete(1), false)
  assert.equal(typed.has(1), false)
})

test('sizes are checked, a closed map says so', () => {
  const map = BpfMap.create(spec(sys.BPF_MAP_TYPE_HASH))
  assert.throws(() => map.lookup(new Uint8Array(3)), /has a key of 4 bytes, but the key has 3/)
  assert.throws(() => map.update(new Uint8Array(4), new Uint8Array(9)), BeetraceError)
  assert.throws(() => map.typed(codec.u64, codec.u64), /key/)
  map.close()
  map.close()
  assert.throws(() => map.lookup(new Uint8Array(4)), { code: 'CLOSED' })
})

for (const type of [sys.BPF_MAP_TYPE_HASH, sys.BPF_MAP_TYPE_LRU_HASH, sys.BPF_MAP_TYPE_LPM_TRIE]) {
  const keyCodec = {
    byteLength: 8,
    // an LPM key is a prefix length and that many bits
    encode: (n: number, into: DataView, at: number) => {
      into.setUint32(at, 32, true)
      into.setUint32(at + 4, n)
    },
    decode: (from: DataView, at: number) => from.getUint32(at + 4),
  }
  test(`${sys.bpfMapTypeNames[type]}: 5,000 entries in batches and back, deleted while walked`, () => {
    const maxEntries = type === sys.BPF_MAP_TYPE_LRU_HASH ? 40_000 : 5000
    using map = BpfMap.create(spec(type, { keySize: 8, maxEntries }))
    const typed = map.typed(keyCodec, codec.u64)
    const entries = Array.from({ length: 5000 }, (_, i): [number, bigint] => [i, BigInt(i) * 3n])
    typed.setAll(entries)
    assert.deepEqual(
      [...typed].sort((a, b) => a[0] - b[0]),
      entries,
    )
    const order = (found: Iterable<MapEntry>) =>
      [...found].map(({ key, value }) => Buffer.concat([key, value]).toString('hex')).sort()
    assert.deepEqual(order(map.entries({ oneByOne: true })), order(map.entries()))
    const seen = new Set<number>()
    for (const [key] of typed) {
      assert.ok(!seen.has(key), 'no entry twice')
      seen.add(key)
      typed.delete(key)
      typed.delete((key + 1) % 5000)
    }
    assert.ok(seen.size >= 2500)
    assert.equal([...typed].length, 0)
    typed.setAll(entries)
    assert.equal(typed.deleteAll([1, 2, 9_999_999, 3, 8_888_888]), 3)
    assert.equal([...drainEntries(map)].length, 4997)
    assert.equal([...typed].length, 0)
  })
}

test('walking a hash that others write to ends and repeats nothing', () => {
  using map = BpfMap.create(spec(sys.BPF_MAP_TYPE_HASH, { maxEntries: 2000 }))
  const typed = map.typed(codec.u32, codec.u64)
  for (let i = 0; i < 1000; i++) typed.set(i, 0n)
  let next = 1000
  const seen = new Set<number>()
  for (const [key] of typed) {
    assert.ok(!seen.has(key))
    seen.add(key)
    typed.delete(key)
    typed.set(next++, 1n)
  }
  assert.ok(seen.size >= 1000 && seen.size <= next)
})

test('a queue and a stack', () => {
  const value = (n: number) => new Uint8Array([n, 0, 0, 0, 0, 0, 0, 0])
  for (const [type, order] of [
    [sys.BPF_MAP_TYPE_QUEUE, [1, 2]],
    [sys.BPF_MAP_TYPE_STACK, [2, 1]],
  ] as const) {
    using map = BpfMap.create(spec(type, { keySize: 0 }))
    map.push(value(1))
    map.push(value(2))
    assert.deepEqual(map.lookup(), value(order[0]))
    assert.deepEqual(map.lookupAndDelete(), value(order[0]))
    assert.deepEqual(map.lookupAndDelete(), value(order[1]))
    assert.equal(map.lookupAndDelete(), undefined)
    assert.equal([...map].length, 0)
  }
})

test('per-CPU values come for every possible CPU', () => {
  const cpus = possibleCpus().length
  for (const type of [sys.BPF_MAP_TYPE_PERCPU_HASH, sys.BPF_MAP_TYPE_PERCPU_ARRAY]) {
    using map = BpfMap.create(spec(type, { valueSize: 4, maxEntries: 3 }))
    assert.equal(map.valueBytes, 8 * cpus)
    const typed = map.typed(codec.u32, codec.perCpu(codec.u32, cpus))
    const values = Array.from({ length: cpus }, (_, cpu) => cpu + 7)
    typed.set(1, values)
    assert.deepEqual(typed.get(1), values)
    assert.deepEqual(new Map(typed).get(1), values)
  }
})

test('the memory of an array is shared with the kernel', () => {
  using map = BpfMap.create(
    spec(sys.BPF_MAP_TYPE_ARRAY, { valueSize: 12, maxEntries: 3, flags: sys.BPF_F_MMAPABLE }),
  )
  const memory = map.memory()
  assert.equal(memory.byteLength, 48)
  memory.setUint32(16, 77, true)
  const key = new Uint8Array([1, 0, 0, 0])
  assert.equal(map.peek(key)!.getUint32(0, true), 77)
  map.update(key, new Uint8Array(12).fill(9))
  assert.equal(memory.getUint8(16 + 11), 9)
  assert.equal(map.memory(), memory)
  using plain = BpfMap.create(spec(sys.BPF_MAP_TYPE_ARRAY))
  assert.throws(() => plain.memory(), /created without BPF_F_MMAPABLE/)
})

test('contents are written and frozen', () => {
  const key = new Uint8Array([0, 0, 0, 0])
  using map = BpfMap.create(
    spec(sys.BPF_MAP_TYPE_ARRAY, {
      flags: sys.BPF_F_RDONLY_PROG,
      frozen: true,
      contents: [{ key, value: new Uint8Array(8).fill(5) }],
    }),
  )
  assert.deepEqual(map.lookup(key), new Uint8Array(8).fill(5))
  assert.throws(() => map.update(key, new Uint8Array(8)), { code: 'EPERM' })
})

test('a ring buffer size is rounded to what the kernel takes', () => {
  using map = BpfMap.create(spec(sys.BPF_MAP_TYPE_RINGBUF, { keySize: 0, valueSize: 0, maxEntries: 5000 }))
  assert.equal(map.maxEntries, 8192)
})

test('a map is opened by its id', () => {
  using map = BpfMap.create(spec(sys.BPF_MAP_TYPE_HASH))
  map.update(new Uint8Array(4), new Uint8Array(8).fill(1))
  using again = BpfMap.openById(map.info().id)
  assert.deepEqual(again.lookup(new Uint8Array(4)), new Uint8Array(8).fill(1))
  assert.notEqual(again.fd, map.fd)
})

test('a wrong spec is refused with the type and the name', () => {
  assert.throws(() => BpfMap.create(spec(sys.BPF_MAP_TYPE_HASH, { name: 'odd', keySize: 0 })), {
    code: 'EINVAL',
    message: /^create map "odd" \(BPF_MAP_TYPE_HASH\): invalid argument/,
  })
  assert.throws(() => BpfMap.create(spec(9999)), /map type 9999/)
})
