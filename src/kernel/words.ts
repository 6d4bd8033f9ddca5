// The machine's own words for numbers: users and signals.

import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

/** User names by uid, as /etc/passwd has them; the first of several for one uid. Bytes above ASCII as Latin-1. */
export function readUserNames(): ReadonlyMap<number, string> {
  const users = new Map<number, string>()
  let text: string
  try {
    text = readFileSync('/etc/passwd', 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return users
    throw error
  }
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid && /^\d+$/.test(uid) && !users.has(Number(uid))) users.set(Number(uid), name)
  }
  return users
}

/** Signal names by number: `SIGINT`. */
export const signalNames: ReadonlyMap<number, string> = /* @__PURE__ */ (() =>
  new Map(
    // of several names for a signal the first is the usual one
    Object.entries(constants.signals)
      .reverse()
      .map(([name, number]) => [number, name]),
  ))()
