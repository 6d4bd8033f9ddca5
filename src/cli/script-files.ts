// Files that scripts are made of: the script itself, what it includes and imports, what it prints with `cat`.

import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { BeetraceError } from '../errors/index.ts'
import type { IncludeReader } from '../script/c/index.ts'
import type { ImportReader } from '../script/parse/index.ts'
import { bytesOf, readable } from '../script/source.ts'
import { reasonOf } from './messages.ts'

/** The bytes of a script; `-` is stdin. Throws BeetraceError that says why it cannot be read. */
export function readScript(path: string): Uint8Array {
  try {
    if (path === '-') return readFileSync(0)
    if (statSync(path).isDirectory())
      throw new BeetraceError('SCRIPT', `failed to open file '${path}': Is a directory`)
    return readFileSync(path)
  } catch (error) {
    if (error instanceof BeetraceError) throw error
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const hint = missing ? '\nHINT: a script on the command line needs -e' : ''
    throw new BeetraceError('SCRIPT', `failed to open file '${path}': ${reasonOf(error)}${hint}`, {
      cause: error,
    })
  }
}

/** Finds headers as a C compiler does: `"x"` beside the file that includes it, then the folders of -I. */
export function headerReader(folders: readonly string[]): IncludeReader {
  return (name, form, from) => {
    const beside = form === 'local' ? [resolve(dirname(from), name)] : []
    for (const path of [...beside, ...folders.map(folder => join(folder, name))]) {
      const content = readIfThere(path)
      if (content !== undefined) return { name: path, content }
    }
    return undefined
  }
}

/**
 * Finds what `import` names: a script, a header, or all of them in a folder; relative names count from the file that
 * imports. What anybody could have written is refused: it would run with our privileges.
 */
export const importReader: ImportReader = (name, from) => {
  const path = resolve(dirname(from), name)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return { checked: [path] }
  if ((stat.mode & 0o002) !== 0) return { problem: `${path} can be written by everybody` }
  if (!stat.isDirectory()) return { files: [{ name: path, content: readFileSync(path) }] }
  const files = readdirSync(path)
    .filter(file => /\.(bt|h)$/.test(file))
    .sort()
    .map(file => join(path, file))
  const open = files.find(file => (statSync(file).mode & 0o002) !== 0)
  if (open !== undefined) return { problem: `${open} can be written by everybody` }
  return { files: files.map(file => ({ name: file, content: readFileSync(file) })), directory: true }
}

/** A file of `--include`: as it is named, in the folders of -I, or else a header that needs no file, by its name. */
export function includedFile(
  path: string,
  folders: readonly string[],
): { readonly name: string; readonly content: Uint8Array } {
  for (const at of [path, ...folders.map(folder => join(folder, path))]) {
    const content = readIfThere(at)
    if (content !== undefined) return { name: at, content }
  }
  return { name: path, content: Buffer.from(`#include <${path}>\n`) }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw error
  }
}

/** The beginning of a file, for `cat()`. Files of /proc come a page at a time. Byte strings in and out. */
export function readHead(
  path: string,
  maxBytes: number,
): { readonly text: string } | { readonly problem: string } {
  try {
    const fd = openSync(bytesOf(path) as Buffer, 'r')
    try {
      const buffer = Buffer.alloc(maxBytes)
      let length = 0
      for (let got = -1; got !== 0 && length < maxBytes; length += got) {
        got = readSync(fd, buffer, length, maxBytes - length, null)
      }
      return { text: buffer.toString('latin1', 0, length) }
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    return { problem: reasonOf(error) }
  }
}

/** Runs a command of `system()` to its end; its errors go where ours go. Byte strings in and out. */
export function runCommand(
  command: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly printed: string; readonly problem?: string } {
  // takes 3 ms to load, and few scripts run commands
  const { execFileSync } = createRequire(import.meta.url)(
    'node:child_process',
  ) as typeof import('node:child_process')
  try {
    const printed = execFileSync('/bin/sh', ['-c', readable(command)], {
      encoding: 'latin1',
      env: Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [readable(name), value && readable(value)]),
      ),
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: Number.POSITIVE_INFINITY,
    })
    return { printed }
  } catch (error) {
    const { status, stdout, message } = error as { status?: number | null; stdout?: string; message: string }
    // a command that fails has said so itself
    return typeof status === 'number'
      ? { printed: stdout ?? '' }
      : { printed: stdout ?? '', problem: message }
  }
}
