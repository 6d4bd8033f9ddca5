// Times: struct timespec, timeval, itimerspec, itimerval, timezone, tms, timex.
import type { Sink } from '../../write/sink.ts'
import type { Struct } from '../struct.ts'

const OLD_TIME_BYTES = 8

/** `{tv_sec=…, tv_nsec=…}`; 32-bit programs' old form has two 32-bit words. */
function time(fraction: 'tv_nsec' | 'tv_usec'): Struct {
  return {
    size: 16,
    compatSize: OLD_TIME_BYTES,
    print: (w, view, at) => {
      w.struct()
      w.field('tv_sec')
      w.i64(view.getUint32(at, true), view.getUint32(at + 4, true))
      w.field(fraction)
      w.i64(view.getUint32(at + 8, true), view.getUint32(at + 12, true))
      w.endStruct()
    },
    printCompat: (w, view, at) => {
      w.struct()
      w.field('tv_sec')
      w.i32(view.getInt32(at, true))
      w.field(fraction)
      w.i32(view.getInt32(at + 4, true))
      w.endStruct()
    },
  }
}

export const TIMESPEC = time('tv_nsec')
export const TIMEVAL = time('tv_usec')
/** The 64-bit form that newer 32-bit programs use too. */
export const TIMESPEC64: Struct = { size: 16, compatSize: 16, print: TIMESPEC.print }

const UTIME_NOW = 0x3fffffff
const UTIME_OMIT = 0x3ffffffe

/** A time to set on a file, which may be "now" or "leave it". */
function utime(base: Struct): Struct {
  const special = (w: Sink, view: DataView, fraction: number, print: () => void) => {
    const value = view.getUint32(fraction, true)
    if (value === UTIME_NOW) w.symbol('UTIME_NOW')
    else if (value === UTIME_OMIT) w.symbol('UTIME_OMIT')
    else print()
  }
  return {
    size: base.size,
    ...(base.compatSize === undefined ? {} : { compatSize: base.compatSize }),
    print: (w, view, at, call) => special(w, view, at + 8, () => base.print(w, view, at, call)),
    ...(base.printCompat === undefined
      ? {}
      : {
          printCompat: (w, view, at, call) =>
            special(w, view, at + 4, () => base.printCompat?.(w, view, at, call)),
        }),
  }
}

export const UTIME_TIMESPEC = utime(TIMESPEC)
export const UTIME_TIMESPEC64 = utime(TIMESPEC64)

function interval(base: Struct): Struct {
  const both =
    (print: Struct['print'], size: number): Struct['print'] =>
    (w, view, at, call) => {
      w.struct()
      w.field('it_interval')
      print(w, view, at, call)
      w.field('it_value')
      print(w, view, at + size, call)
      w.endStruct()
    }
  return {
    size: base.size * 2,
    print: both(base.print, base.size),
    ...(base.compatSize === undefined
      ? {}
      : {
          compatSize: base.compatSize * 2,
          printCompat: both(base.printCompat ?? base.print, base.compatSize),
        }),
  }
}

export const ITIMERSPEC = interval(TIMESPEC)
export const ITIMERSPEC64 = interval(TIMESPEC64)
export const ITIMERVAL = interval(TIMEVAL)

export const TIMEZONE: Struct = {
  size: 8,
  compatSize: 8,
  print: (w, view, at) => {
    w.struct()
    w.field('tz_minuteswest')
    w.i32(view.getInt32(at, true))
    w.field('tz_dsttime')
    w.i32(view.getInt32(at + 4, true))
    w.endStruct()
  },
}

/** USER_HZ: what the kernel counts times in for programs */
export const TICKS_PER_SECOND = 100

/** clock_t, a long: with what it is in seconds behind, unless it is nothing. */
export function printTicks(w: Sink, lo: number, hi: number): void {
  w.i64(lo, hi)
  if (lo !== 0 || hi !== 0) w.comment(`${((hi * 0x100000000 + lo) / TICKS_PER_SECOND).toFixed(2)} s`)
}

const TMS_FIELDS = ['tms_utime', 'tms_stime', 'tms_cutime', 'tms_cstime'] as const

export const TMS: Struct = {
  size: 32,
  compatSize: 16,
  print: (w, view, at) => {
    w.struct()
    for (const [index, name] of TMS_FIELDS.entries()) {
      w.field(name)
      printTicks(w, view.getUint32(at + index * 8, true), view.getUint32(at + index * 8 + 4, true))
    }
    w.endStruct()
  },
  printCompat: (w, view, at) => {
    w.struct()
    for (const [index, name] of TMS_FIELDS.entries()) {
      w.field(name)
      printTicks(w, view.getUint32(at + index * 4, true), 0)
    }
    w.endStruct()
  },
}
