// Keeping hold of what a process has mapped while it lives, for the symbols of stacks that are printed after its end.

import type { UserSymbols } from '../../kernel/index.ts'
import type { CompiledScript } from '../compiled.ts'
import type { ScriptType } from '../type.ts'

/** Programs map their libraries in their first milliseconds, and some live no longer than that. */
const EAGER_MS = 20
const LATEST_MS = 500

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

/** Reads a process's mappings from now on until its end: at first again and again, then more and more seldom. */
export function watchMappings(symbols: UserSymbols, pid: number): () => void {
  const start = performance.now()
  let waitMs = 1
  let timer: NodeJS.Timeout | NodeJS.Immediate
  const look = (): void => {
    if (!symbols.noteProcess(pid)) return
    if (performance.now() - start < EAGER_MS) timer = setImmediate(look)
    else {
      waitMs = Math.min(waitMs * 2, LATEST_MS)
      timer = setTimeout(look, waitMs).unref()
    }
  }
  look()
  return () => {
    clearImmediate(timer as NodeJS.Immediate)
    clearTimeout(timer as NodeJS.Timeout)
  }
}
