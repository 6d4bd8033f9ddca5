// What is built is what is read back, byte for byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernelHalf } from './kernel-half.ts'
import { parseKernelHalf, printKernelHalf } from './kernel-half-file.ts'
import { scratchSize } from './layout.ts'

for (const arch of ['x64', 'arm64'] as const)
  test(`the kernel half for ${arch} through a file`, () => {
    const half = buildKernelHalf(arch, scratchSize(32))
    const read = parseKernelHalf(printKernelHalf(half))
    const plain = (value: unknown): unknown =>
      value instanceof Uint8Array
        ? [...value]
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
          : value
    assert.deepEqual(plain(read), plain(half))
  })
