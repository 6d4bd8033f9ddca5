// Small programs built, compiled and run in the interpreter.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Builder,
  bool,
  type CompileOptions,
  compile,
  compileSpec,
  memoryOf,
  pointer,
  program,
  s8,
  s32,
  s64,
  type Type,
  u8,
  u16,
  u32,
  u64,
  type Value,
} from '../../src/ir/index.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_TRACEPOINT,
} from '../../src/sys/bpf-constants.generated.ts'
import { runProgram } from '../vm/index.ts'

const maps = [
  { name: 'counts', type: BPF_MAP_TYPE_HASH, keySize: 8, valueSize: 8, maxEntries: 8 },
  { name: 'state', type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 64, maxEntries: 1 },
]
const variants: CompileOptions[] = [{ optimize: false }, { optimize: true }, { optimize: true, cpu: 'v4' }]

/** Runs a program on two 64-bit numbers of context and compares what it returns. */
function check(
  build: (b: Builder, x: Value, y: Value) => void,
  x: bigint,
  y: bigint,
  expected: bigint,
): void {
  const p = program({ name: 'test', progType: 5, maps })
  p.subprogram('double_sum', [u64, u64], (b, m, n) => b.return(b.mul(b.add(m, n), 2)))
  p.main((b, ctx) => build(b, b.load(ctx, 0, u64), b.load(ctx, 8, u64)))
  const ctx = new Uint8Array(new BigUint64Array([BigInt.asUintN(64, x), BigInt.asUintN(64, y)]).buffer)
  for (const options of variants) {
    let dump = ''
    const { insns } = compile(p, { ...options, dump: (stage, text) => (dump += `-- ${stage}\n${text}\n`) })
    const { r0 } = runProgram(insns, { ctx: ctx.slice(), maps })
    assert.equal(r0, BigInt.asUintN(64, expected), `${JSON.stringify(options)}\n${dump}`)
  }
}

test('arithmetic keeps to the width and the sign of its type', () => {
  check((b, x, y) => b.return(b.add(x, y)), 5n, 7n, 12n)
  check((b, x, y) => b.return(b.convert(b.add(b.convert(x, u8), b.convert(y, u8)), u64)), 200n, 100n, 44n)
  check(
    (b, x, y) => b.return(b.convert(b.sub(b.convert(x, u32), b.convert(y, u32)), u64)),
    1n,
    2n,
    0xffffffffn,
  )
  check((b, x, y) => b.return(b.convert(b.div(b.convert(x, s32), b.convert(y, s32)), u64)), -7n, 2n, -3n)
  check((b, x, y) => b.return(b.convert(b.mod(b.convert(x, s64), b.convert(y, s64)), u64)), -7n, 4n, -3n)
  check((b, x, y) => b.return(b.convert(b.div(b.convert(x, s64), b.convert(y, s64)), u64)), -7n, 0n, 0n)
  check((b, x) => b.return(b.convert(b.shr(b.convert(x, s8), 1), u64)), 0x80n, 0n, -64n)
  check((b, x) => b.return(b.convert(b.byteSwap(b.convert(x, u16)), u64)), 0x1234n, 0n, 0x3412n)
  check((b, x) => b.return(b.neg(x)), 5n, 0n, -5n)
})

test('conditions as values, in branches and in selects', () => {
  check((b, x, y) => b.return(b.select(b.lt(x, y), b.const(u64, 1), 2)), 3n, 4n, 1n)
  check((b, x, y) => b.return(b.select(b.lt(b.convert(x, s64), b.convert(y, s64)), x, y)), -3n, 4n, -3n)
  check((b, x, y) => b.return(b.convert(b.and(b.lt(x, y), b.ne(x, 3)), u64)), 3n, 4n, 0n)
  check((b, x, y) => b.return(b.convert(b.not(b.logicalOr(b.eq(x, 3), () => b.eq(y, 3))), u64)), 2n, 4n, 1n)
  check(
    (b, x) => {
      b.if(b.test(x, 4), () => b.return(10))
      b.return(20)
    },
    12n,
    0n,
    10n,
  )
})

test('loops, variables, switch', () => {
  check(
    (b, x) => {
      const sum = b.variable(u64, 0)
      b.forRange(0, 10, (i, loop) => {
        b.if(b.eq(i, 7), loop.break)
        b.if(b.eq(i, 2), loop.continue)
        sum.set(b.add(sum.get(), b.add(i, x)))
      })
      b.return(sum.get())
    },
    100n,
    0n,
    619n,
  )
  check(
    (b, x, y) => {
      // Variables that change places in each round: a cycle of moves.
      const [m, n] = [b.variable(u64, x), b.variable(u64, y)]
      b.forRange(0, 3, () => {
        const old = m.get()
        m.set(n.get())
        n.set(old)
      })
      b.return(b.sub(m.get(), n.get()))
    },
    1n,
    10n,
    9n,
  )
  for (const [value, expected] of [
    [0n, 100n],
    [3n, 7n],
    [8n, 8n],
    [9n, 8n],
    [77n, 100n],
  ] as const) {
    check(
      (b, x) => {
        const r = b.variable(u64, 0)
        const one = [1, 2, 3, 4, 5, 6].map(k => ({ values: [k], body: () => r.set(k * 2 + 1) }))
        b.switch(x, [...one, { values: [8, 9], body: () => r.set(8) }], () => r.set(100))
        b.return(r.get())
      },
      value,
      0n,
      expected,
    )
  }
})

test('memory: slots, map values, atomics, calls, subprograms', () => {
  check(
    (b, x, y) => {
      const key = b.slot(8, 'key')
      const value = b.slot(8, 'value')
      b.store(key, 0, x)
      b.store(value, 0, y)
      const map = b.mapFd('counts')
      b.call('map_update_elem', [map, key, value, 0])
      b.ifNotNull(b.call('map_lookup_elem', [b.mapFd('counts'), key]), p => {
        b.atomicAdd(p, 0, 5)
        b.return(b.add(b.load(p, 0, u64), x))
      })
      b.return(0)
    },
    1000n,
    3n,
    1008n,
  )
  check(
    (b, x, y) => {
      const p = b.mapValue('state', 16)
      b.zero(p, 0, 16)
      b.store(b.offset(p, b.mask(x, 7)), 0, b.convert(y, u8))
      b.return(b.bigEndian(b.load(p, 0, u64)))
    },
    1n,
    0xabn,
    0x00ab000000000000n,
  )
  check((b, x, y) => b.return(b.callSubprogram('double_sum', [x, y])), 4n, 5n, 18n)
  check((b, x, y) => b.return(b.add(b.clamp(x, 10), b.clamp(y, 10))), 4n, 50n, 14n)
})

test('more values than registers', () => {
  check(
    (b, x, y) => {
      const values = Array.from({ length: 20 }, (_, i) => b.add(b.mul(x, i), y))
      b.call('ktime_get_ns', [])
      let sum = values.reduce((a, v) => b.add(a, v))
      b.call('ktime_get_ns', [])
      sum = b.add(
        sum,
        values.reduce((a, v) => b.xor(a, v)),
      )
      b.return(sum)
    },
    3n,
    1n,
    (() => {
      const values = Array.from({ length: 20 }, (_, i) => 3n * BigInt(i) + 1n)
      return values.reduce((a, v) => a + v) + values.reduce((a, v) => a ^ v)
    })(),
  )
})

test('what a front end may not do', () => {
  const wrong = (build: (b: Builder, ctx: Value) => void, message: RegExp): void => {
    assert.throws(() => program({ name: 'wrong', progType: 5, maps }).main(build), {
      code: 'IR_MISUSE',
      message,
    })
  }
  wrong((b, ctx) => void b.add(b.load(ctx, 0, u32), b.load(ctx, 0, u64)), /u64 where u32 is expected/)
  wrong(
    (b, ctx) =>
      void b.load(b.cast(b.load(ctx, 0, u64), { kind: 'pointer', space: 'user', maybeNull: false }), 0, u8),
    /probe read/,
  )
  wrong(b => void b.load(b.call('map_lookup_elem', [b.mapFd('counts'), b.slot(8)]), 0, u8), /null first/)
  wrong(b => void b.mapFd('nothing'), /map "nothing"/)
  wrong(b => void b.call('bpf_nothing', []), /helper "bpf_nothing" is not known/)
  wrong(b => void b.call('ktime_get_ns', [1]), /takes 0 arguments/)
  wrong(b => b.if(b.const(u8, 1), () => undefined), /bool is expected/)
  wrong(b => void b.add(b.const(bool, 1), b.const(bool, 1)), /add of bools/)
})

test('a global subprogram says what the verifier may assume of its arguments', () => {
  const global = (progType: number, ...params: Type[]) => {
    const p = program({ name: 'test', progType, maps })
    p.globalSubprogram('g', params, b => b.return(1))
    p.main((b, ctx) => {
      const args = params.map(type => (type.kind === 'pointer' ? ctx : b.const(type, 0)))
      b.return(b.callSubprogram('g', type0(params)?.sizeBytes === undefined ? args : [b.mapValue('state')]))
    })
    return compileSpec(p).globals
  }
  const type0 = ([type]: Type[]) => (type?.kind === 'pointer' ? type : undefined)
  const raw = BPF_PROG_TYPE_RAW_TRACEPOINT
  assert.deepEqual(global(raw, u8, s64, bool), [
    {
      name: 'g',
      params: [
        { kind: 'int', sizeBytes: 1, signed: false },
        { kind: 'int', sizeBytes: 8, signed: true },
        { kind: 'int', sizeBytes: 1, signed: false },
      ],
    },
  ])
  assert.deepEqual(global(raw, memoryOf(24))?.[0]?.params, [
    { kind: 'structPointer', struct: 'memory24', sizeBytes: 24 },
  ])
  assert.deepEqual(global(raw, pointer('context'))?.[0]?.params, [
    { kind: 'structPointer', struct: 'bpf_raw_tracepoint_args', sizeBytes: 0 },
  ])
  assert.throws(() => global(BPF_PROG_TYPE_TRACEPOINT, pointer('context')), /has no name/)
  assert.throws(() => global(raw, pointer('stack')), /use memoryOf for pointers/)
})
