// The compiled code that bin/start.cjs keeps from run to run.

/** Given by bin/start.cjs to what it runs; not there where a command is run without it. */
declare const keepCompiled: (() => void) | undefined

/** Keeps what this run has compiled, unless an earlier run did. For runs that went through all of it. */
export function flushCompileCache(): void {
  if (typeof keepCompiled === 'function') keepCompiled()
}
