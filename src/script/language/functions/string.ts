// Functions on strings and buffers.

import { pointer, s64, u8, u32, u64, type Value } from '../../../ir/index.ts'
import type { Call, Expression } from '../../ast.ts'
import type { Checker } from '../../check/checker.ts'
import { isWhole } from '../../check/promote.ts'
import { kindText, typeText } from '../../check/type-text.ts'
import { layoutOf } from '../../layout.ts'
import type { Datum } from '../../lower/datum.ts'
import { lowerExpression, lowerInteger } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { CLEARED_BYTES, inMemory, readRemote, toScalar, zero, zeroTail } from '../../lower/store.ts'
import { remoteString, walkable } from '../../lower/strings.ts'
import { bool, int64, type ScriptType, string, uint64 } from '../../type.ts'
import type { FunctionEntry } from '../entry.ts'

/** Where the string is that a number is the address of. */
function spaceOf(l: Lowering, type: ScriptType): 'kernel' | 'user' {
  if (type.kind === 'pointer' && type.space !== 'none') return type.space
  return ['uprobe', 'uretprobe', 'usdt'].includes(l.provider) || isSyscall(l) ? 'user' : 'kernel'
}

function isSyscall(l: Lowering): boolean {
  const { place } = l.body.places[0]!
  return place.kind === 'tracepoint' && place.category === 'syscalls'
}

const str: FunctionEntry = {
  name: 'str',
  args: [1, 2],
  parameters: [null, { kind: 'int' }],
  type(c, call, [type]) {
    const arg = call.args[0] as Expression
    const text = parameterText(c, arg)
    if (text !== undefined) {
      const limit = c.integerConstant(call.args[1])
      const cut = limit === undefined ? text : text.slice(0, Number(limit))
      c.body.constants.set(call.id, cut)
      return string(cut.length + 1)
    }
    if (type === undefined) return undefined
    if (type.kind !== 'string' && !isWhole(type) && type.kind !== 'pointer' && type.kind !== 'array') {
      const text = `str() expects a string, integer or a pointer type as first argument (${typeText(type)} provided)`
      return c.error(call, text)
    }
    const most = c.config.max_strlen
    const limit = c.integerConstant(call.args[1])
    if (limit === undefined) return string(most)
    if (limit < 0n) return c.error(call, `strcannot use negative length (${limit})`)
    if (limit + 1n > BigInt(most)) {
      c.warn(
        call,
        `length param (${limit}) is too long and will be shortened to ${most} bytes (see BPFTRACE_MAX_STRLEN)`,
      )
      return string(most)
    }
    return string(Number(limit) + 1)
  },
  lower(l, call) {
    const arg = call.args[0] as Expression
    const type = l.typeOf(call) as Extract<ScriptType, { kind: 'string' }>
    const from = l.typeOf(arg)
    const datum = lowerExpression(l, arg)
    if (from.kind === 'string') return cutString(l, datum, type)
    if (datum.kind === 'remote') return remoteString(l, datum.address, datum.space, type.capacity, undefined)
    const limit = call.args.length > 1 ? lowerInteger(l, call.args[1] as Expression, uint64) : undefined
    return remoteString(l, toScalar(l, datum, uint64), spaceOf(l, from), type.capacity, limit)
  },
}

/** The text of a positional parameter or of a string literal. */
function parameterText(c: Checker, arg: Expression): string | undefined {
  if (arg.kind === 'positional') return c.facts.run.positional[arg.index - 1] ?? ''
  if (arg.kind === 'binary' && arg.left.kind === 'positional' && arg.operator === '+') {
    const offset = c.integerConstant(arg.right)
    const text = c.facts.run.positional[arg.left.index - 1]
    return offset === undefined || text === undefined ? undefined : text.slice(Number(offset))
  }
  return c.stringConstant(arg)
}

function cutString(l: Lowering, datum: Datum, type: Extract<ScriptType, { kind: 'string' }>): Datum {
  if (layoutOf(datum.type).sizeBytes <= type.capacity) return datum
  const { base, offset } = inMemory(l, datum)
  return { kind: 'bytes', type, base, offset }
}

const buf: FunctionEntry = {
  name: 'buf',
  args: [1, 2],
  parameters: [null, { kind: 'int' }],
  type(c, call, [type]) {
    if (type === undefined) return undefined
    const most = c.config.max_strlen - 4
    if (!isWhole(type) && !['string', 'pointer', 'array'].includes(type.kind)) {
      return c.error(call, `buf() expects an integer, string, or array argument but saw ${kindText(type)}`)
    }
    if (call.args.length === 1) {
      if (type.kind !== 'array' && type.kind !== 'string') {
        return c.error(call, `buf() expects a length argument for non-array type ${kindText(type)}`)
      }
      return { kind: 'buffer', capacity: Math.min(most, layoutOf(type).sizeBytes) }
    }
    const limit = c.integerConstant(call.args[1])
    if (limit !== undefined && limit < 0n) return c.error(call, `bufcannot use negative length (${limit})`)
    return { kind: 'buffer', capacity: limit === undefined || limit > BigInt(most) ? most : Number(limit) }
  },
  lower(l, call) {
    const { b } = l
    const arg = call.args[0] as Expression
    const type = l.typeOf(call) as Extract<ScriptType, { kind: 'buffer' }>
    const datum = lowerExpression(l, arg)
    const from = l.typeOf(arg)
    const wanted = call.args.length > 1 ? lowerInteger(l, call.args[1] as Expression, uint64) : undefined
    const length = wanted === undefined ? b.const(u64, type.capacity) : b.clamp(wanted, type.capacity)
    const source = bufferSource(l, datum, from)
    const cleared = type.capacity <= CLEARED_BYTES
    return {
      kind: 'made',
      type,
      beyond: { padded: cleared ? 0 : type.capacity, plain: 0 },
      write(to, offset, padded) {
        if (padded && cleared) zero(l, to, offset + 4, type.capacity)
        b.store(to, offset, b.convert(length, u32))
        b.call(`probe_read_${source.space}`, [
          b.offset(to, offset + 4),
          length,
          b.cast(source.address, pointer(source.space)),
        ])
        if (padded && !cleared) zeroTail(l, to, offset + 4, length, type.capacity)
        return b.clamp(b.add(length, 4), type.capacity + 4)
      },
    }
  },
}

/** Where bytes are read from: traced memory, or our own through its address. */
function bufferSource(
  l: Lowering,
  datum: Datum,
  type: ScriptType,
): { readonly address: Value; readonly space: 'kernel' | 'user' } {
  const { b } = l
  if (datum.kind === 'remote') return datum
  if (datum.kind === 'scalar') return { address: toScalar(l, datum, uint64), space: spaceOf(l, type) }
  const { base, offset } = inMemory(l, datum)
  const slot = b.slot(8, 'address')
  b.store(slot, 0, b.offset(base, offset))
  return { address: b.load(slot, 0, u64), space: 'kernel' }
}

/** A string argument: a string, or the address of one. */
function isText(type: ScriptType): boolean {
  if (type.kind === 'string') return true
  if (type.kind === 'pointer' || type.kind === 'array') {
    const to = type.kind === 'pointer' ? type.to : type.element
    return to.kind === 'integer' && to.bits === 8
  }
  return false
}

function checkTexts(
  c: Checker,
  call: Call,
  args: readonly (ScriptType | undefined)[],
  count: number,
): boolean {
  return args.slice(0, count).every((type, i) => {
    if (type === undefined) return false
    if (isText(type)) return true
    c.error(call.args[i]!, 'string-like values must be either strings, arrays or pointers')
    return false
  })
}

/** The characters of a string argument, in memory. */
function characters(l: Lowering, node: Expression): ReturnType<typeof walkable> {
  const datum = lowerExpression(l, node)
  const type = l.typeOf(node)
  if (type.kind === 'pointer') {
    const text = remoteString(
      l,
      toScalar(l, datum, uint64),
      spaceOf(l, type),
      l.facts.config.max_strlen,
      undefined,
    )
    return walkable(l, text)
  }
  if (datum.kind === 'remote') {
    const size = layoutOf(type).sizeBytes
    const area = l.temporary(size, 'characters')
    readRemote(l, datum, area.base, area.offset, size)
    return { ...area, capacity: size }
  }
  return walkable(l, datum)
}

const strncmp: FunctionEntry = {
  name: 'strncmp',
  args: [3, 3],
  parameters: [{ kind: 'string' }, { kind: 'string' }, { kind: 'int', literal: true }],
  type(c, call) {
    const count = c.integerConstant(call.args[2])
    if (count === undefined || count < 0n) c.error(call, 'Builtin strncmp requires a non-negative literal')
    const [x, y] = [c.stringConstant(call.args[0]), c.stringConstant(call.args[1])]
    if (x !== undefined && y !== undefined && count !== undefined) {
      c.body.constants.set(call.id, x.slice(0, Number(count)) === y.slice(0, Number(count)) ? 0n : 1n)
    }
    return uint64
  },
  lower(l, call) {
    const { b } = l
    const left = characters(l, call.args[0] as Expression)
    const right = characters(l, call.args[1] as Expression)
    const limit = Math.min(Number(l.constantOf(call.args[2]!)), left.capacity, right.capacity)
    const result = b.variable(u64, 0)
    b.forRange(0, limit, (i, loop) => {
      const x = b.load(b.offset(left.base, b.clamp(i, left.capacity - 1)), left.offset, u8)
      const y = b.load(b.offset(right.base, b.clamp(i, right.capacity - 1)), right.offset, u8)
      b.if(b.ne(x, y), () => {
        result.set(1)
        loop.break()
      })
      b.if(b.eq(x, 0), () => loop.break())
    })
    return { kind: 'scalar', type: uint64, value: result.get() }
  },
}

/** Bytes before the first NUL. */
function lengthOf(l: Lowering, { base, offset, capacity }: ReturnType<typeof walkable>): Value {
  const { b } = l
  const length = b.variable(u64, 0)
  b.forRange(0, capacity, (i, loop) => {
    b.if(b.eq(b.load(b.offset(base, b.clamp(i, capacity - 1)), offset, u8), 0), () => loop.break())
    length.set(b.add(i, 1))
  })
  return length.get()
}

const strlen: FunctionEntry = {
  name: 'strlen',
  args: [1, 1],
  type(c, call, args) {
    if (!checkTexts(c, call, args, 1)) return undefined
    const text = c.stringConstant(call.args[0])
    if (text !== undefined) c.body.constants.set(call.id, BigInt(text.length))
    return uint64
  },
  lower(l, call) {
    return { kind: 'scalar', type: uint64, value: lengthOf(l, characters(l, call.args[0] as Expression)) }
  },
}

const strcap: FunctionEntry = {
  name: 'strcap',
  args: [1, 1],
  type(c, call, args) {
    if (!checkTexts(c, call, args, 1)) return undefined
    const [type] = args
    if (type!.kind !== 'pointer') c.body.constants.set(call.id, BigInt(layoutOf(type!).sizeBytes))
    return int64
  },
  lower: (l, call) => ({
    kind: 'scalar',
    type: int64,
    value: l.b.convert(lengthOf(l, characters(l, call.args[0] as Expression)), s64),
  }),
}

/** The index of the first occurrence, -1 when there is none. */
function search(l: Lowering, call: Call): Value {
  const { b } = l
  const hay = characters(l, call.args[0] as Expression)
  const needleText = l.constantOf(call.args[1]!)
  const needle = typeof needleText === 'string' ? undefined : characters(l, call.args[1] as Expression)
  const length = typeof needleText === 'string' ? needleText.length : needle!.capacity
  const found = b.variable(s64, -1)
  if (typeof needleText === 'string' && needleText === '') return b.const(s64, 0)
  b.forRange(0, hay.capacity, (i, outer) => {
    const from = b.clamp(i, hay.capacity - 1)
    const first = b.load(b.offset(hay.base, from), hay.offset, u8)
    const matched = b.variable({ kind: 'bool' }, 1)
    b.forRange(0, Math.min(length, hay.capacity), (j, inner) => {
      const wanted =
        needle === undefined
          ? textByte(l, needleText as string, j)
          : b.load(b.offset(needle.base, b.clamp(j, needle.capacity - 1)), needle.offset, u8)
      b.if(b.eq(wanted, 0), () => inner.break())
      const at = b.add(from, j)
      const here = b.load(b.offset(hay.base, b.clamp(at, hay.capacity - 1)), hay.offset, u8)
      b.if(b.or(b.ge(at, hay.capacity), b.ne(here, wanted)), () => {
        matched.set(0)
        inner.break()
      })
    })
    b.if(matched.get(), () => {
      found.set(b.convert(i, s64))
      outer.break()
    })
    b.if(b.eq(first, 0), () => outer.break())
  })
  return found.get()
}

function textByte(l: Lowering, text: string, index: Value): Value {
  const area = l.once(`text ${text}`, () =>
    inMemory(l, { kind: 'text', type: string(text.length + 1), text }),
  )
  return l.b.load(l.b.offset(area.base, l.b.clamp(index, text.length)), area.offset, u8)
}

/** Capacity of what `str_concat` gives. */
const CONCATENATED = 1024

const strConcat: FunctionEntry = {
  name: 'str_concat',
  args: [2, 2],
  type: (c, call, args) => (checkTexts(c, call, args, 2) ? string(CONCATENATED) : undefined),
  lower(l, call) {
    const { b } = l
    const [left, right] = [0, 1].map(i => characters(l, call.args[i] as Expression))
    return {
      kind: 'made',
      type: string(CONCATENATED),
      beyond: { padded: CONCATENATED, plain: CONCATENATED },
      write(to, offset, padded) {
        // The verifier does not see that the second part ends where the string does.
        l.needSlack(CONCATENATED)
        const first = appendTo(l, b.offset(to, offset), left!, CONCATENATED)
        const at = b.clamp(first, CONCATENATED - 1)
        const rest = b.clamp(b.sub(b.const(u64, CONCATENATED), at), CONCATENATED)
        const second = appendTo(l, b.offset(b.offset(to, offset), at), right!, rest)
        const used = b.clamp(b.add(b.add(at, second), 1), CONCATENATED)
        if (padded) zeroTail(l, to, offset, used, CONCATENATED)
        return used
      },
    }
  },
}

/** Copies a string up to its NUL, at most `most` bytes with it; gives its length without it. */
function appendTo(l: Lowering, to: Value, from: ReturnType<typeof walkable>, most: Value | number): Value {
  const { b } = l
  const limit = typeof most === 'number' ? Math.min(most, from.capacity) : b.clamp(most, from.capacity)
  const got = b.call('probe_read_kernel_str', [to, limit, b.offset(from.base, from.offset)])
  return b.select(b.lt(got, 1), b.const(u64, 0), b.sub(b.convert(got, u64), 1))
}

export const stringFunctions: readonly FunctionEntry[] = [
  strConcat,
  str,
  buf,
  strncmp,
  strlen,
  strcap,
  {
    name: 'strstr',
    args: [2, 2],
    type: (c, call, args) => (checkTexts(c, call, args, 2) ? int64 : undefined),
    lower: (l, call) => ({ kind: 'scalar', type: int64, value: search(l, call) }),
  },
  {
    name: 'strcontains',
    args: [2, 2],
    type(c, call, args) {
      if (!checkTexts(c, call, args, 2)) return undefined
      const [hay, needle] = [c.stringConstant(call.args[0]), c.stringConstant(call.args[1])]
      if (hay !== undefined && needle !== undefined) c.body.constants.set(call.id, hay.includes(needle))
      return bool
    },
    lower: (l, call) => ({ kind: 'scalar', type: bool, value: l.b.ge(search(l, call), 0) }),
  },
]
