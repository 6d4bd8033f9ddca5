// Calls of the kernel's own functions for BPF programs by their names, with the types that its BTF has for them. Which of
// them a program may call, and with what, the verifier knows best.

import { u64, type Value } from '../../../ir/index.ts'
import type { Call, Expression } from '../../ast.ts'
import type { Checker } from '../../check/checker.ts'
import { isWhole } from '../../check/promote.ts'
import { typeText } from '../../check/type-text.ts'
import type { Datum } from '../../lower/datum.ts'
import { registerType } from '../../lower/datum.ts'
import { lowerExpression, trackedAddress } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { toScalar } from '../../lower/store.ts'
import { none, type ScriptType } from '../../type.ts'
import type { FunctionTypes } from '../../types/index.ts'
import { mayCall } from './kernel.ts'

function prototypeOf({ facts }: Checker | Lowering, name: string): FunctionTypes | undefined {
  return facts.types.kernelTypes()?.parameters(name, 'kernel')
}

/** Whether a name is a function of the kernel; whether programs may call it is `checkKfunc`'s to say. */
export function isKernelFunction(c: Checker, name: string): boolean {
  return prototypeOf(c, name) !== undefined
}

/** The type of a call's result; undefined, and said why, when it cannot be made. */
export function checkKfunc(
  c: Checker,
  call: Call,
  args: readonly (ScriptType | undefined)[],
): ScriptType | undefined {
  const { name } = call
  const { parameters, result } = prototypeOf(c, name)!
  if (!mayCall(c, name)) {
    return c.error(
      call,
      `The kernel function ${name}() can not be called from '${c.provider}' probes on this kernel`,
      `kfunc_allowed("${name}") tells which probes may call it; most functions of the kernel are not for programs at all`,
    )
  }
  if (args.length !== parameters.length) {
    const problem = args.length < parameters.length ? 'got only' : 'got'
    return c.error(
      call,
      `Function \`${name}\` requires ${parameters.length} arguments, ${problem} ${args.length}`,
    )
  }
  parameters.forEach((parameter, i) => {
    const found = args[i]
    if (found === undefined || fits(parameter.type, found)) return
    const what = parameter.name === '' ? '' : ` for argument \`${parameter.name}\``
    c.error(call.args[i] as Expression, `Expected ${typeText(parameter.type)}${what} got ${typeText(found)}`)
  })
  return result
}

function fits(wanted: ScriptType, found: ScriptType): boolean {
  // what a pointer must point to is the verifier's to check
  if (wanted.kind === 'pointer') return found.kind === 'pointer' || isWhole(found)
  if (wanted.kind === 'bool') return found.kind === 'bool' || isWhole(found)
  return isWhole(wanted) && (isWhole(found) || found.kind === 'bool')
}

export function lowerKfunc(l: Lowering, call: Call): Datum {
  const { b } = l
  const { parameters, result } = prototypeOf(l, call.name)!
  const values = call.args.map((arg, i): Value => {
    if (arg.kind === 'address-of') return trackedAddress(l, arg.operand)
    const datum = lowerExpression(l, arg as Expression)
    const wanted = parameters[i]!.type
    return wanted.kind === 'pointer' ? pointerOf(l, datum) : toScalar(l, datum, wanted)
  })
  const value = b.callKfunc(call.name, values)
  if (result.kind === 'none') return { kind: 'none', type: none }
  if (result.kind === 'bool') return { kind: 'scalar', type: result, value: b.ne(b.and(value, 1), 0) }
  const type = registerType(result)
  return {
    kind: 'scalar',
    type: result,
    value: type.kind === 'int' ? b.convert(value, type) : b.cast(value, u64),
  }
}

/** In the register it came in: the verifier knows by that what it points to. */
function pointerOf(l: Lowering, datum: Datum): Value {
  return datum.kind === 'scalar'
    ? datum.value
    : toScalar(l, datum, { kind: 'integer', bits: 64, signed: false })
}
