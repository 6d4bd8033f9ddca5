// Aggregations read by the script itself: the shares of all CPUs added up, or compared.

import { bool, s64, u64, type Value } from '../../ir/index.ts'
import type { ScriptType } from '../type.ts'
import { registerType } from './datum.ts'
import type { Lowering } from './lowering.ts'

/** The number that an aggregation stands for; `share(cpu)` gives the address of a CPU's share, null when there is none. */
export function aggregateNumber(
  l: Lowering,
  type: ScriptType,
  share: (cpu: Value) => { readonly at: Value; readonly offset: number },
): Value {
  const { b } = l
  const signed =
    registerType(type) === s64 || (type.kind !== 'count' && 'signed' in type && type.signed === true)
  const number = signed ? s64 : u64
  const total = b.variable(number, 0)
  const count = b.variable(u64, 0)
  const seen = b.variable(bool, 0)
  b.forRange(0, l.facts.kernel.possibleCpus, (cpu, loop) => {
    const { at, offset } = share(b.convert(cpu, u64))
    const visit = (known: Value): void => {
      const value = b.load(known, offset, number)
      if (type.kind === 'min' || type.kind === 'max') {
        b.if(b.eq(b.load(known, offset + 8, u64), 0), () => loop.continue())
        const better = type.kind === 'min' ? b.lt(value, total.get()) : b.gt(value, total.get())
        b.if(b.or(b.not(seen.get()), better), () => total.set(value))
        seen.set(1)
        return
      }
      total.set(b.add(total.get(), value))
      if (type.kind === 'avg') count.set(b.add(count.get(), b.load(known, offset + 8, u64)))
    }
    if (at.type.kind === 'pointer' && at.type.maybeNull) b.ifNotNull(at, visit)
    else visit(at)
  })
  if (type.kind !== 'avg') return total.get()
  const sum = total.get()
  const magnitude = b.convert(b.select(b.lt(sum, 0), b.neg(sum), sum), u64)
  const quotient = b.convert(b.div(magnitude, count.get()), number)
  return signed ? b.select(b.lt(sum, 0), b.neg(quotient), quotient) : quotient
}
