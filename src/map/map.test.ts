// Maps on a fake Linux: what is asked of the kernel, and what is made of its answers. The real kernel's own answers
// are tested in test/kernel/map.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { errno } from '../errors/index.ts'
import type { MapSpec } from '../spec/spec.ts'
import { type FakeOptions, fakeLinux } from '../sys/fake.ts'
import {
  BPF_F_NO_PREALLOC,
  BPF_MAP_CREATE,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_UPDATE_ELEM,
  withLinux,
} from '../sys/index.ts'
import { BpfMap, codec, drainEntries, mapCreateAttr, ringBytes } from './index.ts'

const hash: MapSpec = { name: 'h', type: BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 100 }

const onFake = (name: string, run: (fake: ReturnType<typeof fakeLinux>) => void, options?: FakeOptions) =>
  test(name, () => {
    const fake = fakeLinux(options)
    withLinux(fake, () => run(fake))
    assert.deepEqual([...fake.open.keys()], [], 'every descriptor is closed')
  })

onFake('a typed map over system calls', () => {
  using map = BpfMap.create(hash)
  const typed = map.typed(codec.u32, codec.i64)
  assert.ok(typed.set(7, -7n))
  assert.equal(typed.get(7), -7n)
  assert.equal(typed.get(8), undefined)
  typed.setAll([
    [8, 8n],
    [9, 9n],
  ])
  assert.deepEqual(
    [...typed],
    [
      [7, -7n],
      [8, 8n],
      [9, 9n],
    ],
  )
  const walk = typed.entries()
  for (const [key] of walk) {
    assert.equal(key, 7)
    break
  }
  assert.deepEqual(walk.next(), { value: undefined, done: true }, 'a walk that was left is over')
  assert.equal(typed.deleteAll([8, 10]), 1)
})

onFake('without batches a walk survives deletions, ends, and repeats nothing', () => {
  using map = BpfMap.create(hash)
  const typed = map.typed(codec.u32, codec.u64)
  for (let i = 0; i < 50; i++) typed.set(i, 0n)
  const seen: number[] = []
  for (const [key] of typed) {
    seen.push(key)
    typed.delete(key)
    typed.delete(key + 1)
    typed.set(1000 + key, 0n)
  }
  assert.equal(new Set(seen).size, seen.length)
  assert.ok(seen.length >= 25)
  const left = [...drainEntries(map)].length
  assert.ok(left > 0)
  assert.equal([...typed].length, 0)
})

onFake('contents are written before the freeze', fake => {
  const key = new Uint8Array(4)
  using map = BpfMap.create({
    ...hash,
    type: BPF_MAP_TYPE_ARRAY,
    maxEntries: 1,
    frozen: true,
    contents: [{ key, value: new Uint8Array(8).fill(3) }],
  })
  assert.throws(() => map.update(key, new Uint8Array(8)), { code: 'EPERM' })
  assert.deepEqual(map.lookup(key), new Uint8Array(8).fill(3))
  assert.equal(fake.commands[0], BPF_MAP_CREATE)
})

onFake(
  'a failed write of contents leaves nothing open',
  () =>
    assert.throws(
      () => BpfMap.create({ ...hash, contents: [{ key: new Uint8Array(4), value: new Uint8Array(8) }] }),
      { code: 'ENOMEM', message: /^write to map "h" \(BPF_MAP_TYPE_HASH\): cannot allocate memory/ },
    ),
  { refuse: new Map([[BPF_MAP_UPDATE_ELEM, errno.ENOMEM]]) },
)

onFake(
  'a refusal names the capability',
  () =>
    assert.throws(() => BpfMap.create(hash), {
      code: 'EPERM',
      message: /^create map "h" \(BPF_MAP_TYPE_HASH\): operation not permitted \(EPERM.*CAP_BPF/,
    }),
  {
    refuse: new Map([[BPF_MAP_CREATE, errno.EPERM]]),
    calls: { prlimit: () => -errno.EPERM },
  },
)

test('what a type demands is added to the spec', () => {
  assert.equal(mapCreateAttr({ ...hash, type: BPF_MAP_TYPE_LPM_TRIE }).mapFlags, BPF_F_NO_PREALLOC)
  for (const [wanted, bytes] of [
    [0, 4096],
    [4096, 4096],
    [4097, 8192],
    [3 << 20, 4 << 20],
  ] as const) {
    assert.equal(ringBytes(wanted, 4096), bytes)
  }
})

const roundTrip = <T>(name: string, c: codec.Codec<T>, values: fc.Arbitrary<T>) =>
  test(`codec ${name}: encode and decode`, () =>
    fc.assert(
      fc.property(values, fc.nat(16), (value, offset) => {
        const data = new DataView(new ArrayBuffer(offset + c.byteLength + 1))
        c.encode(value, data, offset)
        assert.deepEqual(c.decode(data, offset), value)
        assert.equal(data.getUint8(offset + c.byteLength), 0, 'writes no more than its own bytes')
      }),
    ))

roundTrip('u8', codec.u8, fc.nat(255))
roundTrip('u16', codec.u16, fc.nat(65535))
roundTrip('u32', codec.u32, fc.nat(0xffff_ffff))
roundTrip('i32', codec.i32, fc.integer())
roundTrip('u64', codec.u64, fc.bigInt(0n, 2n ** 64n - 1n))
roundTrip('u64Number', codec.u64Number, fc.maxSafeNat())
roundTrip('i64', codec.i64, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
roundTrip('bytes', codec.bytes(5), fc.uint8Array({ minLength: 5, maxLength: 5 }))
roundTrip('string', codec.string(16), fc.stringMatching(/^[a-zé]{0,8}$/))
roundTrip(
  'perCpu',
  codec.perCpu(codec.u32, 3),
  fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)) as fc.Arbitrary<number[]>,
)
roundTrip(
  'struct',
  codec.struct<{ pid: number; bytes: bigint }>(16, {
    pid: { offset: 0, codec: codec.u32 },
    bytes: { offset: 8, codec: codec.u64 },
  }),
  fc.record({ pid: fc.nat(9), bytes: fc.bigInt(0n, 9n) }, { noNullPrototype: true }),
)

test('codecs refuse what does not fit and pad what is shorter', () => {
  const data = new DataView(new ArrayBuffer(4))
  data.setUint32(0, 0xffff_ffff)
  assert.throws(() => codec.string(4).encode('fünf', data, 0), /5 bytes do not fit into the 4/)
  codec.string(4).encode('ab', data, 0)
  assert.deepEqual([...new Uint8Array(data.buffer)], [97, 98, 0, 0])
})
