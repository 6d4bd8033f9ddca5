// Random well-formed programs for comparing executions: all integer types, nested conditions, loops, switches,
// variables, stack and map memory, helper calls, subprograms, and enough live values to run out of registers.
// The program reads its two inputs from its context, and leaves a digest of all it computed in map `state`.

import {
  type Builder,
  type IntType,
  type Loop,
  type Program,
  program,
  s8,
  s16,
  s32,
  s64,
  u8,
  u16,
  u32,
  u64,
  type Value,
  type Variable,
} from '../../src/ir/index.ts'
import type { MapSpec } from '../../src/spec/spec.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
} from '../../src/sys/bpf-constants.generated.ts'

export const STATE_BYTES = 80
/** where the digest is */
export const DIGEST = 72

export const maps: readonly MapSpec[] = [
  { name: 'state', type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: STATE_BYTES, maxEntries: 1 },
  { name: 'empty', type: BPF_MAP_TYPE_HASH, keySize: 8, valueSize: 8, maxEntries: 4 },
]

const TYPES: readonly IntType[] = [u8, u16, u32, u64, s8, s16, s32, s64]
const INTERESTING = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  31n,
  32n,
  63n,
  64n,
  127n,
  128n,
  255n,
  256n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
]

/** The same number gives the same program. `size` is about how many statements it has. */
export function randomProgram(seed: number, size: number, fetching = true): Program {
  const p = program({ name: 'random', progType: BPF_PROG_TYPE_RAW_TRACEPOINT, maps })
  const g = new Generator(seed, fetching)
  const subprograms: string[] = []
  for (let n = g.below(3); n > 0; n--) {
    const name = `sub${n}`
    const params = Array.from({ length: 1 + g.below(5) }, () => g.pick(TYPES))
    const result = g.pick(TYPES)
    p.subprogram(
      name,
      params,
      (b, ...values) => new Body(g, b, values, []).run(size >> 2, v => b.return(b.convert(v, result))),
      result,
    )
    subprograms.push(name)
  }
  const signatures = subprograms.map(name => ({ name, params: p.signatures.get(name)!.params as IntType[] }))
  p.main((b, ctx) => {
    const inputs = [b.load(ctx, 0, u64), b.load(ctx, 8, u64, { invariant: true })]
    new Body(g, b, inputs, signatures).run(size, digest => {
      b.store(b.mapValue('state', DIGEST), 0, digest)
      b.return(b.convert(b.convert(digest, u32), u64))
    })
  })
  return p
}

class Generator {
  private state: number
  readonly fetching: boolean
  /** `fetching`: with atomic operations that give the old value */
  constructor(seed: number, fetching: boolean) {
    this.fetching = fetching
    this.state = seed | 0
  }
  /** mulberry32 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  below(n: number): number {
    return this.next() % n
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
  number(): bigint {
    const value = this.below(2) === 0 ? this.pick(INTERESTING) : BigInt(this.next()) << BigInt(this.below(33))
    return this.below(4) === 0 ? -value : value
  }
}

const SLOT_BYTES = 32
const STATE_WORDS = 8

class Body {
  private readonly g: Generator
  private readonly b: Builder
  /** integers that can be used here */
  private values: Value[]
  private readonly subprograms: readonly { name: string; params: readonly IntType[] }[]
  private readonly variables: { type: IntType; variable: Variable }[] = []
  private readonly slot: Value
  private loops = 0
  private readonly loop: Loop[] = []

  constructor(g: Generator, b: Builder, inputs: Value[], subprograms: Body['subprograms']) {
    this.g = g
    this.b = b
    this.values = inputs
    this.subprograms = subprograms
    this.slot = b.slot(SLOT_BYTES, 'words')
    b.zero(this.slot, 0, SLOT_BYTES)
  }

  run(size: number, finish: (digest: Value) => void): void {
    const { b, g } = this
    for (let n = 2 + g.below(5); n > 0; n--) {
      const type = g.pick(TYPES)
      this.variables.push({ type, variable: b.variable(type, this.expression(type)) })
    }
    this.statements(size)
    let digest: Value = b.const(u64, 1)
    const mix = (v: Value): void => {
      digest = b.xor(b.mul(digest, 0x01000193), b.convert(v, u64))
    }
    for (const { variable } of this.variables) mix(variable.get())
    for (const v of this.values) mix(v)
    for (let i = 0; i < SLOT_BYTES; i += 8) mix(b.load(this.slot, i, u64))
    for (let i = 0; i < STATE_WORDS * 8; i += 8) mix(b.load(b.mapValue('state', i), 0, u64))
    finish(digest)
  }

  private statements(size: number): void {
    for (let left = size; left > 0; ) left -= this.statement(left)
  }

  /** Builds one statement and says how much it counted. */
  private statement(size: number): number {
    const { b, g } = this
    const inner = Math.min(size, 1 + g.below(8))
    switch (g.below(16)) {
      case 0:
      case 1: {
        const { type, variable } = g.pick(this.variables)
        variable.set(this.expression(type))
        return 1
      }
      case 2:
      case 3:
        this.values.push(this.expression(g.pick(TYPES)))
        return 1
      case 4:
        if (g.below(2) === 0) b.if(this.condition(), () => this.scoped(inner))
        else
          b.if(
            this.condition(),
            () => this.scoped(inner),
            () => this.scoped(inner),
          )
        return inner
      case 5: {
        if (this.loops >= 2) return 1
        this.loops++
        const unroll = g.below(4) === 0
        b.forRange(
          0,
          1 + g.below(unroll ? 3 : 6),
          (i, loop) => {
            this.loop.push(loop)
            this.scoped(inner, i)
            this.loop.pop()
          },
          { unroll, step: 1 + g.below(2) },
        )
        this.loops--
        return inner * 2
      }
      case 6: {
        if (this.loop.length === 0) return 1
        const loop = this.loop.at(-1)!
        b.if(this.condition(), g.below(2) === 0 ? loop.break : loop.continue)
        return 1
      }
      case 7: {
        const type = g.pick(TYPES)
        const keys = [
          ...new Set(Array.from({ length: 1 + g.below(9) }, () => BigInt.asUintN(type.bits, g.number()))),
        ]
        b.switch(
          this.expression(type),
          keys.map(key => ({ values: [key], body: () => this.scoped(1) })),
          () => this.scoped(1),
        )
        return 3
      }
      case 8:
      case 9: {
        const type = g.pick(TYPES)
        const { base, offset } = this.place(type)
        b.store(base, offset, this.expression(type))
        return 1
      }
      case 10:
        b.call('ktime_get_ns', [])
        return 1
      case 11: {
        const type = g.pick([u32, u64, s32, s64])
        const { base, offset } = this.place(type)
        if (!g.fetching || g.below(2) === 0) b.atomicAdd(base, offset, this.expression(type), type)
        else this.values.push(this.atomic(type, base, offset))
        return 1
      }
      case 12: {
        const key = b.slot(8, 'key')
        b.store(key, 0, this.expression(u64))
        b.ifNotNull(
          b.call('map_lookup_elem', [b.mapFd('empty'), key]),
          p => b.store(p, 0, 1, u64),
          () => this.scoped(1),
        )
        return 1
      }
      case 13: {
        // An offset the verifier must see the limit of.
        const limit =
          g.below(2) === 0 ? b.mask(this.expression(u64), 31) : b.clamp(this.expression(g.pick(TYPES)), 40)
        if (g.below(2) === 0) b.call('ktime_get_ns', [])
        const at = b.offset(b.mapValue('state', g.below(3) * 8), limit)
        if (g.below(2) === 0) b.store(at, g.below(8), this.expression(u8))
        else this.values.push(b.load(at, g.below(8), g.pick([u8, s8])))
        return 1
      }
      case 14: {
        if (this.subprograms.length === 0) return 1
        const { name, params } = g.pick(this.subprograms)
        const result = b.callSubprogram(
          name,
          params.map(type => this.expression(type)),
        )
        if (g.below(3) > 0) this.values.push(result)
        return 2
      }
      default: {
        if (g.below(4) === 0)
          b.copy(this.slot, g.below(2) * 4, b.mapValue('state', g.below(8)), 0, 1 + g.below(24))
        else b.fill(b.mapValue('state', g.below(16)), 0, 1 + g.below(20), g.below(256))
        return 1
      }
    }
  }

  private atomic(type: IntType, base: Value, offset: number): Value {
    const { b, g } = this
    const value = this.expression(type)
    const n = g.below(6)
    if (n === 0) return b.atomicExchange(base, offset, value)
    if (n === 1) return b.atomicCompareExchange(base, offset, this.expression(type), value)
    return b.atomicFetch((['add', 'or', 'and', 'xor'] as const)[n - 2]!, base, offset, value)
  }

  /** Statements whose values are not seen outside. */
  private scoped(size: number, ...more: Value[]): void {
    const saved = this.values
    this.values = [...saved, ...more]
    this.statements(size)
    this.values = saved
  }

  /** Aligned bytes of the slot or of the map's value. */
  private place(type: IntType): { base: Value; offset: number } {
    const { b, g } = this
    const bytes = type.bits / 8
    if (g.below(2) === 0) return { base: this.slot, offset: g.below(SLOT_BYTES / bytes) * bytes }
    const offset = g.below((STATE_WORDS * 8) / bytes) * bytes
    return g.below(2) === 0
      ? { base: b.mapValue('state'), offset }
      : { base: b.mapValue('state', offset), offset: 0 }
  }

  private condition(depth = 2): Value {
    const { b, g } = this
    const n = depth === 0 ? 7 + g.below(2) : g.below(12)
    if (n === 0) return b.and(this.condition(depth - 1), this.condition(depth - 1))
    if (n === 1) return b.or(this.condition(depth - 1), this.condition(depth - 1))
    if (n === 2) return b.not(this.condition(depth - 1))
    if (n === 3) return b.logicalAnd(this.condition(depth - 1), () => this.condition(depth - 1))
    if (n === 4) return b.logicalOr(this.condition(depth - 1), () => this.condition(depth - 1))
    const type = g.pick(TYPES)
    const left = this.expression(type, 1)
    const right = g.below(2) === 0 ? g.number() : this.expression(type, 1)
    if (n === 5) return b.test(left, right)
    return b[g.pick(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const)](left, right)
  }

  private expression(type: IntType, depth = 3): Value {
    const { b, g } = this
    const n = depth === 0 ? g.below(3) : g.below(14)
    const sub = (): Value => this.expression(type, depth - 1)
    switch (n) {
      case 0:
        return b.const(type, g.number())
      case 1:
        return b.convert(g.pick(this.values), type)
      case 2:
        return this.variables.length === 0
          ? b.const(type, 1)
          : b.convert(g.pick(this.variables).variable.get(), type)
      case 3: {
        const { base, offset } = this.place(type)
        return b.load(base, offset, type)
      }
      case 4:
        return b.convert(this.expression(g.pick(TYPES), depth - 1), type)
      case 5:
        return b.select(this.condition(1), sub(), sub())
      case 6:
        return g.below(2) === 0 ? b.neg(sub()) : b.not(sub())
      case 7:
        return b[g.pick(['shl', 'shr'] as const)](
          sub(),
          g.below(2) === 0 ? g.below(70) : this.expression(u8, 0),
        )
      case 8:
        return b.convert(this.condition(1), type)
      case 9:
        return g.pick([() => b.byteSwap(sub()), () => b.bigEndian(sub()), () => b.littleEndian(sub())])()
      default: {
        const op = g.pick(['add', 'sub', 'mul', 'div', 'mod', 'and', 'or', 'xor'] as const)
        return b[op](sub(), g.below(3) === 0 ? g.number() : sub())
      }
    }
  }
}
