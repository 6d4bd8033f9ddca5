// Arguments of USDT probes: assembler operands as text, taken apart so that a compiler can read the values.

import { EM_AARCH64 } from './constants.ts'
import { type UsdtRegister, usdtRegister } from './usdt-registers.ts'

/** Where an argument's value is when its probe is hit. */
export type UsdtPlace =
  /** the value itself */
  | { readonly kind: 'constant'; readonly value: bigint }
  /** the low `sizeBytes` of a register, after its shift */
  | { readonly kind: 'register'; readonly register: UsdtRegister }
  /** `sizeBytes` of user memory at base + index * scale + displacement */
  | {
      readonly kind: 'memory'
      readonly base: UsdtRegister | undefined
      readonly index: UsdtRegister | undefined
      /** what the index is multiplied by: 1, 2, 4 or 8 */
      readonly scale: number
      readonly displacement: number
    }
  /** `sizeBytes` of user memory at a symbol of the binary, which is moved with it: address of the symbol + displacement */
  | { readonly kind: 'symbol'; readonly symbol: string; readonly displacement: number }
  /** an operand of another form, or in a register that pt_regs does not have */
  | { readonly kind: 'unknown'; readonly why: string }

export interface UsdtArgument {
  /** as the note has it */
  readonly text: string
  /** 1, 2, 4 or 8; other sizes only with a place of kind `unknown` */
  readonly sizeBytes: number
  readonly signed: boolean
  readonly place: UsdtPlace
}

/**
 * Takes the arguments of one note apart: `-4@%eax 8@-16(%rbp) 4@$5`, on arm64 `-4@x0 8@[sp, 16] 4@5`. Arguments that
 * are not understood stay in the list as `unknown`, so that the others keep their numbers.
 * @param machine `EM_X86_64` …
 */
export function parseUsdtArguments(text: string, machine: number): UsdtArgument[] {
  // blanks part arguments but may also stand in brackets: `8@[sp, 16]`
  const words = text.match(/(?:\[[^\]]*\]|\([^)]*\)|[^\s[(])+/g) ?? []
  return words.map(word => parseArgument(word, machine))
}

function parseArgument(text: string, machine: number): UsdtArgument {
  const at = text.indexOf('@')
  const size = /^(-?)(\d{1,2})(f?)$/.exec(text.slice(0, at))
  const operand = text.slice(at + 1)
  if (at < 0 && text !== '')
    // before systemtap 1.4 there was no size: a machine word
    return { text, sizeBytes: 8, signed: false, place: parsePlace(text, machine) }
  if (size === null) return { text, sizeBytes: 8, signed: false, place: unknown('its size is no number') }
  const sizeBytes = Number(size[2])
  const argument = { text, sizeBytes, signed: size[1] === '-' }
  if (size[3] === 'f') return { ...argument, place: unknown('it is a floating point number') }
  if (![1, 2, 4, 8].includes(sizeBytes)) return { ...argument, place: unknown(`it has ${sizeBytes} bytes`) }
  return { ...argument, place: parsePlace(operand, machine) }
}

const unknown = (why: string): UsdtPlace => ({ kind: 'unknown', why })

const parsePlace = (operand: string, machine: number): UsdtPlace =>
  machine === EM_AARCH64 ? parseAarch64(operand) : parseX86(operand, machine)

/** AT&T operands: `%reg`, `$constant`, `displacement(%base,%index,scale)`, `symbol+displacement(%rip)`, `symbol`. */
function parseX86(operand: string, machine: number): UsdtPlace {
  const constant = /^\$(.+)$/.exec(operand)?.[1]
  if (constant !== undefined) {
    const value = integer(constant)
    return value === undefined ? unknown(`${operand} is no number`) : { kind: 'constant', value }
  }
  if (operand.startsWith('%') && !operand.includes(':')) return registerPlace(machine, operand.slice(1))
  const memory = /^([^(]*)(?:\(([^)]*)\))?$/.exec(operand)
  if (memory === null || operand === '' || operand.includes(':')) return unknown(`operand ${operand}`)
  const [baseText = '', indexText = '', scaleText = '1'] = (memory[2] ?? '')
    .split(',')
    .map(part => part.trim())
  const place = displacement(memory[1]!)
  if (place === undefined) return unknown(`operand ${operand}`)
  if (place.symbol !== '') {
    if (indexText !== '' || !['', '%rip', '%eip'].includes(baseText)) return unknown(`operand ${operand}`)
    return { kind: 'symbol', symbol: place.symbol, displacement: place.offset }
  }
  const [base, index] = [baseText, indexText].map(part => usdtRegister(machine, part.slice(1)))
  if ((baseText !== '' && base === undefined) || (indexText !== '' && index === undefined))
    return unknown(`operand ${operand}`)
  const scale = Number(scaleText || 1)
  if (![1, 2, 4, 8].includes(scale) || (base === undefined && index === undefined && memory[2] !== undefined))
    return unknown(`operand ${operand}`)
  return { kind: 'memory', base, index, scale, displacement: place.offset }
}

/** arm64 operands: `x0`, `5`, `[sp]`, `[sp, 16]`, `[x0, x1]`, `[x0, x1, lsl 3]`; `#` before numbers is optional. */
function parseAarch64(operand: string): UsdtPlace {
  const value = integer(operand.replace(/^#/, ''))
  if (value !== undefined) return { kind: 'constant', value }
  const inner = /^\[(.*)\]$/.exec(operand)?.[1]
  if (inner === undefined) {
    if (/^[a-z]+\d*$/.test(operand)) return registerPlace(EM_AARCH64, operand)
    const symbol = displacement(operand)
    return symbol === undefined || symbol.symbol === ''
      ? unknown(`operand ${operand}`)
      : { kind: 'symbol', symbol: symbol.symbol, displacement: symbol.offset }
  }
  const [baseText = '', second = '', shiftText = ''] = inner.split(',').map(part => part.trim())
  const base = usdtRegister(EM_AARCH64, baseText)
  const offset = second === '' ? 0n : integer(second.replace(/^#/, ''))
  const index = usdtRegister(EM_AARCH64, second)
  const shift = /^lsl #?([0-3])$/.exec(shiftText)?.[1] ?? (shiftText === '' ? '0' : undefined)
  if (base === undefined || shift === undefined || (offset === undefined && !index?.name.startsWith('x')))
    return unknown(`operand ${operand}`)
  return { kind: 'memory', base, index, scale: 2 ** Number(shift), displacement: Number(offset ?? 0n) }
}

function registerPlace(machine: number, name: string): UsdtPlace {
  const register = usdtRegister(machine, name)
  return register === undefined
    ? unknown(`register ${name} is not in pt_regs`)
    : { kind: 'register', register }
}

/** `-16`, `0x10`; undefined for anything else. */
function integer(text: string): bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.exec(text)
  if (match === null) return undefined
  const value = BigInt(match[2]!)
  return match[1] === '-' ? -value : value
}

/** `-16`, `symbol`, `symbol+16`, `16+symbol`, `8-4`: at most one symbol and any number of numbers; empty is 0. */
function displacement(text: string): { symbol: string; offset: number } | undefined {
  let symbol = ''
  let offset = 0n
  const terms = text.match(/[-+]?[^-+]+/g) ?? []
  if (terms.join('') !== text) return undefined
  for (const term of terms) {
    const number = integer(term)
    if (number !== undefined) offset += number
    else if (symbol === '' && /^\+?[A-Za-z_.$][\w.$@]*$/.test(term)) symbol = term.replace(/^\+/, '')
    else return undefined
  }
  return { symbol, offset: Number(offset) }
}
