// Functions on network addresses and control groups.

import { u32, type Value } from '../../../ir/index.ts'
import type { Expression } from '../../ast.ts'
import { isWhole } from '../../check/promote.ts'
import { kindText } from '../../check/type-text.ts'
import { layoutOf } from '../../layout.ts'
import type { Datum } from '../../lower/datum.ts'
import { lowerExpression, lowerInteger } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { inMemory, readRemote, toScalar } from '../../lower/store.ts'
import { inet, mac, type ScriptType, uint8, uint32, uint64 } from '../../type.ts'
import { scalar } from '../builtins/process.ts'
import type { FunctionEntry } from '../entry.ts'

const AF_INET = 2
const AF_INET6 = 10

const ntop: FunctionEntry = {
  name: 'ntop',
  args: [1, 2],
  type(c, call, args) {
    if (args.length === 2 && args[0] !== undefined && !isWhole(args[0])) {
      c.error(call, `ntop() only supports int arguments (${kindText(args[0])} provided)`)
    }
    const type = args.at(-1)
    if (type === undefined) return inet
    if (!isWhole(type) && type.kind !== 'string' && type.kind !== 'array') {
      c.error(call, `ntop() expects an integer or array argument, got ${kindText(type)}`)
    }
    if (type.kind === 'string' || type.kind === 'array') {
      const size = layoutOf(type).sizeBytes
      if (size !== 4 && size !== 16) c.error(call, 'ntop() argument must be 4 or 16 bytes in size')
    }
    return inet
  },
  lower(l, call) {
    const { b } = l
    const node = call.args.at(-1) as Expression
    const datum = lowerExpression(l, node)
    const type = l.typeOf(node)
    const size = isWhole(type) ? 4 : Math.min(16, layoutOf(type).sizeBytes)
    const family: Value =
      call.args.length === 2
        ? b.convert(lowerInteger(l, call.args[0] as Expression, uint32), u32)
        : b.const(u32, size === 16 ? AF_INET6 : AF_INET)
    return {
      kind: 'made',
      type: inet,
      write(to, offset) {
        b.store(to, offset, family, u32)
        if (size < 16) b.zero(to, offset + 4 + size, 16 - size)
        putAddress(l, datum, type, to, offset + 4, size)
        return undefined
      },
    }
  },
}

function putAddress(
  l: Lowering,
  datum: Datum,
  type: ScriptType,
  to: Value,
  offset: number,
  size: number,
): void {
  if (isWhole(type)) l.b.store(to, offset, toScalar(l, datum, uint32), u32)
  else if (datum.kind === 'remote') readRemote(l, datum, to, offset, size)
  else {
    const area = inMemory(l, datum)
    l.b.copy(to, offset, area.base, area.offset, size)
  }
}

const pton: FunctionEntry = {
  name: 'pton',
  args: [1, 1],
  type(c, call) {
    const text = c.stringConstant(call.args[0])
    if (text === undefined) return c.error(call, 'pton() expects an string literal at the first argument')
    if (!text.includes('.') && !text.includes(':')) {
      return c.error(call, `pton() expects an string argument of an IPv4/IPv6 address, got ${text}`)
    }
    const bytes = addressBytes(text)
    if (bytes === undefined) return c.error(call, `pton() expects a valid IPv4/IPv6 address, got ${text}`)
    return { kind: 'array', element: uint8, count: bytes.length, space: 'none' }
  },
  lower(l, call) {
    const bytes = addressBytes(l.constantOf(call.args[0]!) as string)!
    return { kind: 'text', type: l.typeOf(call), text: String.fromCharCode(...bytes) }
  },
}

/** The bytes of an address in text, undefined when it is none. */
export function addressBytes(text: string): number[] | undefined {
  if (!text.includes(':')) {
    const parts = text.split('.')
    const valid = parts.length === 4 && parts.every(part => /^\d{1,3}$/.test(part) && Number(part) < 256)
    return valid ? parts.map(Number) : undefined
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const words = (half: string): number[] | undefined => {
    if (half === '') return []
    const made: number[] = []
    for (const part of half.split(':')) {
      if (part.includes('.')) {
        const four = addressBytes(part)
        if (four === undefined) return undefined
        made.push((four[0]! << 8) | four[1]!, (four[2]! << 8) | four[3]!)
      } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) made.push(Number.parseInt(part, 16))
      else return undefined
    }
    return made
  }
  const head = words(halves[0]!)
  const tail = halves.length === 2 ? words(halves[1]!) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  return [...head, ...new Array<number>(missing).fill(0), ...tail].flatMap(word => [word >> 8, word & 0xff])
}

const macaddr: FunctionEntry = {
  name: 'macaddr',
  args: [1, 1],
  type(c, call, [type]) {
    if (type === undefined) return mac
    if (c.stringConstant(call.args[0]) !== undefined) {
      c.error(call, 'macaddr() does not support literal string arguments')
    } else if (!isWhole(type) && !['array', 'pointer', 'string'].includes(type.kind)) {
      c.error(call, `macaddr() only supports array or pointer arguments (${kindText(type)} provided)`)
    } else if ((type.kind === 'array' || type.kind === 'string') && layoutOf(type).sizeBytes < 6) {
      c.error(call, 'macaddr() argument must be at least 6 bytes in size')
    }
    return mac
  },
  lower(l, call) {
    const node = call.args[0] as Expression
    const type = l.typeOf(node)
    const datum = lowerExpression(l, node)
    const space = type.kind === 'pointer' && type.space === 'user' ? 'user' : 'kernel'
    return {
      kind: 'made',
      type: mac,
      write(to, offset) {
        if (datum.kind === 'remote') readRemote(l, datum, to, offset, 6)
        else if (datum.kind === 'scalar') {
          readRemote(l, { address: toScalar(l, datum, uint64), space }, to, offset, 6)
        } else {
          const area = inMemory(l, datum)
          l.b.copy(to, offset, area.base, area.offset, 6)
        }
        return undefined
      },
    }
  },
}

const cgroupId: FunctionEntry = {
  name: 'cgroupid',
  args: [1, 1],
  parameters: [{ kind: 'string', literal: true }],
  type(c, call) {
    const path = c.stringConstant(call.args[0])!
    const found = c.facts.kernel.cgroupId?.(path)
    if (found === undefined) return c.error(call, `Failed to get cgroupid for path: ${path}`)
    c.body.constants.set(call.id, found)
    return uint64
  },
  lower: l => scalar(uint64, l.b.const({ kind: 'int', bits: 64, signed: false }, 0)),
}

const cgroupPath: FunctionEntry = {
  name: 'cgroup_path',
  args: [1, 2],
  parameters: [{ kind: 'int' }, { kind: 'string', literal: true }],
  type: () => ({ kind: 'cgroup_path' }),
  lower(l, call) {
    const id = lowerInteger(l, call.args[0] as Expression, uint64)
    const pattern = call.args.length > 1 ? (l.constantOf(call.args[1]!) as string) : '*'
    const index = l.b.const({ kind: 'int', bits: 64, signed: false }, l.shared.cgroupPattern(pattern))
    return { kind: 'words', type: { kind: 'cgroup_path' }, words: [id, index] }
  },
}

export const networkFunctions: readonly FunctionEntry[] = [ntop, pton, macaddr, cgroupId, cgroupPath]
