// The integers of the language: decimal, hexadecimal and octal, `1e6`, `1_000`, C suffixes, durations. The same rules
// read numbers in scripts, in attach points and on the command line (bpftrace's src/util/int_parser.cpp).

export type IntegerResult =
  | { readonly ok: true; readonly value: bigint }
  | { readonly ok: false; readonly problem: string }

/**
 * Reads an unsigned 64-bit integer; a duration comes back in nanoseconds. `base` 0 finds the base from the prefix (0x,
 * 0b, a leading 0). The problem names the text: "invalid integer: abc".
 */
export function parseInteger(text: string, base: 0 | 2 | 8 | 10 | 16 = 0): IntegerResult {
  let digits = text.includes('_') ? text.replaceAll('_', '') : text
  let radix: number = base
  if (base === 0 && digits.length >= 2 && digits[0] === '0') {
    const second = digits[1]!
    if (second === 'x' || second === 'X') {
      radix = 16
      digits = digits.slice(2)
    } else if (second === 'b' || second === 'B') {
      radix = 2
      digits = digits.slice(2)
    } else {
      radix = 8
    }
  } else if (base === 0) {
    radix = 10
  }
  let length = 0
  let value = 0
  while (length < digits.length) {
    const digit = digitOf(digits.charCodeAt(length))
    if (digit >= radix) break
    value = value * radix + digit
    length++
  }
  if (length === 0) return { ok: false, problem: `invalid integer: ${text}` }
  let exact = value < 2 ** 53 ? BigInt(value) : bigOf(digits.slice(0, length), radix)
  if (exact > maxUnsigned64) return overflow(text, maxUnsigned64)

  let rest = digits.slice(length)
  const exponent = (rest[0] === 'e' || rest[0] === 'E') && rest[1]! >= '1' && rest[1]! <= '9'
  if (exponent) {
    if (exact < 1n || exact > 9n) {
      return { ok: false, problem: `coefficient part of scientific literal must be 1-9: ${text}` }
    }
    let end = 1
    while (end < rest.length && digitOf(rest.charCodeAt(end)) < 10) end++
    const power = Number(rest.slice(1, end))
    if (power > 19) return overflow(text, maxUnsigned64)
    exact *= 10n ** BigInt(power)
    if (exact > maxUnsigned64) return overflow(text, maxUnsigned64)
    rest = rest.slice(end)
  }
  if (rest === '') return { ok: true, value: exact }
  const suffix = suffixes[rest] ?? (/^[uUlL]+$/.test(rest) ? suffixes[rest.toLowerCase()] : undefined)
  if (suffix === undefined) return { ok: false, problem: `invalid trailing bytes: ${text}` }
  const [max, factor] = suffix
  if (exact > max / factor) return overflow(text, max)
  return { ok: true, value: exact * factor }
}

const maxUnsigned64 = 2n ** 64n - 1n
const maxSigned64 = 2n ** 63n - 1n

/** The largest value before the suffix is applied, and what it multiplies by. */
const suffixes: Readonly<Record<string, readonly [max: bigint, factor: bigint]>> = {
  u: [2n ** 32n - 1n, 1n],
  ul: [maxUnsigned64, 1n],
  ull: [maxUnsigned64, 1n],
  lu: [maxUnsigned64, 1n],
  llu: [maxUnsigned64, 1n],
  l: [maxSigned64, 1n],
  ll: [maxSigned64, 1n],
  ns: [maxUnsigned64, 1n],
  us: [maxUnsigned64, 1_000n],
  ms: [maxUnsigned64, 1_000_000n],
  s: [maxUnsigned64, 1_000_000_000n],
  m: [maxUnsigned64, 60_000_000_000n],
  h: [maxUnsigned64, 3_600_000_000_000n],
  d: [maxUnsigned64, 86_400_000_000_000n],
}

const overflow = (text: string, max: bigint): IntegerResult => ({
  ok: false,
  problem: `overflow error, maximum value is ${max}: ${text}`,
})

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  if (code >= 65 && code <= 70) return code - 55
  return 99
}

/** Digits as a bigint; anything far beyond 64 bits is cut, it is an overflow either way. */
function bigOf(digits: string, radix: number): bigint {
  const significant = digits.replace(/^0+/, '') || '0'
  if (significant.length > 70) return maxUnsigned64 + 1n
  let value = 0n
  for (let i = 0; i < significant.length; i++) {
    value = value * BigInt(radix) + BigInt(digitOf(significant.charCodeAt(i)))
  }
  return value
}
