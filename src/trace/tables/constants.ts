// The constant families of a machine: arm64 shares x86-64's but for the few that its own headers define.
import type { ConstantFamily } from './constant-family.ts'
import { CONSTANTS } from './constants.generated.ts'
import { CONSTANTS_AARCH64 } from './constants-aarch64.generated.ts'
import type { Machine } from './syscalls.ts'

export type FamilyName = keyof typeof CONSTANTS

/** A family by its name in constants.generated.ts. */
export function constantFamily(machine: Machine, name: FamilyName): ConstantFamily {
  const own: Partial<Record<FamilyName, ConstantFamily>> = CONSTANTS_AARCH64
  return (machine === 'aarch64' ? own[name] : undefined) ?? CONSTANTS[name]
}
