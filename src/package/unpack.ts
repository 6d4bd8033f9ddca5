// The compiled object inside of a package: base64 of a zlib stream, or of the object itself in the oldest packages.

import { deflateSync, inflateSync } from 'node:zlib'
import type { JsonNode } from './json-value.ts'

/** Larger objects are refused before anything is unpacked: the largest of the kernel's own tests have 2 MB. */
export const OBJECT_BYTES_MAX = 64 << 20

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * Never more than `sizeBytes` are unpacked, whatever the stream holds.
 * @param sizeBytes what the package says the object has, if it does
 * @throws PackageError for text that is no base64, a stream that is damaged, another size
 */
export function unpackObject(text: JsonNode, sizeBytes: number | undefined): Uint8Array {
  const packed = decodeBase64(text)
  if (packed.length === 0) throw text.error('there is no object in it')
  const isElf = packed[0] === 0x7f && packed[1] === 0x45
  const object = isElf ? packed : inflate(text, packed, sizeBytes ?? OBJECT_BYTES_MAX)
  if (sizeBytes !== undefined && object.length !== sizeBytes)
    throw text.error(`the object has ${object.length} bytes, and the package says ${sizeBytes}`)
  return object
}

function inflate(text: JsonNode, packed: Uint8Array, sizeBytes: number): Uint8Array {
  try {
    // a byte more than is promised is enough to tell
    return inflateSync(packed, { maxOutputLength: sizeBytes + 1 })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw text.error(`the object has more than the ${sizeBytes} bytes that it may have`, error)
    throw text.error(`the packed object is damaged: ${message}`, error)
  }
}

/** Standard alphabet; the oldest packages break their lines. */
export function decodeBase64(text: JsonNode): Uint8Array {
  const letters = text.string().replace(/[\r\n]+/g, '')
  if (letters.length % 4 !== 0 || !ALPHABET.test(letters)) throw text.error('this is no base64')
  return new Uint8Array(Buffer.from(letters, 'base64'))
}

/** What a package has as `bpf_object`. */
export const packObject = (object: Uint8Array): string => deflateSync(object).toString('base64')
