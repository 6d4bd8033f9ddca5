// A Linux made of JavaScript, for tests: maps, programs and descriptors in memory, any call replaceable. Code above
// `sys` runs on it unchanged, without a kernel and without root.

import { errno } from '../errors/index.ts'
import {
  BPF_BTF_LOAD,
  BPF_EXIST,
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_FREEZE,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_UPDATE_ELEM,
  BPF_NOEXIST,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_PROG_LOAD,
} from './bpf-constants.generated.ts'
import { getU64, LITTLE_ENDIAN } from './bytes.ts'
import type { Linux } from './linux.ts'

export interface FakeMap {
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly name: string
  /** by the key's bytes, as latin1 */
  readonly entries: Map<string, Uint8Array>
  frozen: boolean
}

export interface FakeProgram {
  readonly type: number
  readonly name: string
  readonly license: string
  /** as the kernel was given them */
  readonly insns: Uint8Array
  readonly logLevel: number
  readonly hasLineInfo: boolean
}

/** What a test does in place of the verifier: an errno and what it says of the program. */
export type FakeVerifier = (
  program: FakeProgram,
) => { readonly errno: number; readonly log: string } | undefined

export interface FakeLinux extends Linux {
  /** open descriptors and what each is */
  readonly open: Map<number, FakeMap | FakeProgram | string>
  /** every bpf(2) command, in order */
  readonly commands: number[]
  /** every attempt to load a program, in order */
  readonly loads: FakeProgram[]
  /** the bytes at an address that `address` has given */
  memory(address: number, byteLength: number): Uint8Array
}

export interface FakeOptions {
  readonly verifier?: FakeVerifier
  /** calls to replace: `{ kill: () => -1 }` */
  readonly calls?: Partial<Linux>
  /** bpf(2) commands to answer with an errno, by number: an older kernel, a refusal */
  readonly refuse?: ReadonlyMap<number, number>
}

/** Addresses of different buffers lie this far apart, so that one plus an offset is never another's. */
const ADDRESS_STEP = 2 ** 32
const FIRST_FD = 100
const ATTR_BYTES = 192

export const fakeLinux = (options: FakeOptions = {}): FakeLinux => {
  const addresses = new Map<ArrayBufferLike, number>()
  const buffers: ArrayBufferLike[] = []
  const open = new Map<number, FakeMap | FakeProgram | string>()
  const commands: number[] = []
  const loads: FakeProgram[] = []
  let nextFd = FIRST_FD
  const newFd = (what: FakeMap | FakeProgram | string): number => {
    open.set(nextFd, what)
    return nextFd++
  }
  const memory = (address: number, byteLength: number): Uint8Array =>
    new Uint8Array(buffers[Math.floor(address / ADDRESS_STEP) - 1]!, address % ADDRESS_STEP, byteLength)
  const text = (address: number): string => {
    const buffer = buffers[Math.floor(address / ADDRESS_STEP) - 1]!
    const all = Buffer.from(buffer, address % ADDRESS_STEP)
    return all.toString('utf8', 0, all.indexOf(0))
  }
  const loadProgram = (attr: DataView): number => {
    const u32 = (offset: number) => attr.getUint32(offset, LITTLE_ENDIAN)
    const program: FakeProgram = {
      type: u32(0),
      name: cString(attr, 48, 16),
      license: text(getU64(attr, 16)),
      insns: memory(getU64(attr, 8), u32(4) * 8).slice(),
      logLevel: u32(24),
      hasLineInfo: u32(104) > 0,
    }
    loads.push(program)
    const refused = options.verifier?.(program)
    if (refused === undefined) return newFd(program)
    if (program.logLevel === 0) return -refused.errno
    const log = Buffer.from(refused.log)
    const room = memory(getU64(attr, 32), u32(28))
    room.set(log.subarray(0, room.length - 1))
    return log.length < room.length ? -refused.errno : -errno.ENOSPC
  }

  const bpf = (cmd: number, address: number, size: number): number => {
    commands.push(cmd)
    const refusal = options.refuse?.get(cmd)
    if (refusal !== undefined) return -refusal
    // as the kernel does: what the caller's attribute lacks is 0
    const attr = new DataView(new ArrayBuffer(ATTR_BYTES))
    new Uint8Array(attr.buffer).set(memory(address, size))
    switch (cmd) {
      case BPF_MAP_CREATE:
        return newFd(newMap(attr))
      case BPF_PROG_LOAD:
        return loadProgram(attr)
      case BPF_BTF_LOAD:
        return newFd('btf')
      case BPF_OBJ_GET_INFO_BY_FD:
        return mapInfo(attr, open, memory)
      case BPF_MAP_LOOKUP_ELEM:
      case BPF_MAP_UPDATE_ELEM:
      case BPF_MAP_DELETE_ELEM:
      case BPF_MAP_GET_NEXT_KEY:
      case BPF_MAP_FREEZE: {
        const map = open.get(attr.getInt32(0, LITTLE_ENDIAN))
        return typeof map === 'object' && 'entries' in map ? mapCommand(cmd, map, attr, memory) : -errno.EBADF
      }
      default:
        return -errno.EINVAL
    }
  }

  const fake: Partial<FakeLinux> = {
    open,
    commands,
    loads,
    memory,
    address: view => {
      let start = addresses.get(view.buffer)
      if (start === undefined) {
        buffers.push(view.buffer)
        start = buffers.length * ADDRESS_STEP
        addresses.set(view.buffer, start)
      }
      return start + view.byteOffset
    },
    view: (address, byteLength) => memory(address, byteLength).buffer as ArrayBuffer,
    bpf,
    bpfAsync: async (cmd, address, size) => Math.max(bpf(cmd, address, size), -1),
    close: fd => (open.delete(fd) ? 0 : -errno.EBADF),
    closeAtOnce: fds => {
      for (const fd of fds) open.delete(fd)
    },
    ...options.calls,
  }
  // a call that is neither here nor in `calls` fails as "is not a function", by its name
  return fake as FakeLinux
}

const cString = (data: DataView, offset: number, byteLength: number): string => {
  const bytes = Buffer.from(data.buffer, data.byteOffset + offset, byteLength)
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end === -1 ? byteLength : end)
}

const newMap = (attr: DataView): FakeMap => {
  const u32 = (offset: number) => attr.getUint32(offset, LITTLE_ENDIAN)
  const map: FakeMap = {
    type: u32(0),
    keySize: u32(4),
    valueSize: u32(8),
    maxEntries: u32(12),
    flags: u32(16),
    name: cString(attr, 28, 16),
    entries: new Map(),
    frozen: false,
  }
  if (map.type === BPF_MAP_TYPE_ARRAY) {
    for (let i = 0; i < map.maxEntries; i++) {
      map.entries.set(latin1(new Uint8Array(new Uint32Array([i]).buffer)), new Uint8Array(map.valueSize))
    }
  }
  return map
}

const mapCommand = (
  cmd: number,
  map: FakeMap,
  attr: DataView,
  memory: (address: number, byteLength: number) => Uint8Array,
): number => {
  const keyAddress = getU64(attr, 8)
  const key = cmd === BPF_MAP_FREEZE || keyAddress === 0 ? '' : latin1(memory(keyAddress, map.keySize))
  const present = map.entries.has(key)
  switch (cmd) {
    case BPF_MAP_LOOKUP_ELEM:
      if (!present) return -errno.ENOENT
      memory(getU64(attr, 16), map.valueSize).set(map.entries.get(key)!)
      return 0
    case BPF_MAP_UPDATE_ELEM: {
      const flags = getU64(attr, 24)
      if (map.frozen) return -errno.EPERM
      if (flags === BPF_NOEXIST && present) return -errno.EEXIST
      if (flags === BPF_EXIST && !present) return -errno.ENOENT
      if (!present && map.entries.size >= map.maxEntries) return -errno.E2BIG
      map.entries.set(key, memory(getU64(attr, 16), map.valueSize).slice())
      return 0
    }
    case BPF_MAP_DELETE_ELEM:
      return map.entries.delete(key) ? 0 : -errno.ENOENT
    case BPF_MAP_GET_NEXT_KEY: {
      const keys = [...map.entries.keys()]
      // as the kernel's hash does: a key that is gone starts over
      const next = keyAddress === 0 ? keys[0] : keys[keys.indexOf(key) + 1]
      if (next === undefined) return -errno.ENOENT
      memory(getU64(attr, 16), map.keySize).set(Buffer.from(next, 'latin1'))
      return 0
    }
    default:
      map.frozen = true
      return 0
  }
}

const mapInfo = (
  attr: DataView,
  open: ReadonlyMap<number, FakeMap | FakeProgram | string>,
  memory: (address: number, byteLength: number) => Uint8Array,
): number => {
  const fd = attr.getInt32(0, LITTLE_ENDIAN)
  const map = open.get(fd)
  if (typeof map !== 'object' || !('entries' in map)) return -errno.EBADF
  const bytes = memory(getU64(attr, 8), attr.getUint32(4, LITTLE_ENDIAN))
  const info = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields = [map.type, fd, map.keySize, map.valueSize, map.maxEntries, map.flags]
  for (const [i, value] of fields.entries()) info.setUint32(i * 4, value, LITTLE_ENDIAN)
  bytes.set(Buffer.from(map.name, 'latin1'), 24)
  return 0
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
