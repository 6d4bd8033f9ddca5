// Strings as C and as JSON.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from '../../text/byte-writer.ts'
import { writeCString, writeJsonString } from './escape.ts'

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'))
const c = (bytes: Uint8Array, cut = false) => {
  const out = new ByteWriter(1)
  writeCString(out, bytes, 0, bytes.length, cut)
  return Buffer.from(out.view()).toString('latin1')
}
const json = (bytes: Uint8Array) => {
  const out = new ByteWriter(1)
  writeJsonString(out, bytes, 0, bytes.length)
  return Buffer.from(out.view()).toString('utf8')
}

test('C strings, as strace 6.1 writes them', () => {
  const check = (text: string, expected: string) => assert.equal(c(bytesOf(text)), expected)
  check('', '""')
  check('hello', '"hello"')
  check('a"b\\c', '"a\\"b\\\\c"')
  check('\t\n\v\f\r', '"\\t\\n\\v\\f\\r"')
  check('\x018\x017\x01a', '"\\18\\0017\\1a"')
  check('\0', '"\\0"')
  check('\x7f\xff7', '"\\177\\3777"')
  check('\x1b[0m', '"\\33[0m"')
  assert.equal(c(bytesOf('abc'), true), '"abc"...')
})

/** What a C compiler would make of it. */
function parseC(text: string): number[] {
  const bytes: number[] = []
  const letters: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 }
  for (const [, octal, letter, plain] of text.slice(1, -1).matchAll(/\\([0-7]{1,3})|\\(.)|([^\\])/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else bytes.push(letter === undefined ? plain!.charCodeAt(0) : letters[letter]!)
  }
  return bytes
}

test('a C string means the bytes it was made of', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      assert.deepEqual(parseC(c(bytes)), [...bytes])
    }),
  )
})

test('a JSON string of UTF-8 is that text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      assert.equal(JSON.parse(json(new TextEncoder().encode(text))), text)
    }),
  )
})

test('any bytes make a JSON string from which they can be had back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      const text = JSON.parse(json(bytes)) as string
      const back: number[] = []
      for (const character of text) {
        const code = character.codePointAt(0)!
        if (code >= 0xdc80 && code <= 0xdcff) back.push(code - 0xdc00)
        else back.push(...Buffer.from(character))
      }
      assert.deepEqual(back, [...bytes])
    }),
  )
})
