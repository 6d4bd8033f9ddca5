// The face of the compiler's back end to its front ends: a function is written as calls on a Builder, with typed
// values, structured control flow and mutable variables; it comes out in SSA form (`func.ts`).
//
// Rules the builder enforces (IrError IR_MISUSE): operands of one operation have the same type (plain numbers
// take the type of the other side), memory is reached through pointers the verifier tracks and that are known not
// to be null, and a context is only loaded at constant offsets.
//
// What the verifier must see to accept a variable offset or size, `clamp` and `mask` say: a comparison alone may
// be lost to it when the value is kept on the stack across a call.

import { helperByName } from '../asm/helper.ts'
import type { SourceLine } from '../asm/insn.ts'
import {
  arithmetic,
  bytes,
  compare,
  constant,
  type Emit,
  extend,
  normalize,
  operand,
  pair,
  shift,
} from './emit-values.ts'
import type { AtomicOp, BlockId, CallTarget, Func, NewOp, Op, SlotId, ValueId } from './func.ts'
import { newValue } from './func.ts'
import { helperResult } from './helper-result.ts'
import {
  boolOf,
  fitsParameter,
  intOf,
  isValue,
  misuse,
  type Operand,
  pieces,
  pointerOf,
  rawOf,
  type Value,
  widthOf,
} from './operand.ts'
import type { Program, Signature } from './program.ts'
import { type Construction, edgeTo, finish, newBlock, readVariable, seal, writeVariable } from './ssa.ts'
import {
  type Bits,
  bool,
  byteSize,
  canonical,
  type IntType,
  isTracked,
  pointer,
  printType,
  type Space,
  sameType,
  type Type,
  u64,
} from './types.ts'

/** A mutable variable; what it holds at a place is worked out when the function is built. */
export interface Variable {
  readonly type: Type
  get(): Value
  set(value: Operand): void
}

/** Ways out of a loop's body. What is built after them in the same arm is unreachable and dropped. */
export interface Loop {
  break(): void
  continue(): void
}

export interface SwitchCase {
  readonly values: readonly (number | bigint)[]
  readonly body: () => void
}

/** Builds one function and returns it in SSA form. @throws IrError IR_MISUSE */
export function buildFunction(
  p: Program,
  name: string,
  signature: Signature,
  build: (b: Builder, ...params: Value[]) => void,
): Func {
  const b = new Builder(p, name, signature)
  build(b, ...b.params)
  return b.finish()
}

/** See the head of this file. Get one from `program().main` or `program().subprogram`. */
export class Builder {
  readonly params: readonly Value[]
  private readonly program: Program
  private readonly signature: Signature
  private readonly c: Construction
  private block: BlockId
  private source: SourceLine | undefined
  private zeroSlot: ValueId | undefined

  constructor(p: Program, name: string, signature: Signature) {
    this.program = p
    this.signature = signature
    const func: Func = { name, result: signature.result, blocks: [], types: [], slots: [] }
    this.c = { func, blocks: [], variables: [] }
    this.block = newBlock(this.c)
    seal(this.c, this.block)
    this.params = signature.params.map(type => ({ id: newValue(func, type), type }))
    this.c.blocks[this.block]!.params.push(...this.params.map(v => v.id))
  }

  /** Ends the function: a path that falls off its end returns 0. */
  finish(): Func {
    this.return(0)
    for (const block of this.c.blocks) {
      // Blocks after a jump away that nothing was built in.
      block.end ??= { kind: 'return', value: this.zeroIn(block.ops) }
    }
    return finish(this.c)
  }

  /** Sets the source line that what is built from here on comes from. */
  at(source: SourceLine | undefined): void {
    this.source = source
  }

  // ---- values -------------------------------------------------------------------------------------------------

  /** A constant of a type; numbers out of its range are taken modulo its width. */
  const(type: Type, value: number | bigint): Value {
    return constant(this.emit, type, value)
  }

  add(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'add', a, b)
  }
  sub(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'sub', a, b)
  }
  mul(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'mul', a, b)
  }
  /** Quotient, rounded toward zero; 0 when `b` is 0. Signed when the type is. */
  div(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'div', a, b)
  }
  /** Remainder with the sign of `a`; `a` when `b` is 0. */
  mod(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'mod', a, b)
  }
  /** Bitwise and; of two bools the logical and (both sides are computed). */
  and(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'and', a, b)
  }
  or(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'or', a, b)
  }
  xor(a: Operand, b: Operand): Value {
    return arithmetic(this.emit, 'xor', a, b)
  }

  /** `a << n`; the count is taken modulo 32, or modulo 64 for 64-bit types. */
  shl(a: Value, n: Operand): Value {
    return shift(this.emit, 'shl', a, n)
  }
  /** `a >> n`, arithmetic when the type is signed. */
  shr(a: Value, n: Operand): Value {
    return shift(this.emit, intOf(a).signed ? 'ashr' : 'lshr', a, n)
  }

  neg(a: Value): Value {
    const type = intOf(a)
    const bits = widthOf(type)
    return normalize(this.emit, type, this.emit(rawOf(type), { kind: 'neg', bits, a: a.id }))
  }

  /** Bitwise complement of an integer, logical not of a bool. */
  not(a: Value): Value {
    return a.type.kind === 'bool' ? compare(this.emit, 'eq', a, this.const(bool, 0)) : this.xor(a, -1)
  }

  /** Between integers and bools: widens by the sign of the source, or cuts to the width of `type`. */
  convert(a: Value, type: IntType | typeof bool): Value {
    if (a.type.kind === 'pointer')
      return misuse(`convert of ${printType(a.type)}: cast it to an integer first`)
    if (type.kind === 'bool') return a.type.kind === 'bool' ? a : this.ne(a, 0)
    if (a.type.kind === 'bool' || sameType(a.type, type)) return { id: a.id, type }
    const from = a.type
    // Already canonical: wider with the same sign, unsigned to wider, or 64 bits to 64 bits.
    const fits = type.bits === 64 || (from.bits < type.bits && (!from.signed || type.signed))
    return fits ? { id: a.id, type } : extend(this.emit, type, a)
  }

  /** The same bits as an address in kernel or user memory, or such an address as an integer; costs nothing. */
  cast(a: Value, type: Type): Value {
    if (isTracked(type) && !isTracked(a.type)) misuse(`cast of ${printType(a.type)} to ${printType(type)}`)
    if (type.kind === 'int' && a.type.kind === 'int') return this.convert(a, type)
    return { id: a.id, type }
  }

  eq(a: Operand, b: Operand): Value {
    return compare(this.emit, 'eq', a, b)
  }
  ne(a: Operand, b: Operand): Value {
    return compare(this.emit, 'ne', a, b)
  }
  lt(a: Operand, b: Operand): Value {
    return compare(this.emit, 'lt', a, b)
  }
  le(a: Operand, b: Operand): Value {
    return compare(this.emit, 'le', a, b)
  }
  gt(a: Operand, b: Operand): Value {
    return compare(this.emit, 'gt', a, b)
  }
  ge(a: Operand, b: Operand): Value {
    return compare(this.emit, 'ge', a, b)
  }
  /** Whether any bit of `mask` is set in `a`. */
  test(a: Value, mask: Operand): Value {
    return compare(this.emit, 'set', a, mask)
  }
  isNull(p: Value): Value {
    return compare(this.emit, 'eq', p, this.const(p.type, 0))
  }
  notNull(p: Value): Value {
    return compare(this.emit, 'ne', p, this.const(p.type, 0))
  }

  /** `a` if `cond` holds, else `b`; both are computed. */
  select(cond: Value, a: Operand, b: Operand): Value {
    const [x, y] = pair(this.emit, a, b)
    return this.emit(x.type, { kind: 'select', cond: boolOf(cond).id, a: x.id, b: y.id })
  }

  /** The smaller of `a` and `max` (unsigned, 64 bits), in a way that the verifier sees the limit. */
  clamp(a: Value, max: number | bigint): Value {
    intOf(a)
    return this.emit(u64, { kind: 'bound', how: 'min', max: BigInt(max), a: a.id })
  }
  /** `a & max`, max + 1 a power of two, in a way that the verifier sees the limit. One instruction less than `clamp`. */
  mask(a: Value, max: number | bigint): Value {
    const limit = BigInt(max)
    if ((limit & (limit + 1n)) !== 0n || limit < 0n) misuse(`mask ${max} is not a power of two minus one`)
    intOf(a)
    return this.emit(u64, { kind: 'bound', how: 'mask', max: limit, a: a.id })
  }

  /** Bytes reversed. */
  byteSwap(a: Value): Value {
    return bytes(this.emit, 'swap', a)
  }
  /** Between the machine's byte order and big endian (network order). */
  bigEndian(a: Value): Value {
    return bytes(this.emit, 'big', a)
  }
  /** Between the machine's byte order and little endian. */
  littleEndian(a: Value): Value {
    return bytes(this.emit, 'little', a)
  }

  // ---- memory -------------------------------------------------------------------------------------------------

  /**
   * Bytes of this function's stack frame; uninitialised, as the verifier knows. 8-aligned unless told.
   * `name` is for dumps and for the error when the frame gets too large.
   */
  slot(sizeBytes: number, name = 'slot', alignBytes: 1 | 2 | 4 | 8 = 8): Value {
    const slot: SlotId = this.c.func.slots.push({ name, sizeBytes, alignBytes }) - 1
    return this.emit(pointer('stack'), { kind: 'slot', slot })
  }

  /** The address of four zero bytes on the stack, set once for the whole function: the key of an array's first element. */
  zeroKey(): Value {
    const type = pointer('stack')
    if (this.zeroSlot === undefined) {
      const slot = this.c.func.slots.push({ name: 'zero', sizeBytes: 4, alignBytes: 4 }) - 1
      const result = newValue(this.c.func, type)
      const value = newValue(this.c.func, u64)
      this.c.blocks[0]!.ops.unshift(
        { kind: 'slot', slot, result },
        { kind: 'const', value: 0n, result: value },
        { kind: 'store', bits: 32, base: result, offset: 0, value },
      )
      this.zeroSlot = result
    }
    return { id: this.zeroSlot, type }
  }

  /** Loads a value of `type` from `base + offset`. `invariant`: that memory never changes during one run. */
  load(base: Value, offset: number, type: Type, options: { invariant?: boolean } = {}): Value {
    const space = this.memory(base, 'load')
    const bits = (byteSize(type) * 8) as Bits
    const signed = type.kind === 'int' && type.signed && bits < 64
    const invariant = options.invariant ?? false
    return this.emit(type, { kind: 'load', bits, signed, base: base.id, offset, space, invariant })
  }

  /** Stores `value` at `base + offset`, as wide as its type, or as `type` when it is a number. */
  store(base: Value, offset: number, value: Operand, type?: Type): void {
    this.memory(base, 'store')
    const v = isValue(value) ? value : this.const(type ?? misuse('store of a number needs a type'), value)
    const bits = (byteSize(type ?? v.type) * 8) as Bits
    this.push({ kind: 'store', bits, base: base.id, offset, value: v.id })
  }

  /** `p + n` for a pointer the verifier tracks (n bounded by `clamp` or `mask`) or an address. */
  offset(p: Value, n: Operand): Value {
    const type = pointerOf(p)
    if (type.maybeNull) misuse(`offset of ${printType(type)}: compare it with null first`)
    const b = isValue(n) ? n : this.const(u64, n)
    if (!isTracked(type)) {
      return this.emit(type, { kind: 'binary', op: 'add', bits: 64, a: p.id, b: b.id })
    }
    if (isTracked(b.type)) misuse(`offset by ${printType(b.type)}`)
    return this.emit(type, { kind: 'offset', a: p.id, b: b.id })
  }

  /** Zeroes `sizeBytes` at `base + offset`, in the widest stores its alignment allows. */
  zero(base: Value, offset: number, sizeBytes: number): void {
    for (const [at, type] of pieces(sizeBytes, offset)) this.store(base, offset + at, 0, type)
  }
  /** Sets `sizeBytes` to one byte value. */
  fill(base: Value, offset: number, sizeBytes: number, byte: number): void {
    const word = (BigInt(byte & 0xff) * 0x0101010101010101n) & 0xffffffffffffffffn
    for (const [at, type] of pieces(sizeBytes, offset)) this.store(base, offset + at, word, type)
  }
  /** Copies `sizeBytes` of known size; the areas do not overlap. */
  copy(to: Value, toOffset: number, from: Value, fromOffset: number, sizeBytes: number): void {
    for (const [at, type] of pieces(sizeBytes, toOffset, fromOffset)) {
      this.store(to, toOffset + at, this.load(from, fromOffset + at, type))
    }
  }

  /** `*(base + offset) += value` at once; 32 or 64 bits by the type. */
  atomicAdd(base: Value, offset: number, value: Operand, type: IntType = u64): void {
    this.atomic('add', false, base, offset, operand(this.emit, value, type))
  }
  /** An atomic operation that gives the old value. Linux 5.12. */
  atomicFetch(op: 'add' | 'or' | 'and' | 'xor', base: Value, offset: number, value: Value): Value {
    return this.atomic(op, true, base, offset, value)!
  }
  /** Stores `value`, gives the old one. Linux 5.12. */
  atomicExchange(base: Value, offset: number, value: Value): Value {
    return this.atomic('xchg', true, base, offset, value)!
  }
  /** Stores `value` if the memory equals `expected`; gives the old value. Linux 5.12. */
  atomicCompareExchange(base: Value, offset: number, expected: Operand, value: Value): Value {
    return this.atomic('cmpxchg', true, base, offset, value, operand(this.emit, expected, value.type))!
  }

  // ---- references and calls -------------------------------------------------------------------------------------

  /** The handle of a map, for helpers. */
  mapFd(name: string): Value {
    this.checkMap(name)
    return this.emit(pointer('map'), { kind: 'address', ref: { kind: 'map', name } })
  }
  /** The address of a byte in the value of an array map with one entry: no look-up, never null. */
  mapValue(name: string, offset = 0): Value {
    this.checkMap(name)
    return this.emit(pointer('mapValue'), { kind: 'address', ref: { kind: 'mapValue', name, offset } })
  }
  /** The address of a subprogram, for helpers that call back. */
  functionAddress(name: string): Value {
    return this.emit(pointer('function'), { kind: 'address', ref: { kind: 'funcAddress', name } })
  }
  /** The address of a kernel variable known to BTF. */
  kernelSymbol(name: string): Value {
    return this.emit(pointer('memory'), { kind: 'address', ref: { kind: 'ksym', name } })
  }

  /**
   * Calls a helper by its name, with or without `bpf_`. Numbers among the arguments are 64-bit constants.
   * The result's type is that of the prototype unless `result` says more. `pure`: no effect but the result.
   */
  call(name: string, args: readonly Operand[], options: { result?: Type; pure?: boolean } = {}): Value {
    const helper = helperByName(name) ?? misuse(`helper "${name}" is not known`)
    const variadic = helper.args.at(-1)?.kind === 'variadic'
    if (
      helper.type !== '' &&
      (variadic ? args.length < helper.args.length - 1 : args.length !== helper.args.length)
    ) {
      misuse(`helper "${name}" takes ${helper.args.length} arguments, not ${args.length}`)
    }
    const target: CallTarget = { kind: 'helper', name: helper.name.replace(/^bpf_/, ''), id: helper.id }
    return this.callTarget(target, args, helperResult(helper), options)
  }
  /** Calls a kernel function; its result is a u64 unless told. */
  callKfunc(name: string, args: readonly Operand[], options: { result?: Type; pure?: boolean } = {}): Value {
    return this.callTarget({ kind: 'kfunc', name }, args, u64, options)
  }
  /** Calls a subprogram of this program, declared or built before. */
  callSubprogram(name: string, args: readonly Operand[]): Value {
    const signature = this.program.signatures.get(name) ?? misuse(`subprogram "${name}" is not declared`)
    if (args.length !== signature.params.length) {
      misuse(`subprogram "${name}" takes ${signature.params.length} arguments, not ${args.length}`)
    }
    const values = args.map((arg, i) => this.argument(arg, signature.params[i]!))
    const result = newValue(this.c.func, signature.result)
    this.push({
      kind: 'call',
      target: { kind: 'subprog', name },
      args: values.map(v => v.id),
      result,
      pure: false,
    })
    return { id: result, type: signature.result }
  }

  // ---- variables and control flow ---------------------------------------------------------------------------------

  /** A mutable variable. */
  variable(type: Type, init: Operand): Variable {
    const variable = this.c.variables.push(type) - 1
    const set = (value: Operand): void => {
      writeVariable(this.c, variable, this.block, operand(this.emit, value, type).id)
    }
    set(init)
    return { type, set, get: () => ({ id: readVariable(this.c, variable, this.block), type }) }
  }

  if(cond: Value, then: () => void, otherwise?: () => void): void {
    const thenBlock = newBlock(this.c)
    const elseBlock = newBlock(this.c)
    const join = newBlock(this.c)
    this.branch(cond, thenBlock, elseBlock)
    this.arm(thenBlock, then, join)
    this.arm(elseBlock, otherwise ?? (() => undefined), join)
    this.enter(join)
  }

  /** Compares a pointer with null; in `then` it is known not to be. */
  ifNotNull(p: Value, then: (p: Value) => void, otherwise?: () => void): void {
    const known: Value = { id: p.id, type: { ...pointerOf(p), maybeNull: false } }
    this.if(this.notNull(p), () => then(known), otherwise)
  }

  /** `a && b` where `b` is only computed if `a` holds. */
  logicalAnd(a: Value, b: () => Value): Value {
    const result = this.variable(bool, 0)
    this.if(a, () => result.set(b()))
    return result.get()
  }
  /** `a || b` where `b` is only computed if `a` does not hold. */
  logicalOr(a: Value, b: () => Value): Value {
    const result = this.variable(bool, 1)
    this.if(
      a,
      () => undefined,
      () => result.set(b()),
    )
    return result.get()
  }

  /** Repeats `body` until it breaks out. The verifier must see that it ends. */
  loop(body: (loop: Loop) => void): void {
    const head = newBlock(this.c)
    const exit = newBlock(this.c)
    this.jump(head)
    this.block = head
    body({ break: () => this.jump(exit), continue: () => this.jump(head) })
    this.jump(head)
    seal(this.c, head)
    this.enter(exit)
  }

  /** Repeats `body` while `cond`, computed before each round, holds. */
  while(cond: () => Value, body: (loop: Loop) => void): void {
    this.loop(loop => {
      this.if(cond(), () => undefined, loop.break)
      body(loop)
    })
  }

  /**
   * `body(i)` for i = from, from + step … below `to` (above, with a negative step), all s64. The verifier walks
   * every round (Linux 5.3). `unroll` copies the body instead, each with a constant i.
   */
  forRange(
    from: number,
    to: number,
    body: (i: Value, loop: Loop) => void,
    options: { step?: number; unroll?: boolean; type?: IntType } = {},
  ): void {
    const step = options.step ?? 1
    const type = options.type ?? u64
    if (step === 0) misuse('a range with step 0 never ends')
    const rounds = Math.max(0, Math.ceil((to - from) / step))
    if (rounds === 0) return
    const exit = newBlock(this.c)
    if (options.unroll === true) {
      for (let n = 0; n < rounds; n++) {
        const next = newBlock(this.c)
        body(this.const(type, from + n * step), {
          break: () => this.jump(exit),
          continue: () => this.jump(next),
        })
        this.jump(next)
        this.enter(next)
      }
      this.jump(exit)
      this.enter(exit)
      return
    }
    const i = this.variable(type, from)
    const head = newBlock(this.c)
    const next = newBlock(this.c)
    this.jump(head)
    this.block = head
    body(i.get(), { break: () => this.jump(exit), continue: () => this.jump(next) })
    this.jump(next)
    this.enter(next)
    // The test stands at the end of a round: there is at least one.
    const following = this.add(i.get(), step)
    i.set(following)
    this.branch(compare(this.emit, 'ne', following, from + rounds * step), head, exit)
    seal(this.c, head)
    this.enter(exit)
  }

  /** Runs the case that has `value`, by a binary search when there are many. Cases do not fall through. */
  switch(value: Value, cases: readonly SwitchCase[], otherwise?: () => void): void {
    const type = value.type
    const exit = newBlock(this.c)
    const fallback = newBlock(this.c)
    const arms = cases.map(({ values, body }) => ({ values, body, block: newBlock(this.c) }))
    const entries = arms.flatMap(({ values, block }) =>
      values.map(v => ({ key: canonical(type, BigInt(v)), block })),
    )
    entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    entries.forEach((entry, i) => {
      if (i > 0 && entries[i - 1]!.key === entry.key) misuse(`case ${entry.key} stands twice`)
    })
    this.dispatch({ id: value.id, type: u64 }, entries, fallback)
    for (const { body, block } of arms) this.arm(block, body, exit)
    this.arm(fallback, otherwise ?? (() => undefined), exit)
    this.enter(exit)
  }

  /** Returns from the function. What is built after it in the same arm is unreachable and dropped. */
  return(value: Operand): void {
    const v = operand(this.emit, value, this.signature.result)
    this.end({ kind: 'return', value: v.id, source: this.source })
  }

  // ---- inside -------------------------------------------------------------------------------------------------

  private readonly emit: Emit = (type, op) => {
    const result = newValue(this.c.func, type)
    // the very object, which nobody else has: a copy of something so varied costs more than all else here
    const defining = op as NewOp & { result?: ValueId }
    defining.result = result
    this.push(defining as Op)
    return { id: result, type }
  }

  private push(op: Op): void {
    if (this.source !== undefined) (op as { source?: SourceLine }).source = this.source
    this.c.blocks[this.block]!.ops.push(op)
  }

  private end(end: NonNullable<Construction['blocks'][number]['end']>): void {
    this.c.blocks[this.block]!.end = end
    // Whatever is built before the next block is entered has nowhere to be reached from.
    this.block = newBlock(this.c)
    seal(this.c, this.block)
  }

  private jump(to: BlockId): void {
    this.end({ kind: 'jump', target: edgeTo(this.c, this.block, to), source: this.source })
  }
  private branch(cond: Value, then: BlockId, otherwise: BlockId): void {
    const from = this.block
    const targets = { yes: edgeTo(this.c, from, then), no: edgeTo(this.c, from, otherwise) }
    this.end({ kind: 'branch', cond: boolOf(cond).id, ...targets, source: this.source })
  }
  /** Goes on building in a block all of whose predecessors are known. */
  private enter(block: BlockId): void {
    seal(this.c, block)
    this.block = block
  }
  private arm(block: BlockId, body: () => void, join: BlockId): void {
    this.enter(block)
    body()
    this.jump(join)
  }

  private dispatch(
    value: Value,
    entries: readonly { key: bigint; block: BlockId }[],
    fallback: BlockId,
  ): void {
    if (entries.length <= 4) {
      for (const { key, block } of entries) {
        const next = newBlock(this.c)
        this.branch(this.eq(value, key), block, next)
        this.enter(next)
      }
      this.jump(fallback)
      return
    }
    const middle = entries.length >> 1
    const [low, high] = [newBlock(this.c), newBlock(this.c)]
    this.branch(this.lt(value, entries[middle]!.key), low, high)
    this.enter(low)
    this.dispatch(value, entries.slice(0, middle), fallback)
    this.enter(high)
    this.dispatch(value, entries.slice(middle), fallback)
  }

  private argument(value: Operand, type: Type): Value {
    if (isValue(value) && fitsParameter(value.type, type)) return value
    return operand(this.emit, value, type)
  }

  private memory(base: Value, what: string): Space {
    const { space, maybeNull } = pointerOf(base)
    if (maybeNull) misuse(`${what} through ${printType(base.type)}: compare it with null first`)
    if (space === 'kernel' || space === 'user')
      misuse(`${what} through *${space}: read it with a probe read helper`)
    if (space === 'map' || space === 'function' || space === 'packetEnd') misuse(`${what} through *${space}`)
    return space
  }

  private atomic(
    op: AtomicOp,
    fetch: boolean,
    base: Value,
    offset: number,
    value: Value,
    expected?: Value,
  ): Value | undefined {
    this.memory(base, 'atomic')
    const type = value.type
    const bits = type.kind === 'int' && type.bits === 32 ? 32 : 64
    if (type.kind === 'int' && type.bits < 32) misuse(`atomic ${op} of ${printType(type)}`)
    const raw = type.kind === 'int' ? rawOf(type) : type
    const result = fetch ? newValue(this.c.func, raw) : undefined
    this.push({
      kind: 'atomic',
      op,
      bits,
      fetch,
      base: base.id,
      offset,
      value: value.id,
      expected: expected?.id,
      result,
    })
    if (result === undefined) return undefined
    const old: Value = { id: result, type: raw }
    return type.kind === 'int' ? normalize(this.emit, type, old) : old
  }

  private callTarget(
    target: CallTarget,
    args: readonly Operand[],
    known: Type,
    options: { result?: Type; pure?: boolean },
  ): Value {
    if (args.length > 5) misuse(`"${target.name}" with ${args.length} arguments: at most 5 fit registers`)
    const type = options.result ?? known
    const values = args.map(arg => operand(this.emit, arg, isValue(arg) ? arg.type : u64).id)
    // Only what the helper's prototype promises is sure to be canonical.
    const cut = type.kind === 'int' && type.bits < 64 && !sameType(type, known)
    const result = newValue(this.c.func, cut ? u64 : type)
    this.push({ kind: 'call', target, args: values, result, pure: options.pure ?? false })
    return cut ? extend(this.emit, type, { id: result, type: u64 }) : { id: result, type }
  }

  private checkMap(name: string): void {
    if (!this.program.maps.some(map => map.name === name))
      misuse(`map "${name}" is not among the program's maps`)
  }

  private zeroIn(ops: Op[]): ValueId {
    const result = newValue(this.c.func, u64)
    ops.push({ kind: 'const', result, value: 0n })
    return result
  }
}
