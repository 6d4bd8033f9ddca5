// What can be mapped into a process and has symbols: a file, or the vdso that the kernel puts there.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import {
  bytesSource,
  FunctionIndex,
  type FunctionOffset,
  offsetToAddress,
  parseElf,
  readSymbols,
  symbolSections,
} from '../elf/index.ts'
import type { Binary } from './binary.ts'
import { type Mapping, parseExecutableMappings } from './process-maps.ts'

export interface UserModule {
  /** the address of a byte of the file, as the file's symbols have it */
  address(fileOffset: number): number | undefined
  functionAt(address: number): FunctionOffset | undefined
  /** whether it holds a file open until its symbols are needed */
  readonly isOpen: boolean
  /** reads the symbols and lets go of the file */
  load(): void
  close(): void
}

/** A binary whose file stays open until its symbols are read, so that it may be deleted in between. */
export class FileModule implements UserModule {
  readonly #binary: Binary
  #state: 'open' | 'loaded' | 'unreadable' = 'open'

  constructor(binary: Binary) {
    this.#binary = binary
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  address(fileOffset: number): number | undefined {
    return offsetToAddress(this.#binary.elf, fileOffset)
  }

  functionAt(address: number): FunctionOffset | undefined {
    this.load()
    return this.#state === 'loaded' ? this.#binary.functionAt(address) : undefined
  }

  load(): void {
    if (this.#state !== 'open') return
    this.#state = 'unreadable'
    try {
      this.#binary.load()
      this.#state = 'loaded'
    } catch {
      // damaged symbol tables: the binary runs without them, and addresses in it stay numbers
    }
    this.#binary.close()
  }

  close(): void {
    if (this.#state === 'open') this.#state = 'unreadable'
    this.#binary.close()
  }
}

/**
 * The vdso: an ELF file that exists in memory only, the same in all processes of one machine word. Read from the
 * process; when it has ended, from this one. Undefined when neither can be read.
 */
export function vdsoModule(pid: number, mapping: Mapping): UserModule | undefined {
  const bytes = readMemory(pid, mapping) ?? ownVdso(mapping.end - mapping.start)
  if (bytes === undefined) return undefined
  try {
    const elf = parseElf(bytesSource('[vdso]', bytes))
    const functions = new FunctionIndex(symbolSections(elf).map(section => readSymbols(elf, section)))
    return {
      address: offset => offsetToAddress(elf, offset),
      functionAt: address => functions.at(address),
      isOpen: false,
      load: () => {},
      close: () => {},
    }
  } catch {
    return undefined
  }
}

function ownVdso(sizeBytes: number): Uint8Array | undefined {
  const own = parseExecutableMappings(readFileSync('/proc/self/maps', 'utf8')).find(
    mapping => mapping.path === '[vdso]' && mapping.end - mapping.start === sizeBytes,
  )
  return own === undefined ? undefined : readMemory('self', own)
}

function readMemory(pid: number | 'self', { start, end }: Mapping): Uint8Array | undefined {
  let fd: number
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r')
  } catch {
    return undefined
  }
  try {
    const bytes = Buffer.alloc(end - start)
    return readSync(fd, bytes, 0, bytes.length, start) === bytes.length ? bytes : undefined
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}
