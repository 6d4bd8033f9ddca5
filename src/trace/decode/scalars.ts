// Arguments that are numbers: descriptors, flags, enums, modes, sizes, signals, ids.
import { CAPTURE_FD } from '../record.ts'
import type { FamilyName } from '../tables/index.ts'
import type { Sink } from '../write/sink.ts'
import { type Argument, scalar } from './argument.ts'
import type { Call } from './call.ts'

const AT_FDCWD = -100

export const int = scalar((w, call, arg) => w.i32(call.lo[arg]! | 0))
export const uint = scalar((w, call, arg) => w.u32(call.lo[arg]!))
export const size = scalar((w, call, arg) => w.u64(call.lo[arg]!, call.hi[arg]!))
export const long = scalar((w, call, arg) =>
  call.compat ? w.i32(call.lo[arg]! | 0) : w.i64(call.lo[arg]!, call.hi[arg]!),
)
export const offset = long
export const hex = scalar((w, call, arg) => w.hex(call.lo[arg]!, call.hi[arg]!))
/** with its leading 0x always, for words of no known meaning */
export const pointer = scalar((w, call, arg) => w.pointer(call.lo[arg]!, call.hi[arg]!))
export const mode = scalar((w, call, arg) => w.octal(call.lo[arg]! & 0xffff))
/** user and group ids: -1 says "leave it" */
export const id = scalar((w, call, arg) => printId(w, call.lo[arg]!))
export const device = scalar((w, call, arg) => printDevice(w, call.lo[arg]!, call.hi[arg]!))
export const signal = scalar((w, call, arg) => printSignal(w, call, call.lo[arg]! | 0))
export const fd = descriptor(printFd)
export const dirfd = descriptor(printDirfd)

function descriptor(print: (w: Sink, call: Call, fd: number) => void): Argument {
  return {
    printer: () => (w, call, arg) => print(w, call, call.lo[arg]! | 0),
    captures: arg => [{ op: CAPTURE_FD, arg, when: 'entry', limit: 0 }],
  }
}

export function flags(name: FamilyName): Argument {
  return {
    printer: ({ families }) => {
      const family = families.flags(name)
      return (w, call, arg) => family.print(w, call.lo[arg]!, 0)
    },
  }
}

/** Flags that have a name for none: PROT_NONE, F_OK. */
export function flagsOr(name: FamilyName, none: string): Argument {
  return {
    printer: ({ families }) => {
      const family = families.flags(name)
      return (w, call, arg) => {
        if (call.lo[arg] === 0) w.symbol(none)
        else family.print(w, call.lo[arg]!)
      }
    },
  }
}

export function oneOf(name: FamilyName): Argument {
  return {
    printer: ({ families }) => {
      const family = families.enum(name)
      return (w, call, arg) => family.print(w, call.lo[arg]!)
    },
  }
}

/** open's flags: an access mode and bits. */
export const openFlags: Argument = {
  printer:
    () =>
    (w, call, arg): void =>
      printOpenFlags(w, call, call.lo[arg]!, 0),
}

const ACCESS_MODES = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'] as const

export function printOpenFlags(w: Sink, call: Call, lo: number, hi: number): void {
  w.flags()
  w.flag(ACCESS_MODES[lo & 3]!)
  call.families.flags('OPEN_FLAGS').inside(w, lo & ~3, hi, false)
  w.endFlags()
}

export function printFd(w: Sink, call: Call, fd: number): void {
  const path = fd >= 0 ? call.pathOf(fd) : undefined
  if (path === undefined) w.i32(fd)
  else w.fd(fd, path)
}

/** One that the call made, as it was at the exit: at the entry its number may have been another file's, or nobody's. */
export function printNewFd(w: Sink, call: Call): void {
  const fd = call.retLo | 0
  const path = fd >= 0 ? call.pathOfNew(fd) : undefined
  if (path === undefined) w.i32(fd)
  else w.fd(fd, path)
}

export function printDirfd(w: Sink, call: Call, fd: number): void {
  if (fd !== AT_FDCWD) {
    printFd(w, call, fd)
    return
  }
  const path = call.pathOf(AT_FDCWD)
  if (path === undefined) w.symbol('AT_FDCWD')
  else w.fdSymbol('AT_FDCWD', path)
}

export function printId(w: Sink, value: number): void {
  if (value >>> 0 === 0xffffffff) w.i32(-1)
  else w.u32(value)
}

/** The kernel's user-space device number: 12 bits of major and 20 of minor, spread (include/linux/kdev_t.h). */
export function printDevice(w: Sink, lo: number, hi: number): void {
  const major = ((lo >>> 8) & 0xfff) | (hi & ~0xfff)
  const minor = (lo & 0xff) | ((lo >>> 12) & 0xfff00)
  w.symbol(`makedev(${hexOf(major)}, ${hexOf(minor)})`)
}

function hexOf(value: number): string {
  return value === 0 ? '0' : `0x${(value >>> 0).toString(16)}`
}

/** First real-time signal of the kernel (glibc keeps the first two for itself). */
const SIGRTMIN = 32
const SIGNAL_COUNT = 64

/** `SIGINT`, `SIGRTMIN`, `SIGRT_5`, or undefined for what is no signal. */
export function signalName(call: Call, signal: number): string | undefined {
  if (signal === SIGRTMIN) return 'SIGRTMIN'
  if (signal > SIGRTMIN && signal <= SIGNAL_COUNT) return `SIGRT_${signal - SIGRTMIN}`
  return call.families.enum('SIGNALS').nameOf(signal)
}

export function printSignal(w: Sink, call: Call, signal: number): void {
  const name = signalName(call, signal)
  if (name === undefined) w.i32(signal)
  else w.symbol(name)
}

/** `[INT RT_1]`, or `~[KILL]` when most are in it, from the two halves of a signal set. */
export function printSigset(w: Sink, call: Call, lo: number, hi: number): void {
  const negated = bitCount(lo) + bitCount(hi) >= Math.floor((SIGNAL_COUNT * 2) / 3)
  const low = negated ? ~lo : lo
  const high = negated ? ~hi : hi
  w.set(negated)
  for (let signal = 1; signal <= SIGNAL_COUNT; signal++) {
    const bit = signal <= 32 ? low >>> (signal - 1) : high >>> (signal - 33)
    if ((bit & 1) === 0) continue
    const name = signalName(call, signal)
    w.member(name === undefined ? `${signal}` : name.slice(3))
  }
  w.endSet()
}

function bitCount(value: number): number {
  let rest = value >>> 0
  let count = 0
  for (; rest !== 0; rest &= rest - 1) count++
  return count
}
