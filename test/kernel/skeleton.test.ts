// Skeletons on a real kernel: variables, maps and records through the types that a generated module gives them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Calls, openCalls } from '../../examples/calls.skel.ts'
import { BeetraceError } from '../../src/errors/index.ts'
import { possibleCpus } from '../../src/kernel/index.ts'
import { openSkeleton, type Skeleton, type SkeletonMap } from '../../src/object/index.ts'
import { SHAPES_PATH } from '../object/sample.ts'
import { noFetchingAtomics } from './since.ts'

interface Point {
  readonly x: number
  readonly y: number
}

/** As `bee gen skeleton` writes it, the parts that are looked at. */
interface Shapes extends Skeleton {
  readonly programs: {
    readonly count: { autoload: boolean; program: { testRun(o: object): { retval: number } } }
  }
  readonly maps: {
    readonly by_cpu: SkeletonMap<number, readonly bigint[]>
    readonly queue: SkeletonMap<undefined, Point>
    readonly untyped: SkeletonMap<number, Uint8Array>
    readonly routes: SkeletonMap<Point, { readonly from: number; readonly to: number; readonly mode: string }>
  }
  readonly data: {
    route: { readonly from: number; readonly points: readonly Point[]; readonly names: readonly string[] }
  }
  readonly rodata: { mode: string | number }
  readonly data_wide: { wide: readonly bigint[] }
  readonly bss: { turns: number }
}

const openShapes = (): Shapes =>
  openSkeleton<Shapes>({ name: 'shapes', file: 'shapes.bpf.o', beside: pathToFileURL(SHAPES_PATH).href })

function loadShapes(set: (shapes: Shapes) => void = () => {}): Shapes {
  const shapes = openShapes()
  shapes.programs.count.autoload = true
  set(shapes)
  return shapes.load()
}

const run = (shapes: Shapes) => shapes.programs.count.program.testRun({ data: new Uint8Array(64) }).retval

test('variables are set before loading, and read and written after it', () => {
  using shapes = loadShapes(({ rodata, data }) => {
    assert.equal(rodata.mode, 'MODE_AUTO')
    rodata.mode = 'MODE_ON'
    assert.equal(data.route.from, 7)
    data.route = { ...data.route, from: 20 }
  })
  assert.equal(run(shapes), 21)
  assert.equal(shapes.bss.turns, 1)
  shapes.bss.turns = 0xfffffff0
  run(shapes)
  assert.equal(shapes.bss.turns, 0xfffffff1)
  assert.deepEqual(shapes.data_wide.wide, [1n, 0xffff_ffff_ffff_ffffn])
  assert.deepEqual([...shapes.data.route.names], ['abc', ''])
  assert.throws(() => {
    shapes.rodata.mode = 'MODE_OFF'
  }, /"mode" is constant once the object is loaded/)
  assert.throws(() => {
    shapes.bss.turns = -1
  }, /turns: -1 does not fit/)
  assert.ok(!('twice' in shapes.bss), 'static variables are not shown')
})

test('values of per-CPU maps come for each CPU', () => {
  using shapes = loadShapes()
  run(shapes)
  run(shapes)
  const counts = shapes.maps.by_cpu.get(0)
  assert.equal(counts?.length, possibleCpus().length)
  assert.equal(
    counts.reduce((a, b) => a + b),
    2n,
  )
  const own = counts.map((_, cpu) => BigInt(cpu + 5))
  shapes.maps.by_cpu.set(1, own)
  assert.deepEqual(shapes.maps.by_cpu.get(1), own)
})

test('queues are pushed to and popped from', () => {
  using shapes = loadShapes()
  run(shapes)
  shapes.maps.queue.push({ x: 40, y: 2 })
  assert.deepEqual({ ...shapes.maps.queue.pop() }, { x: 1, y: -5 })
  assert.deepEqual({ ...shapes.maps.queue.pop() }, { x: 40, y: 2 })
  assert.equal(shapes.maps.queue.pop(), undefined)
})

test('structs are keys and values, members left out are zero', () => {
  using shapes = loadShapes(({ maps }) => {
    maps.routes.source.maxEntries = 1
  })
  const { routes } = shapes.maps
  assert.equal(routes.get({ x: 3, y: 4 }), undefined)
  assert.equal(routes.set({ x: 3, y: 4 }, { from: 4095, mode: 'MODE_ON' }), true)
  assert.equal(routes.set({ x: 3, y: 4 }, { from: 1 }, 1 /* BPF_NOEXIST */), false)
  const { from, to, mode } = routes.get({ x: 3, y: 4 })!
  assert.deepEqual([from, to, mode], [4095, 0, 'MODE_ON'])
  assert.deepEqual(
    [...routes].map(([key]) => ({ ...key })),
    [{ x: 3, y: 4 }],
  )
  assert.throws(() => routes.set({ x: 5 }, {}), { errnoName: 'E2BIG' })
  assert.equal(routes.delete({ x: 3, y: 4 }), true)
  assert.equal(routes.delete({ x: 3, y: 4 }), false)
  assert.throws(() => routes.set({ x: 1 }, { from: 4096 }), /from: 4096 does not fit 12 bits/)
})

test('without types, numbers go by their size and the rest are bytes', () => {
  using shapes = loadShapes()
  const value = Uint8Array.from({ length: 24 }, (_, i) => i)
  shapes.maps.untyped.set(0x1234, value)
  assert.deepEqual([...shapes.maps.untyped], [[0x1234, value]])
})

test('before it is loaded a map has no entries, and says so', () => {
  using shapes = openShapes()
  const unloaded = (error: unknown) => error instanceof BeetraceError && error.code === 'OBJECT_USE'
  assert.throws(() => shapes.maps.routes.get({}), unloaded)
  assert.throws(() => shapes.attach(), unloaded)
})

/** Counting this process. */
function attachCalls(first = 1000): Calls {
  const calls = openCalls()
  calls.rodata.only_tgid = process.pid
  calls.rodata.first = first
  return calls.load().attach()
}

test('records are read as they come, and what was not asked for is still there', {
  skip: noFetchingAtomics,
}, async () => {
  using calls = attachCalls(40)
  const seen: number[] = []
  const stream = calls.maps.events.open()
  for (let i = 0; i < 20; i++) {
    readFileSync('/proc/self/comm')
    const { done, value } = await stream.next()
    assert.equal(done, false)
    if (value !== undefined) seen.push(value.tid)
  }
  calls.detach()
  assert.ok(stream.take().length >= 20)
  assert.equal(stream.take().length, 0)
  assert.ok(seen.every(tid => tid > 0))
})

test('a loop over records ends with the object', { skip: noFetchingAtomics }, async () => {
  const calls = attachCalls(3)
  let told = 0
  setTimeout(() => calls.close(), 100)
  for await (const { comm } of calls.maps.events) {
    assert.equal(typeof comm, 'string')
    told++
  }
  assert.equal(told, 3)
})

test('detached, it can be attached again', { skip: noFetchingAtomics }, () => {
  using calls = attachCalls()
  calls.detach()
  const before = calls.bss.total
  readFileSync('/proc/self/comm')
  assert.equal(calls.bss.total, before)
  calls.attach()
  readFileSync('/proc/self/comm')
  assert.ok(calls.bss.total > before)
})
