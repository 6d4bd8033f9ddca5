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
  const lines: Buffer[] = []
  for (const end of ['\n', '\t']) {
    const sought = Buffer.from(` ${name}${end}`, 'latin1')
    for (let at = kallsyms.indexOf(sought); at >= 0; at = kallsyms.indexOf(sought, at + 1)) {
      const start = kallsyms.lastIndexOf('\n', at) + 1
      const stop = kallsyms.indexOf('\n', at)
      lines.push(kallsyms.subarray(start, stop < 0 ? kallsyms.length : stop + 1))
    }
  }
  return lines.length === 0 ? [] : new KernelSymbols(Buffer.concat(lines)).lookup(name)
}
