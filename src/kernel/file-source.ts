// A file on disk as a source of ELF bytes: read piece by piece, through one open descriptor.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type ByteSource, isElf } from '../elf/index.ts'
import { ElfError } from '../errors/index.ts'

/** An open file. Pieces that were read are copies and outlive it. */
export class FileSource implements ByteSource, Disposable {
  readonly name: string
  readonly sizeBytes: number
  #fd: number | undefined

  /**
   * @param name what errors call it, where that is not `path`
   * @throws ElfError when it cannot be opened, or is no regular file
   */
  constructor(path: string, name = path) {
    this.name = name
    let fd: number
    try {
      // without O_NONBLOCK a FIFO would hold us until somebody writes to it
      fd = openSync(path, O_RDONLY_NONBLOCK_CLOEXEC)
    } catch (cause) {
      const reason = OPEN_ERRORS[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message
      throw new ElfError(name, reason, { cause })
    }
    const stat = fstatSync(fd)
    if (!stat.isFile()) {
      closeSync(fd)
      throw new ElfError(name, stat.isDirectory() ? 'is a directory' : 'is not a regular file')
    }
    this.#fd = fd
    this.sizeBytes = stat.size
  }

  read(offset: number, length: number): Uint8Array {
    if (this.#fd === undefined) throw new ElfError(this.name, 'read after it was closed')
    const bytes = Buffer.allocUnsafeSlow(length)
    let done = 0
    while (done < length) {
      const n = readSync(this.#fd, bytes, done, Math.min(length - done, MAX_READ_BYTES), offset + done)
      if (n === 0) break
      done += n
    }
    return bytes.subarray(0, done)
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** O_RDONLY | O_NONBLOCK | O_CLOEXEC; the same on every machine with a port of Node */
const O_RDONLY_NONBLOCK_CLOEXEC = 0o2004000

/** read(2) gives no more than 2 GiB at once */
const MAX_READ_BYTES = 1 << 30

const OPEN_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied: run as root',
  EPERM: 'permission denied: run as root',
  ESRCH: 'its process has ended',
}

/** Whether the file at `path` begins as an ELF file; false for what cannot be read. */
export function isElfFile(path: string): boolean {
  try {
    using file = new FileSource(path)
    return isElf(file.read(0, Math.min(4, file.sizeBytes)))
  } catch {
    return false
  }
}
