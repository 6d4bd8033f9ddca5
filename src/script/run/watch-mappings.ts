// Keeping hold of what a process has mapped while it lives, for the symbols of stacks that are printed after its end.

import { errno, SyscallError } from '../../errors/index.ts'
import { MappingWatch, type UserSymbols } from '../../kernel/index.ts'
import type { CompiledScript } from '../compiled.ts'
import type { ScriptType } from '../type.ts'

/** The rings have room for much more than what is mapped in that time. */
const DRAIN_MS = 200

/** Whether anything a script prints is an address of a process. */
export function namesUserAddresses({ stacks, maps, actions }: CompiledScript): boolean {
  return (
    stacks.some(({ kind }) => kind === 'ustack') ||
    maps.some(({ key, value }) => hasUserAddress(value) || (key !== undefined && hasUserAddress(key))) ||
    actions.some(({ args }) => args.some(hasUserAddress))
  )
}

function hasUserAddress(type: ScriptType): boolean {
  if (type.kind === 'tuple') return type.elements.some(hasUserAddress)
  return type.kind === 'usym' || type.kind === 'ustack'
}

/** Undefined when the process has ended meanwhile: it maps nothing any more. */
function watchOf(pid: number | undefined): MappingWatch | undefined {
  try {
    return new MappingWatch(pid)
  } catch (error) {
    if (error instanceof SyscallError && error.errno === errno.ESRCH) return undefined
    throw error
  }
}

/**
 * From now on `symbols` knows what a process and its children map, or without a pid all processes, although they end.
 * The function it gives brings `symbols` up to date; it is called before anything is printed, and once more with `true`.
 */
export function watchMappings(symbols: UserSymbols, pid: number | undefined): (last?: boolean) => void {
  if (pid !== undefined) symbols.noteProcess(pid)
  const watch = watchOf(pid)
  if (watch === undefined) return () => {}
  const drain = (): void => watch.drain((owner, mapping) => symbols.noteMapping(owner, mapping))
  const timer = setInterval(drain, DRAIN_MS).unref()
  return last => {
    drain()
    if (!last) return
    clearInterval(timer)
    watch.close()
  }
}
