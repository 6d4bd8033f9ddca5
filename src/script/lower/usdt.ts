// Arguments of USDT probes: read where their note says that they are.

import type { UsdtArgument } from '../../elf/index.ts'
import { type IntType, pointer, u64, type Value } from '../../ir/index.ts'
import type { Lowering } from './lowering.ts'

/** The value of an argument, widened to 64 bits; 0 for one whose place is not understood. */
export function usdtArgument(l: Lowering, argument: UsdtArgument): Value {
  const { b } = l
  const { place, sizeBytes, signed } = argument
  const narrow: IntType = { kind: 'int', bits: (sizeBytes * 8) as IntType['bits'], signed }
  const widened = (value: Value): Value => b.convert(b.convert(value, narrow), u64)
  switch (place.kind) {
    case 'constant':
      return widened(b.const(u64, place.value))
    case 'register':
      return widened(registerValue(l, place.register))
    case 'memory': {
      let address = b.const(u64, place.displacement)
      if (place.base !== undefined) address = b.add(address, registerValue(l, place.base))
      if (place.index !== undefined) {
        address = b.add(address, b.mul(registerValue(l, place.index), place.scale))
      }
      const slot = b.slot(8, 'usdt')
      b.store(slot, 0, 0, u64)
      b.call('probe_read_user', [slot, sizeBytes, b.cast(address, pointer('user'))])
      return widened(b.load(slot, 0, u64))
    }
    default:
      return b.const(u64, 0)
  }
}

function registerValue(
  l: Lowering,
  { ptRegsOffset, shiftBits }: { readonly ptRegsOffset: number; readonly shiftBits: number },
): Value {
  const { b } = l
  const word = b.load(l.ctx!, ptRegsOffset, u64, { invariant: true })
  return shiftBits === 0 ? word : b.shr(word, shiftBits)
}
