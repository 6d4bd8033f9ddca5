// Arenas: memory that programs and this process share page by page, at addresses that mean the same to both. A program that names
// a place in one is only loaded once this process has it mapped, since that fixes the addresses.

import { BeetraceError, SyscallError } from '../errors/index.ts'
import { pageSizeBytes } from '../kernel/index.ts'
import { BPF_MAP_TYPE_ARENA, linux, MAP_SHARED, PROT_READ, PROT_WRITE } from '../sys/index.ts'
import type { BpfMap } from './bpf-map.ts'

/** An arena as this process has it mapped. Pages are made when they are first touched, from either side. */
export class Arena implements Disposable {
  readonly name: string
  /** what pointers into it, which programs leave there, count from: place = pointer - address */
  readonly address: number
  readonly byteLength: number
  #closed = false

  /**
   * Maps an arena, at the address of its map_extra if it has one. Linux 6.9.
   * @throws BeetraceError `MAP_USE` for another map; SyscallError
   */
  static open(map: BpfMap): Arena {
    if (map.type !== BPF_MAP_TYPE_ARENA) throw new BeetraceError('MAP_USE', `map "${map.name}" is no arena`)
    const byteLength = map.maxEntries * pageSizeBytes()
    const wanted = Number(map.info().mapExtra)
    const address = linux().mmap(wanted, byteLength, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd, 0)
    if (address < 0) throw new SyscallError('mmap', -address, `map arena "${map.name}"`)
    return new Arena(map.name, address, byteLength)
  }

  private constructor(name: string, address: number, byteLength: number) {
    this.name = name
    this.address = address
    this.byteLength = byteLength
  }

  /**
   * The memory itself, to read and write while programs do. Only until the arena is closed, with its object if that made it: to
   * touch it later kills the process (SIGSEGV). `read` and `write` are for who cannot know.
   * @throws BeetraceError `MAP_USE` for a place that is not in the arena, `CLOSED`
   */
  view(offsetBytes: number, byteLength: number): Uint8Array {
    if (this.#closed) throw new BeetraceError('CLOSED', `arena "${this.name}" is closed`)
    if (!(offsetBytes >= 0 && byteLength >= 0 && offsetBytes + byteLength <= this.byteLength))
      throw new BeetraceError(
        'MAP_USE',
        `${byteLength} bytes at ${offsetBytes} are not within arena "${this.name}" of ${this.byteLength} bytes`,
      )
    // a view of all would count as memory that we took, up to 4 GiB
    return new Uint8Array(linux().view(this.address + offsetBytes, byteLength))
  }

  /** A copy. Throws as `view` does. */
  read(offsetBytes: number, byteLength: number): Uint8Array {
    return this.view(offsetBytes, byteLength).slice()
  }

  /** Throws as `view` does. */
  write(offsetBytes: number, bytes: Uint8Array): void {
    this.view(offsetBytes, bytes.length).set(bytes)
  }

  /** Lets go of the mapping, which programs do not need once they are loaded. Twice is harmless. */
  close(): void {
    if (!this.#closed) linux().munmap(this.address, this.byteLength)
    this.#closed = true
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
