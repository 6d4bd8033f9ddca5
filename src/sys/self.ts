// What this process was given, byte for byte: Node's process.argv and process.env replace bytes that are not UTF-8.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { BeetraceError } from '../errors/index.ts'

/** The words of the command line as bytes, starting with the one that named node. */
export const argvBytes = (): Buffer[] => splitNul(readOwn('cmdline'))

/** The environment this process was started with, "NAME=value" each. Later changes to process.env are not in it. */
export const environBytes = (): Buffer[] => splitNul(readOwn('environ'))

const readOwn = (file: string): Buffer => {
  try {
    return readFileSync(`/proc/self/${file}`)
  } catch (error) {
    const message = `cannot read /proc/self/${file}: is proc mounted? (mount -t proc proc /proc)`
    throw new BeetraceError('NO_PROC', message, { cause: error })
  }
}

/** Entries of a block in which each one ends with NUL. */
export const splitNul = (block: Buffer): Buffer[] => {
  const out: Buffer[] = []
  let start = 0
  while (start < block.length) {
    const nul = block.indexOf(0, start)
    const end = nul === -1 ? block.length : nul
    out.push(block.subarray(start, end))
    start = end + 1
  }
  return out
}

/**
 * The soft limit of open files that the parent process has, which is what Node was started with before it raised
 * its own; `undefined` when it cannot be read.
 */
export const parentSoftNofile = (): number | undefined => {
  try {
    return parseSoftNofile(readFileSync(`/proc/${process.ppid}/limits`, 'latin1'))
  } catch {
    return undefined
  }
}

/** "Max open files   1024   524288   files" */
export const parseSoftNofile = (limits: string): number | undefined => {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(limits)
  if (match === null) return undefined
  return match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1])
}

/** Open descriptors with what each refers to: "/dev/pts/0", "pipe:[123]", "anon_inode:[eventpoll]". */
export const openDescriptors = (): { readonly fd: number; readonly target: string }[] =>
  readdirSync('/proc/self/fd').flatMap(name => {
    try {
      return [{ fd: Number(name), target: readlinkSync(`/proc/self/fd/${name}`) }]
    } catch {
      return [] // the one readdir itself used
    }
  })
