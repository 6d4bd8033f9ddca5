// What comes before a command's own code: a word to an old Node, and compiled code kept from run to run.
import { mkdirSync, statSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Call before importing the command's code. Ends the process when this Node is too old. */
export const start = name => {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    console.error(`${name}: Node.js 20 or newer is needed, this is ${process.versions.node}`)
    process.exit(1)
  }
  // Node >= 22.1 can: saves 10 of 80 ms. What is read from there is run, by root at times, so the folder must be ours.
  if (module.enableCompileCache === undefined) return
  try {
    const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'beetrace')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    if (uid === process.geteuid() && (mode & 0o022) === 0) module.enableCompileCache(folder)
  } catch {
    // no home, or one that cannot be written to: it goes without
  }
}
