// What stands before a line: process id and time, in strace's forms.
import type { ByteWriter } from '../../text/byte-writer.ts'

export interface PrefixOptions {
  /** `[pid 12] ` (bracket), `12    ` (column: output to a file with -f), or nothing */
  readonly pid?: 'none' | 'bracket' | 'column'
  /** -t, -tt, -ttt, -r */
  readonly time?: 'none' | 't' | 'tt' | 'ttt' | 'r'
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC in nanoseconds: what makes clock times of the records' times */
  readonly realtimeOffsetNs?: number
}

const NS_PER_SECOND = 1e9
const NS_PER_US = 1000

/** Keeps the time of the line before, for -r. */
export class LinePrefix {
  pid: NonNullable<PrefixOptions['pid']>
  private readonly time: NonNullable<PrefixOptions['time']>
  /** whole microseconds: the sum with a record's time then stays exact */
  private readonly offsetUs: number
  private previousNs = 0
  private clockSecond = -1
  private clockText = ''

  constructor(options: PrefixOptions = {}) {
    this.pid = options.pid ?? 'none'
    this.time = options.time ?? 'none'
    this.offsetUs = Math.round((options.realtimeOffsetNs ?? 0) / NS_PER_US)
  }

  /** `ktimeNs`: CLOCK_MONOTONIC of what the line tells; for a call its start. */
  write(out: ByteWriter, tid: number, ktimeNs: number): void {
    if (this.pid === 'bracket') {
      out.ascii('[pid ')
      for (let width = digitsOf(tid); width < 5; width++) out.byte(0x20)
      out.decimal(tid)
      out.ascii('] ')
    } else if (this.pid === 'column') {
      const start = out.length
      out.decimal(tid)
      out.padTo(start, 5)
      out.byte(0x20)
    }
    if (this.time !== 'none') this.writeTime(out, ktimeNs)
  }

  /** Microseconds since 1970 of a CLOCK_MONOTONIC time. */
  realtimeUs(ktimeNs: number): number {
    return Math.floor(ktimeNs / NS_PER_US) + this.offsetUs
  }

  private writeTime(out: ByteWriter, ktimeNs: number): void {
    if (this.time === 'r') {
      const since = this.previousNs === 0 || ktimeNs < this.previousNs ? 0 : ktimeNs - this.previousNs
      this.previousNs = ktimeNs
      const us = Math.floor(since / NS_PER_US)
      const seconds = Math.floor(us / 1e6)
      for (let width = digitsOf(seconds); width < 6; width++) out.byte(0x20)
      writeSeconds(out, seconds, us - seconds * 1e6)
    } else {
      const us = this.realtimeUs(ktimeNs)
      const second = Math.floor(us / 1e6)
      if (this.time === 'ttt') writeSeconds(out, second, us - second * 1e6)
      else {
        out.ascii(this.clock(second))
        if (this.time === 'tt') {
          out.byte(0x2e)
          out.decimal(us - second * 1e6, 6)
        }
      }
    }
    out.byte(0x20)
  }

  /** HH:MM:SS in local time, made once a second. */
  private clock(second: number): string {
    if (second !== this.clockSecond) {
      const date = new Date(second * 1000)
      const two = (value: number) => `${value}`.padStart(2, '0')
      this.clockText = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
      this.clockSecond = second
    }
    return this.clockText
  }
}

/** `12.000345` */
export function writeSeconds(out: ByteWriter, seconds: number, us: number): void {
  out.decimal(seconds)
  out.byte(0x2e)
  out.decimal(us, 6)
}

/** ` <0.000123>`: how long a call took. */
export function writeDuration(out: ByteWriter, ns: number): void {
  const us = Math.floor(ns / NS_PER_US)
  const seconds = Math.floor(ns / NS_PER_SECOND)
  out.ascii(' <')
  writeSeconds(out, seconds, us - seconds * 1e6)
  out.byte(0x3e)
}

function digitsOf(value: number): number {
  let digits = 1
  for (let bound = 10; bound <= value; bound *= 10) digits++
  return digits
}
