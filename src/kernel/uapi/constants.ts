// The constant families of a machine: arm64 shares x86-64's but for the few that its own headers define.
// The tables are text until a family is asked for: a program that starts reads only what it needs.
import { CONSTANTS } from './constants.generated.ts'
import { CONSTANTS_AARCH64 } from './constants-aarch64.generated.ts'
import type { Machine } from './machine.ts'

export type FamilyName = keyof typeof CONSTANTS

/**
 * Names and values. Flags stand in the order they are shown: a name that covers several bits comes before its parts.
 * 64-bit values are plain numbers: the headers define none between 2^53 and 2^64.
 */
export type Constants = readonly (readonly [name: string, value: number])[]

/** A family by its name in constants.generated.ts; read anew at each call. */
export function constantFamily(machine: Machine, name: FamilyName): Constants {
  const own: Partial<Record<FamilyName, string>> = CONSTANTS_AARCH64
  const text = (machine === 'aarch64' ? own[name] : undefined) ?? CONSTANTS[name]
  return text
    .trim()
    .split(/\s+/)
    .map(item => {
      const equals = item.indexOf('=')
      return [item.slice(0, equals), Number(item.slice(equals + 1))] as const
    })
}

let byName: ReadonlyMap<string, number> | undefined

/** The value of a constant of any family, of x86-64: what a `#define` of a header says that BTF cannot. */
export function namedConstant(name: string): number | undefined {
  byName ??= new Map(
    (Object.keys(CONSTANTS) as FamilyName[])
      .flatMap(family => [...constantFamily('x86_64', family)])
      .reverse(),
  )
  return byName.get(name)
}
