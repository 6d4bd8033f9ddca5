// Functions that act on the traced process, and those that send what they read piece by piece: join, debugf.

import { pointer, u64, type Value } from '../../../ir/index.ts'
import type { Expression } from '../../ast.ts'
import { say } from '../../check/messages.ts'
import { isWhole } from '../../check/promote.ts'
import { kindText } from '../../check/type-text.ts'
import { RING_MAP } from '../../compiled.ts'
import type { Datum } from '../../lower/datum.ts'
import { lowerExpression, lowerInteger } from '../../lower/expression.ts'
import { countLost, wakeFlags } from '../../lower/records.ts'
import { addressOf, inMemory, toScalar } from '../../lower/store.ts'
import { bool, none, string, uint64 } from '../../type.ts'
import type { FunctionEntry } from '../entry.ts'
import { signalNumber } from '../signals.ts'

const nothing: Datum = { kind: 'none', type: none }

/** Arguments of a process that are joined, and bytes of each: bpftrace's join_argnum and join_argsize. */
const JOINED = 16
const JOINED_BYTES = 1024

const join: FunctionEntry = {
  name: 'join',
  args: [1, 2],
  parameters: [null, { kind: 'string', literal: true }],
  type(c, call, [type]) {
    if (type !== undefined && !isWhole(type) && type.kind !== 'pointer') {
      c.error(call, `() only supports int or pointer arguments (${kindText(type)} provided)`)
    }
    return none
  },
  lower(l, call) {
    const { b } = l
    const node = call.args[0] as Expression
    const type = l.typeOf(node)
    const space = type.kind === 'pointer' && type.space === 'kernel' ? 'kernel' : 'user'
    const list = toScalar(l, lowerExpression(l, node), uint64)
    const separator = call.args.length > 1 ? (l.constantOf(call.args[1]!) as string) : ' '
    const action = l.shared.action({ kind: 'join', span: call.span, separator, args: [] })
    const most = JOINED * JOINED_BYTES
    const area = l.buffer(8 + most)
    l.needSlack(JOINED_BYTES)
    // The position lives in memory: in a register the verifier would follow each length by itself.
    const position = l.buffer(8)
    b.store(area.base, area.offset, action, u64)
    b.store(position.base, position.offset, 0, u64)
    const slot = b.slot(8, 'argument')
    b.forRange(0, JOINED, (i, loop) => {
      const at = b.add(list, b.shl(b.convert(i, u64), 3))
      b.store(slot, 0, 0, u64)
      b.call(`probe_read_${space}`, [slot, 8, b.cast(at, pointer(space))])
      const text = b.load(slot, 0, u64)
      b.if(b.eq(text, 0), () => loop.break())
      const used = b.clamp(b.load(position.base, position.offset, u64), most - JOINED_BYTES)
      const to = b.offset(b.offset(area.base, used), area.offset + 8)
      const got = b.call(`probe_read_${space}_str`, [to, JOINED_BYTES, b.cast(text, pointer(space))])
      b.if(b.lt(got, 0), () => loop.break())
      b.store(position.base, position.offset, b.add(used, b.convert(got, u64)))
    })
    const length = b.clamp(b.add(b.load(position.base, position.offset, u64), 8), most + 8)
    const sent = b.call('ringbuf_output', [b.mapFd(RING_MAP), addressOf(l, area), length, wakeFlags(l)])
    l.if(b.ne(sent, 0), () => countLost(l))
    return nothing
  },
}

function signalFunction(name: 'signal' | 'signal_thread'): FunctionEntry {
  return {
    name,
    args: [1, 1],
    unsafe: 'flag',
    type(c, call, [type]) {
      const value = c.constantOf(call.args[0]!)
      if (typeof value === 'string') {
        const number = signalNumber(value)
        if (number === undefined) return c.error(call, `Invalid string for signal: ${value}`)
        c.body.constants.set(call.args[0]!.id, BigInt(number))
      } else if (typeof value === 'bigint') {
        if (value < 1n || value > 64n) {
          c.error(call, `${name}() accepts a string literal or an integer between 1 and 64 (inclusive)`)
        }
      } else if (type !== undefined && !isWhole(type)) {
        c.error(call, `${name}() accepts a string literal or an integer`)
      }
      return none
    },
    lower(l, call) {
      const { b } = l
      const value = l.constantOf(call.args[0]!)
      const number: Value =
        typeof value === 'bigint' ? b.const(u64, value) : lowerInteger(l, call.args[0] as Expression, uint64)
      b.call(name === 'signal' ? 'send_signal' : 'send_signal_thread', [number])
      return nothing
    },
  }
}

const override: FunctionEntry = {
  name: 'override',
  args: [1, 1],
  unsafe: 'flag',
  parameters: [{ kind: 'int' }],
  type(c, call) {
    if (c.provider !== 'kprobe') c.error(call, 'override() can only be used inside kprobes')
    else if (!c.facts.kernel.has('override_return')) {
      c.report(say.missingFeature, call, { feature: 'override_return' })
    }
    return none
  },
  lower(l, call) {
    l.b.call('override_return', [l.ctx!, lowerInteger(l, call.args[0] as Expression, uint64)])
    return nothing
  },
}

const writeUser: FunctionEntry = {
  name: 'write_user',
  args: [3, 3],
  unsafe: 'flag',
  parameters: [null, null, { kind: 'int', literal: true }],
  type: () => bool,
  lower(l, call) {
    const { b } = l
    const [to, from] = [0, 1].map(i => lowerExpression(l, call.args[i] as Expression))
    const size = Number(l.constantOf(call.args[2]!))
    const area = l.buffer(size)
    if (from!.kind === 'scalar') {
      const address = b.cast(toScalar(l, from!, uint64), pointer('kernel'))
      b.call('probe_read_kernel', [addressOf(l, area), size, address])
    } else {
      const bytes = inMemory(l, from!)
      b.copy(area.base, area.offset, bytes.base, bytes.offset, size)
    }
    const target = b.cast(toScalar(l, to!, uint64), pointer('user'))
    const result = b.call('probe_write_user', [target, addressOf(l, area), size])
    return { kind: 'scalar', type: bool, value: b.eq(result, 0) }
  },
}

const PRINTK_ARGUMENTS = 3

const debugf: FunctionEntry = {
  name: 'debugf',
  args: [1, 128],
  parameters: [{ kind: 'string', literal: true }],
  type(c, call) {
    c.warn(
      call,
      'The debugf() builtin is not recommended for production use. For more information see bpf_trace_printk in bpf-helpers(7).',
    )
    if (call.args.length - 1 > PRINTK_ARGUMENTS) {
      c.error(call, `cannot use more than ${PRINTK_ARGUMENTS} conversion specifiers`)
    }
    return none
  },
  lower(l, call) {
    const { b } = l
    const text = l.constantOf(call.args[0]!) as string
    const format = inMemory(l, { kind: 'text', type: string(text.length + 1), text })
    const args = (call.args.slice(1) as Expression[]).map(arg => {
      const datum = lowerExpression(l, arg)
      return datum.type.kind === 'string' ? addressOf(l, inMemory(l, datum)) : toScalar(l, datum, uint64)
    })
    b.call('trace_printk', [addressOf(l, format), text.length + 1, ...args])
    return nothing
  },
}

export const effectFunctions: readonly FunctionEntry[] = [
  join,
  signalFunction('signal'),
  signalFunction('signal_thread'),
  override,
  writeUser,
  debugf,
]
