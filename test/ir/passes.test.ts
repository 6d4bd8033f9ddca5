// Each pass on small functions: text in, text out. The functions are written with the builder; the passes before
// the one that is tested run first where it needs them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Func } from '../../src/ir/func.ts'
import {
  type Builder,
  printFunction,
  program,
  s32,
  s64,
  u8,
  u16,
  u32,
  u64,
  type Value,
} from '../../src/ir/index.ts'
import { cse } from '../../src/ir/passes/cse.ts'
import { dead } from '../../src/ir/passes/dead.ts'
import { flow } from '../../src/ir/passes/flow.ts'
import { fold } from '../../src/ir/passes/fold.ts'
import { narrow } from '../../src/ir/passes/narrow.ts'
import { order } from '../../src/ir/passes/order.ts'
import { params } from '../../src/ir/passes/params.ts'

type Pass = (func: Func) => Func
type Build = (b: Builder, x: Value, y: Value) => void

const foldAll: Pass = func => dead(fold(func, true))

/** Compares the body, without the head and without the loads of the two inputs v1 and v2. */
function check(pass: Pass, build: Build, expected: string): void {
  const p = program({ name: 'f', progType: 5 })
  p.main((b, ctx) => build(b, b.load(ctx, 0, u64), b.load(ctx, 8, u64)))
  const text = printFunction(pass(order(p.functions[0]!)))
  const lines = text
    .split('\n')
    .slice(1)
    .filter(line => !/load\.u64 \[v0\+[08]\]|^b0\(/.test(line))
  assert.equal(renumbered(lines.join('\n')), renumbered(expected))
}

/** The same text with the values after v2 counted in the order they appear in, so that a test does not hang on ids. */
function renumbered(text: string): string {
  const names = new Map(['v0', 'v1', 'v2'].map(name => [name, name]))
  const rename = (name: string): string => {
    if (!names.has(name)) names.set(name, `v${names.size}`)
    return names.get(name)!
  }
  return text
    .trim()
    .replace(/^ +/gm, '')
    .replace(/\bv\d+/g, rename)
}

test('params: a variable that a block does not change needs no parameter there', () => {
  check(
    params,
    (b, x, y) => {
      const v = b.variable(u64, x)
      b.if(
        b.eq(x, y),
        () => v.set(x),
        () => undefined,
      )
      b.return(v.get())
    },
    `v3: bool = eq.64 v1, v2
     branch v3 ? b1 : b2
     b1:
     jump b3
     b2:
     jump b3
     b3:
     return v1`,
  )
})

test('fold: constants and identities', () => {
  const folded = (build: (b: Builder, x: Value, y: Value) => Value, expected: string): void =>
    check(foldAll, (b, x, y) => b.return(b.convert(build(b, x, y), u64)), expected)

  folded(b => b.mul(b.const(u64, 6), 7), 'v5: u64 = const 42\nreturn v5')
  folded((b, x) => b.add(x, 0), 'return v1')
  folded((b, x) => b.xor(x, x), 'v3: u64 = const 0\nreturn v3')
  folded((b, x) => b.mul(x, 8), 'v5: u64 = const 3\nv4: u64 = shl.64 v1, v5\nreturn v4')
  folded((b, x) => b.mod(x, 8), 'v5: u64 = const 7\nv4: u64 = and.64 v1, v5\nreturn v4')
  folded((b, x) => b.div(x, 0), 'v4: u64 = const 0\nreturn v4')
  folded((b, x) => b.and(b.and(x, 0xff0), 0x0ff), 'v7: u64 = const 240\nv6: u64 = and.64 v1, v7\nreturn v6')
  folded((b, x) => b.convert(b.convert(x, u8), u32), 'v3: u8 = zext.8 v1\nreturn v3')
  folded((b, x) => b.and(b.convert(x, u8), 0xff), 'v3: u8 = zext.8 v1\nreturn v3')
})

test('fold: compares', () => {
  const value = (build: (b: Builder, x: Value, y: Value) => Value, expected: string): void =>
    check(foldAll, (b, x, y) => b.return(b.convert(build(b, x, y), u64)), expected)

  value((b, x) => b.lt(b.convert(x, u8), 256), 'v5: bool = const 0\nreturn v5')
  value((b, x) => b.not(b.lt(x, 10)), 'v3: u64 = const 10\nv6: bool = uge.64 v1, v3\nreturn v6')
  value((b, x) => b.ne(b.and(x, 4), 0), 'v3: u64 = const 4\nv6: bool = set.64 v1, v3\nreturn v6')
  value((b, x) => b.lt(b.convert(x, s32), 0), 'v4: s32 = const 0\nv5: bool = slt.32 v1, v4\nreturn v5')
})

test('fold: what the verifier must see stays', () => {
  const state = { name: 'state', type: 2, keySize: 4, valueSize: 64, maxEntries: 1 }
  const text = (build: (b: Builder, x: Value) => Value): string => {
    const p = program({ name: 'f', progType: 5, maps: [state] })
    p.main((b, ctx) => b.return(build(b, b.load(ctx, 0, u64))))
    return printFunction(foldAll(order(p.functions[0]!)))
  }
  assert.match(
    text((b, x) => b.mask(x, 15)),
    /mask v1, 15/,
  )
  assert.match(
    text((b, x) => b.clamp(b.mod(x, 7), 15)),
    /min v\d+, 15/,
  )
  assert.doesNotMatch(
    text((b, x) => b.mask(b.and(x, 15), 15)),
    /mask/,
  )
  // A shift by a count that may be too large leaves it nothing; by one it knows, a smaller number.
  assert.match(
    text((b, x) => b.mask(b.shr(b.and(x, 15), x), 15)),
    /mask/,
  )
  assert.doesNotMatch(
    text((b, x) => b.mask(b.shr(b.and(x, 31), 1), 15)),
    /mask/,
  )
})

test('cse: the same again is not computed again, if it was on every way here', () => {
  check(
    func => dead(cse(func)),
    (b, x, y) => {
      const sum = b.add(x, y)
      b.if(b.eq(sum, b.add(x, y)), () => b.return(b.mul(x, y)))
      b.return(b.mul(x, y))
    },
    `v3: u64 = add.64 v1, v2
     v5: bool = eq.64 v3, v3
     branch v5 ? b1 : b2
     b1:
     v6: u64 = mul.64 v1, v2
     return v6
     b2:
     jump b3
     b3:
     v7: u64 = mul.64 v1, v2
     return v7`,
  )
})

test('flow: decided branches, negated conditions, jumps to jumps', () => {
  check(
    func => dead(flow(params(func))),
    (b, x, y) => {
      b.if(b.const({ kind: 'bool' }, 0), () => b.return(1))
      b.if(
        b.logicalAnd(b.lt(x, 5), () => b.lt(y, 6)),
        () => b.return(2),
      )
      b.return(3)
    },
    `v6: u64 = const 5
     v7: bool = ult.64 v1, v6
     branch v7 ? b1 : b3
     b1:
     v8: u64 = const 6
     v9: bool = ult.64 v2, v8
     branch v9 ? b2 : b3
     b2:
     v11: u64 = const 2
     return v11
     b3:
     v12: u64 = const 3
     return v12`,
  )
})

test('dead: loads and arithmetic nobody reads, calls stay', () => {
  check(
    dead,
    (b, x) => {
      b.mul(x, 3)
      b.call('ktime_get_ns', [])
      b.call('get_current_pid_tgid', [], { pure: true })
      b.return(0)
    },
    `v5: u64 = call helper ktime_get_ns()
     v7: u64 = const 0
     return v7`,
  )
})

test('narrow: upper bits nobody reads are not made', () => {
  check(
    func => dead(narrow(func)),
    (b, x, y) => {
      const slot = b.slot(8)
      b.store(slot, 0, b.add(b.convert(x, u8), b.convert(y, u8)))
      b.return(b.convert(b.convert(b.add(x, y), u32), u64))
    },
    `slot0: 8 bytes, slot
     v3: *stack = slot 0
     v6: u32 = add.32 v1, v2
     store.8 [v3+0], v6
     v8: u64 = add.32 v1, v2
     return v8`,
  )
})

test('narrow: bits that a shift brings down are read', () => {
  const shifted = (from: typeof u8, expected: string): void =>
    check(
      func => dead(narrow(func)),
      (b, x) => {
        b.store(b.slot(8), 0, b.convert(b.shr(b.convert(x, from), 4), u8))
        b.return(x)
      },
      `slot0: 8 bytes, slot
       v3: *stack = slot 0
       ${expected}
       return v1`,
    )
  shifted(u8, 'v4: u8 = zext.8 v1\nv5: u8 = const 4\nv6: u8 = lshr.32 v4, v5\nstore.8 [v3+0], v6')
  shifted(u16, 'v4: u16 = const 4\nv5: u16 = lshr.32 v1, v4\nstore.8 [v3+0], v5')
})

test('signed division by powers of two needs no division', () => {
  check(
    foldAll,
    (b, x) => b.return(b.convert(b.div(b.convert(x, s64), 4), u64)),
    `v5: u64 = const 63
     v6: s64 = ashr.64 v1, v5
     v7: u64 = const 62
     v8: s64 = lshr.64 v6, v7
     v9: s64 = add.64 v1, v8
     v10: u64 = const 2
     v4: s64 = ashr.64 v9, v10
     return v4`,
  )
})
