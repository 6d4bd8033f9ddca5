// A few kernel symbols by name, without an index of all of them: for who asks for three names and not for thousands.

import { readFileSync } from 'node:fs'
import { type KernelSymbol, KernelSymbols } from './kallsyms.ts'

/** The text of /proc/kallsyms as it is now. */
export const readKallsyms = (): Buffer => readFileSync('/proc/kallsyms')

/**
 * Every symbol of that exact name in the text, in its order. A search takes 2 ms or so, where an index of all names takes 100.
 * @throws BeetraceError `KALLSYMS_RESTRICTED` when there is one, but the kernel hides the addresses
 */
export function findKernelSymbol(kallsyms: Buffer, name: string): KernelSymbol[] {
  const lines = linesOf(kallsyms, name)
  if (lines.length === 0) return []
  // a symbol may truly lie at 0, as the first of the per-CPU data does: one that never does tells whether addresses are hidden
  if (name !== WITNESS) lines.push(...linesOf(kallsyms, WITNESS))
  return new KernelSymbols(Buffer.concat(lines)).lookup(name)
}

/** Where the kernel's text starts. */
const WITNESS = '_stext'

function linesOf(kallsyms: Buffer, name: string): Buffer[] {
  const lines: Buffer[] = []
  for (const end of ['\n', '\t']) {
    const sought = Buffer.from(` ${name}${end}`, 'latin1')
    for (let at = kallsyms.indexOf(sought); at >= 0; at = kallsyms.indexOf(sought, at + 1)) {
      const start = kallsyms.lastIndexOf('\n', at) + 1
      const stop = kallsyms.indexOf('\n', at)
      lines.push(kallsyms.subarray(start, stop < 0 ? kallsyms.length : stop + 1))
    }
  }
  return lines
}
