// Writing and reading the compiled kernel half: JSON, with its bytes in base64. They are zeros mostly, so a run of A is
// written as its length between dots, which base64 does not have.

import type { KernelHalf } from './kernel-half.ts'

/** Bytes are `{"base64": "BAAI.120.QE="}`. */
export function printKernelHalf(half: KernelHalf): string {
  return JSON.stringify(half, function (this: Record<string, unknown>, key) {
    const value = this[key] // a Buffer comes as what its toJSON gives
    return value instanceof Uint8Array
      ? { base64: base64(value).replace(/A{5,}/g, run => `.${run.length}.`) }
      : value
  })
}

/** Throws SyntaxError for what is not JSON. */
export function parseKernelHalf(text: string): KernelHalf {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'base64' in value && typeof value.base64 === 'string'
      ? new Uint8Array(Buffer.from(value.base64.replace(/\.(\d+)\./g, unpacked), 'base64'))
      : value,
  ) as KernelHalf
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

const unpacked = (_: string, length: string): string => 'A'.repeat(Number(length))
