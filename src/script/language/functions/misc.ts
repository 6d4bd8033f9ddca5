// Functions on numbers and types, and options of the command line.

import { type IntType, u64 } from '../../../ir/index.ts'
import type { Call, Expression } from '../../ast.ts'
import type { Constant } from '../../check/checked.ts'
import type { Checker } from '../../check/checker.ts'
import { parameterNumber } from '../../check/expression.ts'
import { say } from '../../check/messages.ts'
import { isWhole } from '../../check/promote.ts'
import { kindText } from '../../check/type-text.ts'
import { TIME_BOOT, TIME_MONOTONIC, TIME_TAI } from '../../compiled.ts'
import { registerType } from '../../lower/datum.ts'
import { constantDatum, lowerInteger } from '../../lower/expression.ts'
import type { StackMode, StackType } from '../../type.ts'
import { bool, type IntegerType, int64, intOf, type ScriptType, string, uint32, uint64 } from '../../type.ts'
import { CLOCKS, type Clock, clockOf, clockType, now } from '../builtins/clock.ts'
import { pidTgid, scalar } from '../builtins/process.ts'
import { takeStack } from '../builtins/stack.ts'
import type { FunctionEntry } from '../entry.ts'

/** A function whose value is known when the script is compiled. */
function known(
  name: string,
  args: readonly [number, number],
  type: ScriptType,
  value: (c: Checker, call: Call, args: readonly (ScriptType | undefined)[]) => Constant | undefined,
): FunctionEntry {
  return {
    name,
    args,
    type(c, call, types) {
      const found = value(c, call, types)
      if (found !== undefined) c.body.constants.set(call.id, found)
      return type
    },
    lower: (l, call) => constantDatum(l, l.constantOf(call) ?? 0n, type),
  }
}

function about(name: string, holds: (type: ScriptType) => boolean): FunctionEntry {
  return known(name, [1, 1], bool, (_c, _call, [type]) => (type === undefined ? undefined : holds(type)))
}

const bswap: FunctionEntry = {
  name: 'bswap',
  args: [1, 1],
  type(c, call, [type]) {
    if (type === undefined) return undefined
    if (type.kind !== 'integer') {
      return c.error(call, `bswap() only supports integer arguments (${kindText(type)} provided)`)
    }
    return intOf(type.bits, false)
  },
  lower(l, call) {
    const type = l.typeOf(call) as IntegerType
    return scalar(type, l.b.byteSwap(lowerInteger(l, call.args[0] as Expression, type)))
  },
}

const nsecs: FunctionEntry = {
  name: 'nsecs',
  args: [0, 1],
  raw: [0],
  type(c, call) {
    const clock = clockOf(call)
    if (clock === undefined) {
      const arg = call.args[0] as Expression
      if (arg.kind === 'identifier')
        return c.error(arg, `Invalid timestamp mode: ${arg.name}`, `modes: ${CLOCKS.join(', ')}`)
      return c.error(call, 'nsecs() only supports timestamp_mode arguments')
    }
    if (clock === 'tai' && !c.facts.kernel.has('ktime_get_tai_ns')) {
      c.error(call, 'Kernel does not support tai timestamp, please try sw_tai')
    }
    return clockType(clock)
  },
  lower: (l, call) => scalar(uint64, now(l, clockOf(call) ?? 'boot')),
}

const CLOCK_NUMBER: Readonly<Record<Clock, number>> = {
  boot: TIME_BOOT,
  monotonic: TIME_MONOTONIC,
  tai: TIME_TAI,
  sw_tai: TIME_TAI,
}

const strftime: FunctionEntry = {
  name: 'strftime',
  args: [2, 2],
  parameters: [{ kind: 'string', literal: true }, { kind: 'int' }],
  type(c, call, [, type]) {
    if (type?.kind === 'integer' && type.clock === 'monotonic') {
      c.error(call, 'strftime() can not take a monotonic timestamp')
    }
    const value = c.integerConstant(call.args[1])
    if (value !== undefined && value < 0n) c.error(call, 'strftime() does not accept negative timestamps')
    return { kind: 'timestamp' }
  },
  lower(l, call) {
    const node = call.args[1] as Expression
    const type = l.typeOf(node)
    const clock = CLOCK_NUMBER[(type.kind === 'integer' ? type.clock : undefined) ?? 'boot']
    const format = l.shared.timeFormat(l.constantOf(call.args[0]!) as string)
    const ns = lowerInteger(l, node, uint64)
    const how = l.b.const(u64, (BigInt(clock) << 32n) | BigInt(format))
    return { kind: 'words', type: { kind: 'timestamp' }, words: [ns, how] }
  },
}

/** A number that the reader has a word for. */
function named(table: 'strerror' | 'signal_name' | 'syscall_name'): FunctionEntry {
  return {
    name: table,
    args: [1, 1],
    type(c, call, [type]) {
      if (type !== undefined && !isWhole(type)) {
        c.error(call, `${table}() only supports int arguments (${kindText(type)} provided)`)
      }
      return { kind: 'named', table }
    },
    lower: (l, call) =>
      scalar({ kind: 'named', table }, l.b.convert(lowerInteger(l, call.args[0] as Expression, int64), u64)),
  }
}

/** `pid(curr_ns)`, `tid(init)`. */
function idFunction(name: 'pid' | 'tid'): FunctionEntry {
  return {
    name,
    args: [0, 1],
    raw: [0],
    type(c, call) {
      const arg = call.args[0] as Expression | undefined
      if (arg !== undefined && arg.kind !== 'identifier') {
        return c.error(call, `${name}() only supports curr_ns and init as the argument`)
      }
      if (arg?.kind === 'identifier' && arg.name !== 'curr_ns' && arg.name !== 'init') {
        return c.error(arg, `Invalid PID namespace mode: ${arg.name} (expects: curr_ns or init)`)
      }
      return uint32
    },
    lower(l, call) {
      const { b } = l
      const arg = call.args[0] as Expression | undefined
      const own = !(arg?.kind === 'identifier' && arg.name === 'init')
      const both = pidTgid(l, own)
      const number = name === 'pid' ? b.shr(both, 32) : both
      return scalar(uint32, b.convert(number, registerType(uint32) as IntType))
    },
  }
}

const MODES: readonly string[] = ['bpftrace', 'perf', 'raw', 'build_id']

function stackFunction(kind: 'kstack' | 'ustack'): FunctionEntry {
  return {
    name: kind,
    args: [0, 2],
    raw: [0, 1],
    type(c, call) {
      if (!c.needsContext(call)) return undefined
      let mode: StackMode = c.config.stack_mode
      let limit = 127
      const rest = [...(call.args as Expression[])]
      if (rest[0]?.kind === 'identifier') {
        if (!MODES.includes(rest[0].name)) {
          return c.error(
            rest[0],
            `Error parsing stack mode: ${rest[0].name}: Invalid stack mode`,
            `modes: ${MODES.join(', ')}`,
          )
        }
        mode =
          rest.shift()!.kind === 'identifier' ? ((call.args[0] as { name: string }).name as StackMode) : mode
      } else if (rest.length === 2) return c.error(call, 'Expected stack mode as first argument')
      if (rest.length > 0) {
        c.checkExpression(rest[0]!)
        const given = c.integerConstant(rest[0])
        if (given === undefined) return c.error(call, `${kind}: invalid limit value`)
        if (given > 1024n) {
          return c.error(call, `${kind}([int limit]): limit shouldn't exceed 1024, ${given} given`)
        }
        limit = Number(given)
      }
      if (mode === 'build_id' && kind === 'kstack') {
        return c.error(call, "'build_id' stack mode can only be used for ustack")
      }
      return { kind, mode, limit }
    },
    lower: (l, call) => takeStack(l, l.typeOf(call) as StackType),
  }
}

/** `getopt("name", default, "what it is")`: from the command line, `-- --name=value`. */
const getopt: FunctionEntry = {
  name: 'getopt',
  args: [1, 3],
  parameters: [{ kind: 'string', literal: true }],
  type(c, call) {
    const name = c.stringConstant(call.args[0])!
    const fallback = call.args.length > 1 ? c.constantOf(call.args[1]!) : false
    if (fallback === undefined) return c.error(call, 'getopt() default value must be a literal')
    const given = c.facts.run.named?.[name]
    const value = given === undefined ? fallback : optionValue(given, fallback)
    if (value === undefined) {
      const problem =
        typeof fallback === 'boolean'
          ? "invalid bool; expected '0', '1', 'true' or 'false'"
          : given === ''
            ? 'expects an integer'
            : 'invalid integer'
      const text = `program command line option --${name} ${problem} (value: ${given || 'true'})`
      c.diagnostics.report(say.free, undefined, { text })
      return undefined
    }
    c.body.constants.set(call.id, value)
    if (typeof value === 'string') return string(value.length + 1)
    return typeof value === 'boolean' ? bool : (fallback as bigint) < 0n ? int64 : uint64
  },
  lower: (l, call) => constantDatum(l, l.constantOf(call) ?? 0n, l.typeOf(call)),
}

function optionValue(text: string, fallback: Constant): Constant | undefined {
  if (typeof fallback === 'string') return text
  if (typeof fallback === 'bigint') return parameterNumber(text)
  const word = text.toLowerCase()
  if (word === '' || word === 'true' || word === '1') return true
  return word === 'false' || word === '0' ? false : undefined
}

export const miscFunctions: readonly FunctionEntry[] = [
  bswap,
  nsecs,
  strftime,
  named('strerror'),
  named('signal_name'),
  named('syscall_name'),
  idFunction('pid'),
  idFunction('tid'),
  stackFunction('kstack'),
  stackFunction('ustack'),
  getopt,
  about('is_ptr', type => type.kind === 'pointer'),
  about('is_str', type => type.kind === 'string'),
  about('is_array', type => type.kind === 'array'),
  about('is_integer', isWhole),
  about('is_unsigned_integer', type => isWhole(type) && !type.signed),
  known('is_literal', [1, 1], bool, (c, call) => isLiteral(c, call)),
]

function isLiteral(c: Checker, call: Call): boolean {
  const arg = call.args[0] as Expression
  return arg.kind !== 'identifier' && c.constantOf(arg) !== undefined
}
