// The interpreter's memory: separate regions with checked bounds. Every region lies alone in a 4 GiB window of the
// address space, so that a pointer that runs out of one region never lands in another.
import { Fault } from './fault.ts'

/** Kernel and user addresses are different spaces: a program reads user memory through bpf_probe_read_user only. */
export type Space = 'kernel' | 'user'

export interface Region {
  /** for messages: `stack of frame 0`, `value of map counts` … */
  readonly name: string
  readonly base: bigint
  readonly bytes: Uint8Array
  readonly space: Space
  readonly writable: boolean
  /** the verifier wants every access of the stack aligned to its size */
  readonly aligned: boolean
}

const FIRST_WINDOW = 0xffff8800n
/** Room below a region, so that a pointer that ran out downwards is still known to be of that region. */
const MARGIN = 0x1000_0000n

export class Memory {
  readonly #windows = new Map<bigint, Region>()
  readonly #placed: Region[] = []
  #nextWindow = FIRST_WINDOW

  /** Gives bytes an address of their own; the program then works on these very bytes. */
  add(name: string, bytes: Uint8Array, options: { writable?: boolean; aligned?: boolean } = {}): Region {
    const window = this.#nextWindow++
    const { writable = true, aligned = false } = options
    const region: Region = { name, base: (window << 32n) + MARGIN, bytes, space: 'kernel', writable, aligned }
    this.#windows.set(window, region)
    return region
  }

  /** Puts bytes at an address the caller chooses: structures with pointers in them, a process's memory. */
  place(name: string, base: bigint, bytes: Uint8Array, space: Space): Region {
    const region: Region = { name, base, bytes, space, writable: false, aligned: false }
    this.#placed.push(region)
    return region
  }

  /** Takes a region away; its address is never used again. */
  remove(region: Region): void {
    this.#windows.delete(region.base >> 32n)
  }

  /**
   * The bytes at an address, as a view.
   * @throws Fault if not all of them lie in one region of that space
   */
  view(pointer: bigint, size: number, access: 'read' | 'write', space: Space = 'kernel'): Uint8Array {
    const address = BigInt.asUintN(64, pointer)
    const region = this.find(address, space)
    const what = `${access} of ${size} bytes at 0x${address.toString(16)}`
    if (region === undefined) throw new Fault(`${what}: no memory there`)
    const offset = Number(address - region.base)
    if (offset < 0 || offset + size > region.bytes.length) {
      throw new Fault(`${what}: offset ${offset} of ${region.name}, which has ${region.bytes.length} bytes`)
    }
    if (access === 'write' && !region.writable) throw new Fault(`${what}: ${region.name} is read-only`)
    if (region.aligned && (offset - region.bytes.length) % size !== 0 && size <= 8) {
      throw new Fault(`${what}: offset ${offset - region.bytes.length} of ${region.name} is not aligned`)
    }
    return region.bytes.subarray(offset, offset + size)
  }

  /** Like `view`, for helpers that take a block of any alignment. */
  block(address: bigint, size: number, access: 'read' | 'write', space: Space = 'kernel'): Uint8Array {
    if (size === 0) return new Uint8Array(0)
    const last = this.view(address + BigInt(size - 1), 1, access, space)
    const first = this.view(address, 1, access, space)
    if (first.buffer !== last.buffer || last.byteOffset - first.byteOffset !== size - 1) {
      throw new Fault(`${access} of ${size} bytes at 0x${address.toString(16)}: not one piece of memory`)
    }
    return new Uint8Array(first.buffer, first.byteOffset, size)
  }

  /** The region that an address points into (or just past); undefined where there is none. */
  find(address: bigint, space: Space = 'kernel'): Region | undefined {
    const region = space === 'kernel' ? this.#windows.get(address >> 32n) : undefined
    return (
      region ??
      this.#placed.find(
        ({ base, bytes, space: its }) =>
          its === space && address >= base && address < base + BigInt(bytes.length),
      )
    )
  }

  /** Reads an unsigned little-endian number of 1, 2, 4 or 8 bytes. */
  read(address: bigint, size: number): bigint {
    return readNumber(this.view(address, size, 'read'))
  }

  /** Writes the low bytes of a number, little-endian. */
  write(address: bigint, size: number, value: bigint): void {
    writeNumber(this.view(address, size, 'write'), value)
  }
}

export function readNumber(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return value
}

export function writeNumber(bytes: Uint8Array, value: bigint): void {
  let rest = value
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
}
