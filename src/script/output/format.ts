// printf formats: taken apart once, checked against the types of their arguments, applied to shown values.
//
//     %[-+ #0][width][.precision][hh h l ll L j z t]conversion
//
// with C's conversions and bpftrace's own for buffers: %r, %rx and %rh.

import type { ScriptType } from '../type.ts'
import { gfpFlagsText } from './gfp-flags.ts'
import type { Shown } from './shown.ts'
import { bufferText, textOf } from './text.ts'

/** One conversion. */
export interface FormatSpec {
  readonly left: boolean
  readonly plus: boolean
  readonly alternate: boolean
  readonly zeros: boolean
  /** 0 when there is none */
  readonly width: number
  readonly length: string
  /** `d`, `s`, `rx` … */
  readonly conversion: string
}

/** `fragments[i]` stands before `specs[i]`; the last fragment behind all. Byte strings. */
export interface Format {
  readonly fragments: readonly string[]
  readonly specs: readonly FormatSpec[]
}

const SPEC = /%(-?)(\+?)( ?)(#?)(0?)(\*|\d+)?(?:\.(\*|\d+))?([hlLjzt]*)(gr|rh|rx|r|[diouxXeEfFgGaAcspn%])/g

/** @param format a byte string; a lone `%` is text */
export function parseFormat(format: string): Format {
  const fragments: string[] = []
  const specs: FormatSpec[] = []
  let fragment = ''
  let end = 0
  for (const match of format.matchAll(SPEC)) {
    fragment += format.slice(end, match.index)
    end = match.index + match[0].length
    const conversion = match[9]!
    if (conversion === '%') {
      fragment += '%'
      continue
    }
    fragments.push(fragment)
    fragment = ''
    specs.push({
      left: match[1] !== '',
      plus: match[2] !== '',
      alternate: match[4] !== '',
      zeros: match[5] !== '',
      width: match[6] === undefined || match[6] === '*' ? 0 : Number(match[6]),
      length: match[8]!,
      conversion,
    })
  }
  fragments.push(fragment + format.slice(end))
  return { fragments, specs }
}

const INTEGERS: readonly string[] = ['d', 'i', 'u', 'o', 'x', 'X', 'c', 'p', 'gr']
const BUFFERS: readonly string[] = ['r', 'rx', 'rh']

/** What is wrong with printing these arguments by this format, in bpftrace's words; undefined when nothing is. */
export function checkFormat(
  format: Format,
  args: readonly ScriptType[],
  typeText: (type: ScriptType) => string,
): string | undefined {
  const { specs } = format
  if (args.length !== specs.length) {
    const many = args.length < specs.length ? 'not enough' : 'too many'
    return `${many} arguments for format string (${args.length} supplied, ${specs.length} expected)`
  }
  for (const [i, { conversion }] of specs.entries()) {
    const type = args[i]!
    if (type.kind === 'none') return `unable to print none type for specifier: ${conversion}`
    if (conversion === 's') continue
    const integer = INTEGERS.includes(conversion)
    if (!integer && !BUFFERS.includes(conversion)) return `unsupported format specifier: ${conversion}`
    const fits = integer ? isNumber(type) : type.kind === 'buffer'
    if (!fits) return `unsupported format specifier for type '${typeText(type)}': ${conversion}`
  }
  return undefined
}

function isNumber(type: ScriptType): boolean {
  return type.kind === 'integer' || type.kind === 'bool' || type.kind === 'pointer' || type.kind === 'enum'
}

/** The whole text, as a byte string. */
export function applyFormat(format: Format, args: readonly Shown[]): string {
  let text = format.fragments[0]!
  for (let i = 0; i < format.specs.length; i++) {
    text += applySpec(format.specs[i]!, args[i]!) + format.fragments[i + 1]!
  }
  return text
}

export function applySpec(spec: FormatSpec, value: Shown): string {
  const { conversion } = spec
  switch (conversion) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'c':
    case 'p': {
      const number = numberOf(value)
      if (number === undefined) return `!{invalid integer conversion: ${textOf(value)}}`
      return applyInteger(spec, number)
    }
    case 'gr': {
      const flags = numberOf(value)
      if (flags === undefined) return `!{invalid GFP flags conversion: ${textOf(value)}}`
      return pad(spec, gfpFlagsText(BigInt.asUintN(64, flags)))
    }
    case 'r':
      return pad(spec, bytesText(value, 'escaped'))
    case 'rx':
      return pad(spec, bytesText(value, 'hex-escaped'))
    case 'rh':
      return pad(spec, bytesText(value, 'hex'))
    default:
      return pad(spec, textOf(value))
  }
}

function bytesText(value: Shown, form: 'escaped' | 'hex-escaped' | 'hex'): string {
  return typeof value === 'object' && value?.kind === 'buffer' ? bufferText(value.bytes, form) : textOf(value)
}

function applyInteger(spec: FormatSpec, number: bigint): string {
  switch (spec.conversion) {
    case 'd':
    case 'i': {
      const value = BigInt.asIntN(widthBits(spec.length), number)
      return padNumber(spec, value < 0n ? '-' : spec.plus ? '+' : '', value < 0n ? -value : value, 10)
    }
    case 'u':
      return padNumber(spec, '', BigInt.asUintN(widthBits(spec.length), number), 10)
    case 'o':
      return padNumber(spec, spec.alternate ? '0' : '', BigInt.asUintN(widthBits(spec.length), number), 8)
    case 'x':
    case 'X': {
      const value = BigInt.asUintN(widthBits(spec.length), number)
      const prefix = spec.alternate && value !== 0n ? '0x' : ''
      const text = padNumber(spec, prefix, value, 16)
      return spec.conversion === 'X' ? text.toUpperCase() : text
    }
    case 'c':
      return pad(spec, String.fromCharCode(Number(BigInt.asUintN(8, number))))
    default:
      return padNumber(spec, '0x', BigInt.asUintN(64, number), 16)
  }
}

function numberOf(value: Shown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'object' && value !== null && value.kind === 'symbol') return value.number
  return undefined
}

/** C's argument sizes on a 64-bit machine. */
function widthBits(length: string): number {
  switch (length) {
    case '':
      return 32
    case 'hh':
      return 8
    case 'h':
      return 16
    default:
      return 64
  }
}

/** Zeros go between the sign and the digits; `-` wins over `0`. */
function padNumber(spec: FormatSpec, prefix: string, magnitude: bigint, radix: number): string {
  const digits = magnitude.toString(radix)
  if (spec.zeros && !spec.left) return prefix + digits.padStart(spec.width - prefix.length, '0')
  return pad(spec, prefix + digits)
}

function pad(spec: FormatSpec, text: string): string {
  return spec.left ? text.padEnd(spec.width) : text.padStart(spec.width)
}
