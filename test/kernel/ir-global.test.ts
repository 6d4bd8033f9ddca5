// Global subprograms on a real kernel: their prototypes are accepted, and they are walked once and not at each call.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Builder,
  compileSpec,
  memoryOf,
  pointer,
  program,
  u8,
  u64,
  type Value,
} from '../../src/ir/index.ts'
import { isAtLeast, kernelRelease } from '../../src/kernel/index.ts'
import { Program } from '../../src/program/index.ts'
import * as sys from '../../src/sys/index.ts'
import { since } from './since.ts'

const release = kernelRelease()

const BYTES = 64
const CALLS = 24

/** Adds up the bytes of a buffer: the verifier walks every round. */
const sum = (b: Builder, bytes: Value, start: Value): void => {
  const total = b.variable(u64, start)
  b.forRange(0, BYTES, i => {
    total.set(b.add(total.get(), b.convert(b.load(b.offset(bytes, b.mask(i, BYTES - 1)), 0, u8), u64)))
  })
  b.return(total.get())
}

const summing = (global: boolean) => {
  const p = program({ name: 'sums', progType: sys.BPF_PROG_TYPE_RAW_TRACEPOINT })
  if (global)
    p.globalSubprogram('sum', [memoryOf(BYTES), u64], (b, m, start) =>
      b.ifNotNull(m, bytes => sum(b, bytes, start)),
    )
  else p.subprogram('sum', [pointer('stack'), u64], sum)
  p.main((b, ctx) => {
    const buffer = b.slot(BYTES)
    b.zero(buffer, 0, BYTES)
    b.store(buffer, 8, b.load(ctx, 0, u64))
    let total = b.load(ctx, 8, u64)
    for (let n = 0; n < CALLS; n++) total = b.callSubprogram('sum', [buffer, total])
    b.return(total)
  })
  return compileSpec(p)
}

test('a global subprogram with memory is walked once', {
  skip: since('5.12', 'global functions with memory'),
}, () => {
  const ctx = new Uint8Array(BigUint64Array.from([0x0102n, 5n]).buffer)
  using asStatic = Program.load(summing(false))
  using asGlobal = Program.load(summing(true))
  assert.equal(asStatic.testRun({ ctx }).retval, 5 + 3 * CALLS)
  assert.equal(asGlobal.testRun({ ctx }).retval, 5 + 3 * CALLS)
  if (!isAtLeast(release, '5.16')) return // earlier kernels do not say how much they walked
  const [many, once] = [asStatic.info().verifiedInsns, asGlobal.info().verifiedInsns]
  assert.ok(once * 4 < many, `${once} against ${many}`)
})

test('a global subprogram with numbers and the context', () => {
  const p = program({ name: 'ctx', progType: sys.BPF_PROG_TYPE_RAW_TRACEPOINT })
  p.globalSubprogram('second', [pointer('context'), u64, u8], (b, ctx, n, m) =>
    b.return(b.add(b.load(ctx, 8, u64), b.mul(n, b.convert(m, u64)))),
  )
  p.main((b, ctx) => b.return(b.callSubprogram('second', [ctx, b.load(ctx, 0, u64), b.const(u8, 10)])))
  using loaded = Program.load(compileSpec(p))
  assert.equal(loaded.testRun({ ctx: new Uint8Array(BigUint64Array.from([4n, 2n]).buffer) }).retval, 42)
})
