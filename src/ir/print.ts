// A function as text, for dumps and tests:
//
//     func count(v0: *context): u64
//     b0(v0):
//       v1: u64 = const 5
//       v2: bool = ult.64 v0, v1
//       branch v2 ? b1 : b2(v1)

import type { Ref } from '../asm/insn.ts'
import type { Block, Func, Op, Target, Terminator, ValueId } from './func.ts'
import { resultOf } from './func.ts'
import { printType } from './types.ts'

export function printFunction(func: Func): string {
  const params = func.blocks[0]!.params.map(p => `${name(p)}: ${printType(func.types[p]!)}`)
  const slots = func.slots.map((slot, i) => `  slot${i}: ${slot.sizeBytes} bytes, ${slot.name}`)
  const blocks = func.blocks.map((block, id) => printBlock(func, block, id))
  return [`func ${func.name}(${params.join(', ')}): ${printType(func.result)}`, ...slots, ...blocks].join(
    '\n',
  )
}

/** One operation, without the type of its result. */
export function printOp(op: Op): string {
  const result = resultOf(op)
  return `${result === undefined ? '' : `${name(result)} = `}${printBody(op)}`
}

function printBlock(func: Func, { params, ops, end }: Block, id: number): string {
  const list = params.map(p => (id === 0 ? name(p) : `${name(p)}: ${printType(func.types[p]!)}`))
  const head = `b${id}${list.length > 0 ? `(${list.join(', ')})` : ''}:`
  const body = ops.map(op => {
    const result = resultOf(op)
    const left = result === undefined ? '' : `${name(result)}: ${printType(func.types[result]!)} = `
    return `  ${left}${printBody(op)}`
  })
  return [head, ...body, `  ${printEnd(end)}`].join('\n')
}

function printEnd(end: Terminator): string {
  if (end.kind === 'jump') return `jump ${target(end.target)}`
  if (end.kind === 'return') return `return ${name(end.value)}`
  return `branch ${name(end.cond)} ? ${target(end.yes)} : ${target(end.no)}`
}

function printBody(op: Op): string {
  switch (op.kind) {
    case 'const':
      return `const ${BigInt.asIntN(64, op.value)}`
    case 'binary':
    case 'compare':
      return `${op.op}.${op.bits} ${name(op.a)}, ${name(op.b)}`
    case 'neg':
      return `neg.${op.bits} ${name(op.a)}`
    case 'extend':
      return `${op.signed ? 'sext' : 'zext'}.${op.bits} ${name(op.a)}`
    case 'bytes':
      return `${op.order}.${op.bits} ${name(op.a)}`
    case 'select':
      return `select ${name(op.cond)} ? ${name(op.a)} : ${name(op.b)}`
    case 'bound':
      return `${op.how} ${name(op.a)}, ${op.max}`
    case 'slot':
      return `slot ${op.slot}`
    case 'address':
      return printRef(op.ref)
    case 'offset':
      return `offset ${name(op.a)}, ${name(op.b)}`
    case 'load':
      return `load.${op.signed ? 's' : 'u'}${op.bits} ${place(op)}${op.invariant ? ' invariant' : ''}`
    case 'store':
      return `store.${op.bits} ${place(op)}, ${name(op.value)}`
    case 'atomic': {
      const expected = op.expected === undefined ? '' : `, ${name(op.expected)}`
      return `atomic.${op.op}.${op.bits} ${place(op)}, ${name(op.value)}${expected}`
    }
    case 'call':
      return `call ${op.target.kind} ${op.target.name}(${op.args.map(name).join(', ')})${op.pure ? ' pure' : ''}`
  }
}

export function printRef(ref: Ref): string {
  return ref.kind === 'mapValue' ? `mapValue ${ref.name}+${ref.offset}` : `${ref.kind} ${ref.name}`
}

function target({ to, args }: Target): string {
  return `b${to}${args.length > 0 ? `(${args.map(name).join(', ')})` : ''}`
}

function place({ base, offset }: { base: ValueId; offset: number }): string {
  return `[${name(base)}${offset < 0 ? '' : '+'}${offset}]`
}

function name(value: ValueId): string {
  return `v${value}`
}
