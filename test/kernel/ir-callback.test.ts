// What helpers call back, on a real kernel: loops and walks over maps whose bodies are subprograms.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Builder,
  compileSpec,
  elementBody,
  forEachElement,
  type Program as IrProgram,
  loopBody,
  onlyElement,
  program,
  repeatCalling,
  repeatUpTo,
  u64,
  type Value,
} from '../../src/ir/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { Program } from '../../src/program/index.ts'
import type { MapSpec } from '../../src/spec/spec.ts'
import * as sys from '../../src/sys/index.ts'
import { since } from './since.ts'

const table: MapSpec = {
  name: 'table',
  type: sys.BPF_MAP_TYPE_HASH,
  keySize: 8,
  valueSize: 8,
  maxEntries: 16,
}
const local: MapSpec = {
  name: 'local',
  type: sys.BPF_MAP_TYPE_PERCPU_ARRAY,
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
}

/** What a program that gets one number returns; `table` holds 1, 2 … 5, each under itself. */
function run(input: bigint, main: (b: Builder, x: Value) => void, more?: (p: IrProgram) => void): number {
  using map = BpfMap.create(table)
  using own = BpfMap.create(local)
  const word = (n: bigint) => new Uint8Array(BigUint64Array.of(n).buffer)
  for (let n = 1n; n <= 5n; n++) map.update(word(n), word(n))
  const p = program({ name: 'test', progType: sys.BPF_PROG_TYPE_RAW_TRACEPOINT, maps: [table, local] })
  more?.(p)
  p.main((b, ctx) => main(b, b.load(ctx, 0, u64)))
  using loaded = Program.load(compileSpec(p), { maps: { table: map, local: own } })
  return loaded.testRun({ ctx: word(input) }).retval
}

/** Memory for a sum, handed to `each`, whose content is then returned. */
const summing =
  (each: (b: Builder, x: Value, sum: Value) => void) =>
  (b: Builder, x: Value): void => {
    const sum = b.slot(8, 'sum')
    b.store(sum, 0, 0, u64)
    each(b, x, sum)
    b.return(b.load(sum, 0, u64))
  }
const addTo = (b: Builder, sum: Value, n: Value): void => b.store(sum, 0, b.add(b.load(sum, 0, u64), n))

test('a loop up to a number known at run time', () => {
  const main = summing((b, x, sum) => repeatUpTo(b, x, 20, i => addTo(b, sum, i)))
  assert.equal(run(5n, main), 10)
  assert.equal(run(0n, main), 0)
  assert.equal(run(1000n, main), 190)
})

test('a loop by bpf_loop', { skip: since('5.17', 'bpf_loop') }, () => {
  const body = (p: IrProgram) =>
    loopBody(p, 'round', (b, i, sum, end) => {
      b.if(b.gt(i, 100), end.stop)
      addTo(b, sum, i)
    })
  const main = summing((b, x, sum) => repeatCalling(b, x, 'round', sum))
  assert.equal(run(5n, main, body), 10)
  assert.equal(run(1_000_000n, main, body), 5050)
})

test('each element of a map', { skip: since('5.13', 'bpf_for_each_map_elem') }, () => {
  const body = (p: IrProgram) =>
    elementBody(p, 'element', (b, key, value, sum, end) => {
      b.if(b.eq(b.load(key, 0, u64), 3), end.next)
      addTo(b, sum, b.load(value, 0, u64))
    })
  const main = summing((b, _x, sum) => forEachElement(b, 'table', 'element', sum))
  assert.equal(run(0n, main, body), 1 + 2 + 4 + 5)
})

test('the only element of a per-CPU array is looked up once', () => {
  assert.equal(
    run(0n, b => {
      for (let n = 1; n <= 3; n++) onlyElement(b, 'local', at => addTo(b, at, b.const(u64, n)))
      onlyElement(b, 'local', at => b.return(b.load(at, 0, u64)))
    }),
    6,
  )
})
