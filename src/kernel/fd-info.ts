// Numbers that the kernel tells of a descriptor and nowhere else: /proc/self/fdinfo.

import { readFileSync } from 'node:fs'

/** `memlock`, `frozen` of a map, `run_cnt` of a program: whatever has a decimal number, by its name. Throws when it is closed. */
export function readFdInfo(fd: number): Readonly<Record<string, number>> {
  return parseFdInfo(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))
}

/** Lines `name:\tvalue`. */
export function parseFdInfo(text: string): Readonly<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const [, name, value] of text.matchAll(/^(\w+):\s*(\d+)$/gm)) found[name!] = Number(value)
  return found
}
