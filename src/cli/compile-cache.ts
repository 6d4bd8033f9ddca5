// The compiled code that bin/start.mjs lets Node keep is written at Node's own exit, which we do not take.

import module from 'node:module'

/** Writes it now, where this Node can (22.10 and later). */
export function flushCompileCache(): void {
  const { flushCompileCache: flush } = module as { flushCompileCache?: () => void }
  flush?.()
}
