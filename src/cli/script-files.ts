// Files that scripts are made of: the script itself, what it includes and imports, what it prints with `cat`.

import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BeetraceError } from '../errors/index.ts'
import { bytesOf, readable } from '../script/source.ts'

/** The bytes of a script; `-` is stdin. Throws BeetraceError that says why it cannot be read. */
export function readScript(path: string): Uint8Array {
  try {
    if (path === '-') return readFileSync(0)
    if (statSync(path).isDirectory())
      throw new BeetraceError('SCRIPT', `cannot read the script '${path}': it is a directory`)
    return readFileSync(path)
  } catch (error) {
    if (error instanceof BeetraceError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file; a script on the command line needs -e' : message
    throw new BeetraceError('SCRIPT', `cannot read the script '${path}': ${why}`, { cause: error })
  }
}

/** Finds headers as a C compiler does: `"x"` beside the file that includes it, then the folders of -I. */
export class HeaderFiles {
  readonly #folders: readonly string[]

  constructor(folders: readonly string[]) {
    this.#folders = folders
  }

  /** undefined when there is none */
  read(
    name: string,
    quoted: boolean,
    from: string,
  ): { readonly path: string; readonly bytes: Uint8Array } | undefined {
    const beside = quoted ? [resolve(dirname(from), name)] : []
    for (const path of [...beside, ...this.#folders.map(folder => join(folder, name))]) {
      try {
        return { path, bytes: readFileSync(path) }
      } catch (error) {
        if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
          throw error
      }
    }
    return undefined
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
    return { problem: (error as Error).message }
  }
}

/** Runs a command of `system()` to its end; its errors go where ours go. Byte strings in and out. */
export function runCommand(command: string): { readonly printed: string; readonly problem?: string } {
  try {
    const printed = execFileSync('/bin/sh', ['-c', readable(command)], {
      encoding: 'latin1',
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
