// A perf ring written backward, in memory that the test writes as the kernel would.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { samplesOf } from './perf-snapshot.ts'

const PAGE = 4096
const DATA = 4096

function fakeRing() {
  const buffer = new ArrayBuffer(PAGE + DATA)
  const view = new DataView(buffer)
  let head = 0n
  const map = { address: 0, buffer, unmap: () => {} }
  return {
    ring: { map, dataBytes: DATA },
    /** a sample of `words` u64, each with this number; 9: PERF_RECORD_SAMPLE */
    write(number: number, words: number, type = 9): void {
      const raw = words * 8 + 4
      const size = 8 + 4 + raw
      head -= BigInt(size)
      const bytes = new Uint8Array(size)
      const record = new DataView(bytes.buffer)
      record.setUint32(0, type, true)
      record.setUint16(6, size, true)
      record.setUint32(8, raw, true)
      for (let i = 0; i < words; i++) record.setUint32(12 + i * 8, number, true)
      const start = Number(BigInt.asUintN(32, head))
      for (const [i, byte] of bytes.entries()) view.setUint8(PAGE + ((start + i) % DATA), byte)
      view.setBigInt64(1024, head, true)
    },
  }
}

const numbersOf = (ring: ReturnType<typeof fakeRing>['ring'], lastHead: bigint) => {
  const { head, samples } = samplesOf(ring, lastHead)
  return { head, numbers: samples.map(({ view, offset }) => view.u32[offset >>> 2]!) }
}

test('the newest come first, and what was read before is left out', () => {
  const kernel = fakeRing()
  assert.deepEqual(numbersOf(kernel.ring, 0n), { head: 0n, numbers: [] })
  for (let i = 0; i < 3; i++) kernel.write(i, 2)
  const first = numbersOf(kernel.ring, 0n)
  assert.deepEqual(first.numbers, [2, 1, 0])
  kernel.write(3, 1)
  kernel.write(0, 1, 2) // no sample
  kernel.write(4, 5)
  assert.deepEqual(numbersOf(kernel.ring, first.head).numbers, [4, 3])
})

test('of a ring that went round often, what is whole', () => {
  const kernel = fakeRing()
  for (let i = 0; i < 1000; i++) kernel.write(i, 2) // of 32 bytes
  assert.deepEqual(
    numbersOf(kernel.ring, 0n).numbers,
    Array.from({ length: DATA / 32 }, (_, i) => 999 - i),
  )
  kernel.write(1000, 1) // of 24
  const { numbers } = numbersOf(kernel.ring, 0n)
  assert.equal(numbers.length, DATA / 32)
  assert.deepEqual([numbers[0], numbers.at(-1)], [1000, 999 - DATA / 32 + 2])
})

test('whatever was written, what is read are its newest, without a gap', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 60 })), rounds => {
      const kernel = fakeRing()
      let [lastHead, next] = [0n, 0]
      for (const round of rounds) {
        const before = next
        for (const words of round) kernel.write(next++, words)
        const { head, numbers } = numbersOf(kernel.ring, lastHead)
        lastHead = head
        assert.deepEqual(
          numbers,
          Array.from({ length: numbers.length }, (_, i) => next - 1 - i),
        )
        assert.ok(numbers.length <= next - before)
        if (round.length > 0) assert.ok(numbers.length > 0)
      }
    }),
  )
})

test('bytes that are no records end it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: DATA, maxLength: DATA }),
      fc.bigInt({ min: -(2n ** 40n), max: 0n }),
      (bytes, head) => {
        const buffer = new ArrayBuffer(PAGE + DATA)
        new Uint8Array(buffer).set(bytes, PAGE)
        new DataView(buffer).setBigInt64(1024, head, true)
        const { samples } = samplesOf({ map: { address: 0, buffer, unmap: () => {} }, dataBytes: DATA }, 0n)
        for (const { offset, byteLength } of samples)
          assert.ok(byteLength >= 0 && offset + byteLength <= DATA)
      },
    ),
    { numRuns: 200 },
  )
})
