// What maps of newer kernels can do: belong to one program, be read and written on one CPU, vouch for their contents.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  aluImm,
  call,
  encode,
  exit,
  type Insn,
  ldMap,
  movImm,
  movReg,
  R0,
  R1,
  R2,
  R10,
  storeImm,
} from '../../src/asm/index.ts'
import { BeetraceError, NotSupportedError, VerifierError } from '../../src/errors/index.ts'
import { features, hasFeature, possibleCpus } from '../../src/kernel/index.ts'
import { BpfMap, lookupOnCpu, updateBatchOnCpu, updateOnCpu } from '../../src/map/index.ts'
import { openObject } from '../../src/object/index.ts'
import { instructionHash, Program } from '../../src/program/index.ts'
import * as sys from '../../src/sys/index.ts'
import { CALLS_PATH } from '../object/sample.ts'
import { noFetchingAtomics, since } from './since.ts'

const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer)

const array = { name: 'values', type: sys.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 2 }

/** `return *bpf_map_lookup_elem(&values, &0) != 0`, nearly: whether there is a value */
const reading = (returns: number): Insn[] => [
  storeImm(4, R10, -4, 0),
  ldMap(R1, 'values'),
  movReg(R2, R10),
  aluImm('add', R2, -4),
  call('bpf_map_lookup_elem'),
  movImm(R0, returns),
  exit(),
]
const socketFilter = (insns: Insn[]) => ({
  ...{ name: 'reads', type: sys.BPF_PROG_TYPE_SOCKET_FILTER, license: 'GPL', insns },
})
/** as it is loaded, whatever the map's descriptor is */
const hashOf = (insns: Insn[]) =>
  instructionHash(encode(insns.map(insn => (insn.ref === undefined ? insn : withoutMap(insn)))))
const withoutMap = ({ ref: _, ...insn }: Insn): Insn => ({ ...insn, src: sys.BPF_PSEUDO_MAP_FD, imm64: 0n })

const notExclusive = since('6.18', 'a map for one program')

test('an exclusive map is for the program whose hash it was made with', { skip: notExclusive }, () => {
  using values = BpfMap.create(array, { exclusiveHash: hashOf(reading(7)) })
  using program = Program.load(socketFilter(reading(7)), { maps: { values } })
  assert.equal(program.testRun({ data: new Uint8Array(64) }).retval, 7)
  assert.throws(
    () => Program.load(socketFilter(reading(8)), { maps: { values } }),
    error => error instanceof VerifierError && /hash doesn't match/.test(error.message),
  )
})

test('an object binds a map to one of its programs', {
  skip: notExclusive || noFetchingAtomics,
}, () => {
  using object = openObject(CALLS_PATH)
  object.map('counts').exclusiveTo = 'on_call'
  object.map('.rodata').exclusiveTo = 'on_call'
  object.load()
  const { counts, values } = { counts: object.map('counts').map, values: object.map('counts').map }
  assert.equal(counts.keySize, 4)
  assert.throws(() => Program.load(socketFilter(reading(1)), { maps: { values } }), /hash doesn't match/)
  object.map('counts').map.update(u32(1), new Uint8Array(8))
})

test('a kernel without exclusive maps says so', {
  skip: hasFeature(features.exclusiveMaps) && 'this one has them',
}, () => {
  assert.throws(
    () => BpfMap.create(array, { exclusiveHash: new Uint8Array(32) }),
    error => error instanceof NotSupportedError && error.since === '6.18',
  )
})

test('a frozen array tells the hash of its values', { skip: notExclusive }, () => {
  using map = BpfMap.create({ ...array, contents: [{ key: u32(1), value: u32(3, 4) }], frozen: true })
  assert.deepEqual(
    Buffer.from(map.contentHash()),
    createHash('sha256')
      .update(u32(0, 0, 3, 4))
      .digest(),
  )
  using open = BpfMap.create(array)
  assert.throws(() => open.contentHash(), /frozen before/)
})

test('a map tells what it costs, and whether it is frozen', () => {
  using map = BpfMap.create({ ...array, maxEntries: 10_000 })
  const { memoryBytes, frozen } = map.usage()
  assert.ok(memoryBytes >= 80_000 && memoryBytes < 400_000, `${memoryBytes} bytes`)
  assert.equal(frozen, false)
  map.freeze()
  assert.equal(map.usage().frozen, true)
  map.close()
  assert.throws(() => map.usage(), /is closed/)
})

const cpus = possibleCpus()
const last = cpus.at(-1)!
/** of no multiple of 8 bytes, so that padding shows */
const perCpu = (type: number) => ({ name: 'per_cpu', type, keySize: 4, valueSize: 12, maxEntries: 4 })

for (const type of [
  sys.BPF_MAP_TYPE_PERCPU_ARRAY,
  sys.BPF_MAP_TYPE_PERCPU_HASH,
  sys.BPF_MAP_TYPE_LRU_PERCPU_HASH,
]) {
  const name = sys.bpfMapTypeNames[type]!

  test(`${name}: one value for all CPUs, and each CPU's read alone`, () => {
    using map = BpfMap.create(perCpu(type))
    const isArray = type === sys.BPF_MAP_TYPE_PERCPU_ARRAY
    assert.deepEqual(lookupOnCpu(map, u32(1), last), isArray ? new Uint8Array(12) : undefined)
    updateOnCpu(map, u32(1), u32(1, 2, 3), 'all')
    for (const cpu of cpus) assert.deepEqual(lookupOnCpu(map, u32(1), cpu), u32(1, 2, 3))
    updateBatchOnCpu(map, u32(2, 3), u32(4, 5, 6, 7, 8, 9), 'all')
    for (const cpu of cpus) {
      assert.deepEqual(lookupOnCpu(map, u32(2), cpu), u32(4, 5, 6))
      assert.deepEqual(lookupOnCpu(map, u32(3), cpu), u32(7, 8, 9))
    }
  })

  test(`${name}: one CPU written alone`, { skip: since('7.0', 'BPF_F_CPU') }, () => {
    using map = BpfMap.create(perCpu(type))
    updateOnCpu(map, u32(1), u32(1, 1, 1), 'all')
    updateOnCpu(map, u32(1), u32(2, 2, 2), last)
    updateBatchOnCpu(map, u32(1, 2), u32(3, 3, 3, 4, 4, 4), last)
    for (const cpu of cpus) {
      const own = cpu === last
      assert.deepEqual(lookupOnCpu(map, u32(1), cpu), own ? u32(3, 3, 3) : u32(1, 1, 1))
      assert.deepEqual(lookupOnCpu(map, u32(2), cpu), own ? u32(4, 4, 4) : u32(0, 0, 0))
    }
  })

  test(`${name}: many entries of one CPU`, () => {
    using map = BpfMap.create(perCpu(type))
    updateBatchOnCpu(map, u32(0, 1, 2), u32(1, 2, 3, 4, 5, 6, 7, 8, 9), 'all')
    const found: [number, number][] = []
    for (const { keys, values, count } of map.batches({ cpu: last }))
      for (let i = 0; i < count; i++)
        found.push([keys[i * 4]!, new DataView(values.buffer, values.byteOffset).getUint32(i * 12 + 8, true)])
    assert.deepEqual(
      found.filter(([key]) => key < 3).sort(([a], [b]) => a - b),
      [
        [0, 3],
        [1, 6],
        [2, 9],
      ],
    )
  })
}

test('what one CPU cannot have is refused', () => {
  using map = BpfMap.create(perCpu(sys.BPF_MAP_TYPE_PERCPU_HASH))
  const refused = (run: () => unknown, code: string, message: RegExp) =>
    assert.throws(
      run,
      error => error instanceof BeetraceError && error.code === code && message.test(error.message),
    )
  refused(() => lookupOnCpu(map, u32(1), last + 1), 'MAP_USE', /there is no CPU/)
  refused(() => updateOnCpu(map, u32(1), u32(1, 2), 'all'), 'MAP_VALUE', /a value of 12 bytes on each CPU/)
  refused(() => map.batches({ cpu: 0, take: true }), 'MAP_USE', /for all CPUs at once/)
  using plain = BpfMap.create(array)
  refused(() => lookupOnCpu(plain, u32(1), 0), 'MAP_USE', /is no per-CPU map/)
})

test('a kernel that cannot write to one CPU alone says so', {
  skip: hasFeature(features.perCpuFlags) && 'this one can',
}, () => {
  using map = BpfMap.create(perCpu(sys.BPF_MAP_TYPE_PERCPU_HASH))
  assert.throws(
    () => updateOnCpu(map, u32(1), u32(1, 2, 3), last),
    error => error instanceof NotSupportedError && error.since === '7.0',
  )
})
