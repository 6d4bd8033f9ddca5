// Files: struct stat, statx, statfs, flock, open_how, and the entries of a directory.
// Layouts: include/uapi/asm-generic/stat.h (arm64), arch/x86/include/uapi/asm/stat.h, linux/stat.h, asm-generic/statfs.h.
import { CAPTURE_BYTES } from '../../record.ts'
import type { Sink } from '../../write/sink.ts'
import type { Argument } from '../argument.ts'
import type { Call } from '../call.ts'
import { printAddress } from '../fetched.ts'
import { printDevice, printOpenFlags } from '../scalars.ts'
import type { Struct } from '../struct.ts'

const S_IFMT = 0o170000
const S_IFBLK = 0o060000
const S_IFCHR = 0o020000

const SPECIAL_BITS = [
  [0o4000, 'S_ISUID'],
  [0o2000, 'S_ISGID'],
  [0o1000, 'S_ISVTX'],
] as const

/** `S_IFREG|0644`, `S_IFDIR|S_ISVTX|0777` */
export function printFileMode(w: Sink, call: Call, mode: number): void {
  const type = mode & S_IFMT
  const name = type === 0 ? undefined : call.families.enum('FILE_TYPES').nameOf(type)
  let expression = name === undefined ? '' : `${name}|`
  for (const [bit, bitName] of SPECIAL_BITS) if (mode & bit) expression += `${bitName}|`
  const rest = (name === undefined ? mode & 0xf1ff : mode & 0o777).toString(8).padStart(3, '0')
  w.symbol(`${expression}${rest.startsWith('0') ? rest : `0${rest}`}`)
}

export const fileMode: Argument = { printer: () => (w, call, arg) => printFileMode(w, call, call.lo[arg]!) }

/** `{st_mode=S_IFREG|0644, st_size=123, ...}`, a device's number in place of its size. */
function stat(modeAt: number, rdevAt: number, sizeAt: number, rdevBytes: 4 | 8): Struct['print'] {
  return (w, view, at, call) => {
    const mode = view.getUint32(at + modeAt, true)
    w.struct()
    w.field('st_mode')
    printFileMode(w, call, mode)
    const type = mode & S_IFMT
    if (type === S_IFCHR || type === S_IFBLK) {
      w.field('st_rdev')
      printDevice(
        w,
        view.getUint32(at + rdevAt, true),
        rdevBytes === 8 ? view.getUint32(at + rdevAt + 4, true) : 0,
      )
    } else {
      w.field('st_size')
      w.i64(view.getUint32(at + sizeAt, true), view.getUint32(at + sizeAt + 4, true))
    }
    w.abbreviated()
    w.endStruct()
  }
}

export const STAT: Struct = {
  size: 144,
  print: stat(24, 40, 48, 8),
  arm64: { size: 128, print: stat(16, 32, 48, 8) },
}
/** i386's struct stat64: `long long` without alignment padding. */
export const STAT64: Struct = { ...STAT, compatSize: 96, printCompat: stat(16, 32, 44, 8) }

export const STATX: Struct = {
  size: 256,
  compatSize: 256,
  print: (w, view, at, call) => {
    const mode = view.getUint16(at + 28, true)
    w.struct()
    w.field('stx_mask')
    call.families.flags('STATX_MASK').print(w, view.getUint32(at, true))
    w.field('stx_attributes')
    call.families
      .flags('STATX_ATTRIBUTES')
      .print(w, view.getUint32(at + 8, true), view.getUint32(at + 12, true))
    w.field('stx_mode')
    printFileMode(w, call, mode)
    w.field('stx_size')
    w.u64(view.getUint32(at + 40, true), view.getUint32(at + 44, true))
    w.abbreviated()
    w.endStruct()
  },
}

const STATFS_FIELDS = ['f_bsize', 'f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'] as const
const ST_VALID = 0x20

export const STATFS: Struct = {
  size: 120,
  print: (w, view, at, call) => {
    const word = (index: number) =>
      w.u64(view.getUint32(at + index * 8, true), view.getUint32(at + index * 8 + 4, true))
    w.struct()
    w.field('f_type')
    call.families.enum('STATFS_MAGIC').print(w, view.getUint32(at, true))
    for (const [index, name] of STATFS_FIELDS.entries()) {
      w.field(name)
      word(index + 1)
    }
    w.field('f_fsid')
    w.struct()
    w.field('val')
    w.array()
    for (const half of [56, 60]) {
      w.item()
      w.hex(view.getUint32(at + half, true), 0)
    }
    w.endArray()
    w.endStruct()
    w.field('f_namelen')
    word(8)
    w.field('f_frsize')
    word(9)
    w.field('f_flags')
    const flags = view.getUint32(at + 80, true)
    w.flags()
    // the kernel marks the word as filled with a bit that libc takes away
    if (flags & ST_VALID) w.flag('ST_VALID')
    if (flags & ~ST_VALID) call.families.flags('STATFS_FLAGS').inside(w, flags & ~ST_VALID, 0, false)
    w.endFlags()
    w.endStruct()
  },
}

export const FLOCK_BYTES = 32

/** struct flock, with the owner's pid only when the kernel answered. */
export function printFlock(w: Sink, view: DataView, at: number, call: Call, withPid: boolean): void {
  w.struct()
  w.field('l_type')
  call.families.enum('LOCK_TYPES').print(w, view.getInt16(at, true))
  w.field('l_whence')
  call.families.enum('SEEK_WHENCE').print(w, view.getInt16(at + 2, true))
  w.field('l_start')
  w.i64(view.getUint32(at + 8, true), view.getUint32(at + 12, true))
  w.field('l_len')
  w.i64(view.getUint32(at + 16, true), view.getUint32(at + 20, true))
  if (withPid) {
    w.field('l_pid')
    w.i32(view.getInt32(at + 24, true))
  }
  w.endStruct()
}

const O_CREAT = 0x40
const O_TMPFILE_BIT = 0x400000

/** struct open_how (linux/openat2.h), its first version */
export const OPEN_HOW: Struct = {
  size: 24,
  compatSize: 24,
  print: (w, view, at, call) => {
    const flags = view.getUint32(at, true)
    w.struct()
    w.field('flags')
    printOpenFlags(w, call, flags, view.getUint32(at + 4, true))
    if (flags & (O_CREAT | O_TMPFILE_BIT) || view.getUint32(at + 8, true) !== 0) {
      w.field('mode')
      w.octal(view.getUint32(at + 8, true))
    }
    w.field('resolve')
    call.families
      .flags('RESOLVE_FLAGS')
      .print(w, view.getUint32(at + 16, true), view.getUint32(at + 20, true))
    w.endStruct()
  },
}

/** most bytes of directory entries that are fetched: enough for the count of an everyday directory */
const DIRENT_BYTES = 8192

/** `0x55… /* 5 entries *\/`: only d_reclen of each is looked at. */
export function directoryEntries(reclenAt: number): Argument {
  return {
    late: true,
    captures: arg => [
      { op: CAPTURE_BYTES, arg, when: 'exit', length: { kind: 'result' }, limit: DIRENT_BYTES },
    ],
    printer: () => (w, call, arg) => {
      printAddress(w, call, arg)
      if (call.failed) return
      let count = 0
      if (call.retLo !== 0) {
        if (!call.output(arg)) return
        const end = call.at + call.length
        for (let at = call.at; at + reclenAt + 2 <= end; count++) {
          const step = call.view.getUint16(at + reclenAt, true)
          if (step === 0) break
          at += step
        }
      }
      if (call.truncated && call.retLo !== 0) w.comment(`${count} or more entries`)
      else w.commentCount(count, count === 1 ? 'entry' : 'entries')
    },
  }
}
