// DER, as far as certificates and signatures of programs need it: values with a tag and a length in front (ITU-T X.690).
//
//     tag   length                                   content
//           0-127, or 0x80 | number of bytes of it, most significant first

import { BeetraceError } from '../../errors/index.ts'

export const DER = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const

/** [n] of a constructed value, and of bytes. */
export const contextTag = (number: number): number => 0xa0 | number
export const contextBytesTag = (number: number): number => 0x80 | number

export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, each) => sum + each.length, 0)
  return new Uint8Array(Buffer.concat([Uint8Array.of(tag), lengthBytes(length), ...contents]))
}

function lengthBytes(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff)
  return Uint8Array.of(0x80 | bytes.length, ...bytes)
}

/** `1.2.840.113549.1.7.2` */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap(number => {
    const septets = [number & 0x7f]
    for (let high = Math.floor(number / 128); high > 0; high = Math.floor(high / 128))
      septets.unshift(0x80 | (high & 0x7f))
    return septets
  })
  return der(DER.objectIdentifier, Uint8Array.from(bytes))
}

export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
}

/** The values that stand one behind the other. Throws BeetraceError `DER` where one does not lie within the bytes. */
export function* derValues(bytes: Uint8Array): Generator<DerValue> {
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!
    const first = bytes[at + 1]
    if (first === undefined) throw cutOff()
    const lengthCount = first < 0x80 ? 0 : first & 0x7f
    if (first === 0x80 || lengthCount > 4)
      throw new BeetraceError('DER', `a length of ${lengthCount} bytes is none that DER has here`)
    let length = first
    if (lengthCount > 0) {
      length = 0
      for (let i = 0; i < lengthCount; i++) length = length * 256 + (bytes[at + 2 + i] ?? Number.NaN)
    }
    const start = at + 2 + lengthCount
    const end = start + length
    // not a number, too
    if (!(end <= bytes.length)) throw cutOff()
    yield { tag, content: bytes.subarray(start, end) }
    at = end
  }
}

const cutOff = (): BeetraceError =>
  new BeetraceError('DER', 'a value ends behind the last byte: is it cut off?')
