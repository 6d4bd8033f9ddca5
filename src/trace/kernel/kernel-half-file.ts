// Writing and reading the compiled kernel half: JSON, with its bytes in base64.

import type { KernelHalf } from './kernel-half.ts'

/** Bytes are `{"base64": "…"}`. */
export function printKernelHalf(half: KernelHalf): string {
  return JSON.stringify(half, function (this: Record<string, unknown>, key) {
    const value = this[key] // a Buffer comes as what its toJSON gives
    return value instanceof Uint8Array
      ? { base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
      : value
  })
}

/** Throws SyntaxError for what is not JSON. */
export function parseKernelHalf(text: string): KernelHalf {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'base64' in value && typeof value.base64 === 'string'
      ? new Uint8Array(Buffer.from(value.base64, 'base64'))
      : value,
  ) as KernelHalf
}
