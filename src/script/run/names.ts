// Words for the numbers that scripts print: symbols, stacks, users, times, control groups.

import {
  type CgroupPath,
  globMatcher,
  type KernelSymbols,
  readCgroupPaths,
  readUserNames,
} from '../../kernel/index.ts'
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_TAI,
  clockNs,
  nowMs,
} from '../../sys/index.ts'
import { type CompiledScript, NO_STACK, TIME_BOOT, TIME_MONOTONIC } from '../compiled.ts'
import type { Names } from '../output/index.ts'
import { byteString } from '../source.ts'
import type { NamedNumberType, StackType } from '../type.ts'
import { errnoText, signalText } from './errno-text.ts'
import { inetText } from './inet.ts'
import type { StackFrames } from './stacks.ts'
import { strftime } from './strftime.ts'

/** A place in a program of user space. */
export interface UserSymbol {
  /** byte string */
  readonly name: string
  /** bytes from the symbol's start */
  readonly offset: number
}

/** Where symbols come from. */
export interface SymbolSource {
  kernel(): KernelSymbols
  /** undefined where the address belongs to nothing that has a name */
  user(tgid: number, address: bigint): UserSymbol | undefined
  /** the file an address of a process is mapped from; byte string */
  module(tgid: number, address: bigint): string | undefined
}

export interface NamesOptions {
  readonly script: CompiledScript
  readonly truncationTrailer: string
  readonly symbols: SymbolSource
  readonly stacks: StackFrames
  readonly systemCallName: (nr: number) => string | undefined
}

/** How long the offset between the clocks is good for, ms. */
const CLOCK_OFFSET_MS = 1000

/** What stands before a frame: addresses alone begin their line, for programs that read them. */
const INDENT = { bpftrace: '        ', perf: '\t', raw: '', build_id: '' } as const

export class MachineNames implements Names {
  readonly truncationTrailer: string
  readonly #options: NamesOptions
  readonly #ksyms = new Map<bigint, string>()
  #users: ReadonlyMap<number, string> | undefined
  #cgroups: ReadonlyMap<bigint, readonly CgroupPath[]> | undefined
  #offsets:
    | { readonly atMs: number; readonly boot: bigint; readonly monotonic: bigint; readonly tai: bigint }
    | undefined

  constructor(options: NamesOptions) {
    this.#options = options
    this.truncationTrailer = options.truncationTrailer
  }

  ksym(address: bigint): string {
    let text = this.#ksyms.get(address)
    if (text === undefined) {
      text = this.#kernelFrame(address, false)
      this.#ksyms.set(address, text)
    }
    return text
  }

  usym(address: bigint, tgid: number): string {
    return this.#options.symbols.user(tgid, address)?.name ?? hexText(address)
  }

  stack(type: StackType, id: bigint, tgid: number): string {
    if (id === NO_STACK) return '\n'
    const frames = this.#options.stacks.read(type, id)
    if (frames === undefined) return '\n'
    const indent = INDENT[type.mode]
    if (type.mode === 'build_id') return `\n${frames.map(frame => `${indent}${frame}\n`).join('')}`
    const lines = (frames as readonly bigint[]).map(address => this.#frameText(type, address, tgid))
    return `\n${lines.map(line => `${indent}${line}\n`).join('')}`
  }

  inet(family: number, bytes: Uint8Array): string {
    return inetText(family, bytes)
  }

  timestamp(ns: bigint, format: number, clock: number): string {
    const epochNs = this.#epochNs(ns, clock)
    const within = Number(epochNs % 1_000_000_000n)
    return strftime(this.#options.script.timeFormats[format] ?? '', Number(epochNs / 1_000_000n), within)
  }

  epochMs(taiNs: bigint): number {
    return Number(this.#epochNs(taiNs, -1) / 1_000_000n)
  }

  cgroupPath(id: bigint, pattern: number): string {
    if (this.#cgroups?.has(id) !== true) this.#cgroups = readCgroupPaths()
    const matches = globMatcher(this.#options.script.cgroupPatterns[pattern] || '*')
    return (this.#cgroups.get(id) ?? [])
      .filter(({ hierarchy }) => matches(hierarchy))
      .map(({ hierarchy, path }) => byteString(`${hierarchy}:${path}`))
      .join(',')
  }

  named(table: NamedNumberType['table'], number: bigint): string {
    switch (table) {
      case 'username':
        this.#users ??= readUserNames()
        return this.#users.get(Number(number)) ?? number.toString()
      case 'strerror':
        return errnoText(Number(BigInt.asIntN(32, number)))
      case 'signal_name':
        return signalText(Number(BigInt.asIntN(32, number)))
      case 'syscall_name':
        return this.#options.systemCallName(Number(number)) ?? 'Unknown syscall'
    }
  }

  #frameText({ kind, mode }: StackType, address: bigint, tgid: number): string {
    if (mode === 'raw') return address.toString(16)
    if (kind === 'kstack') {
      return mode === 'perf'
        ? `${address.toString(16)} ${this.#kernelFrame(address, true)}`
        : this.#kernelFrame(address, true)
    }
    const { symbols } = this.#options
    const symbol = symbols.user(tgid, address)
    const name = symbol === undefined ? undefined : `${symbol.name}+${symbol.offset}`
    if (mode !== 'perf') return name ?? `0x${address.toString(16)}`
    return `${address.toString(16)} ${name ?? '[unknown]'} (${symbols.module(tgid, address) ?? '[unknown]'})`
  }

  #kernelFrame(address: bigint, offset: boolean): string {
    const found = this.#options.symbols.kernel().symbolAt(address)
    if (found === undefined) return hexText(address)
    const module =
      found.symbol.module === undefined || found.symbol.module === 'bpf' ? '' : ` [${found.symbol.module}]`
    return offset ? `${found.symbol.name}+${found.offset}${module}` : found.symbol.name
  }

  /** Nanoseconds since the epoch. */
  #epochNs(ns: bigint, clock: number): bigint {
    const now = nowMs()
    if (this.#offsets === undefined || now - this.#offsets.atMs > CLOCK_OFFSET_MS) {
      const real = clockNs(CLOCK_REALTIME)
      this.#offsets = {
        atMs: now,
        boot: real - clockNs(CLOCK_BOOTTIME),
        monotonic: real - clockNs(CLOCK_MONOTONIC),
        // whole leap seconds: what is left is the time between the two readings
        tai: ((clockNs(CLOCK_TAI) - real) / 1_000_000_000n) * 1_000_000_000n,
      }
    }
    if (clock === TIME_BOOT) return ns + this.#offsets.boot
    if (clock === TIME_MONOTONIC) return ns + this.#offsets.monotonic
    return ns - this.#offsets.tai
  }
}

/** As C++ shows the base of a number: 0x1f, but 0. */
function hexText(address: bigint): string {
  return address === 0n ? '0' : `0x${address.toString(16)}`
}
