// Folders for what is written, with those that they are in.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { BeetraceError } from '../errors/index.ts'
import { reasonOf } from './messages.ts'

/**
 * Makes a folder unless it is there. Not by mkdir's `recursive`, which never ends in file systems that take no folders,
 * such as /proc.
 * @param hint what to do when it cannot be made
 * @returns those that were made, the outermost first
 * @throws BeetraceError `OUTPUT`
 */
export function makeFolder(path: string, hint = ''): string[] {
  if (existsSync(path)) return []
  const made = makeFolder(dirname(path), hint)
  try {
    mkdirSync(path)
  } catch (error) {
    throw new BeetraceError('OUTPUT', `cannot make ${path}: ${reasonOf(error)}${hint}`, { cause: error })
  }
  return [...made, path]
}
