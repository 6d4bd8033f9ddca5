// A ring that overwrites, in memory that the test writes as the kernel would: also while a record is being read.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { OverwritingRing } from './overwriting-ring.ts'

const PAGE = 4096
const SIZE = 4096

/** The kernel's half: records of u32 words, of which the first is their number. */
function fakeRing(start = 0n) {
  const data = new ArrayBuffer(PAGE + 2 * SIZE)
  const control = new ArrayBuffer(PAGE)
  const view = new DataView(data)
  let [producer, overwritten] = [start, start]
  new DataView(control).setBigUint64(0, start, true)
  let unmapped = 0
  const unmap = () => {
    unmapped++
  }
  const at = (position: bigint) => PAGE + Number(position % BigInt(SIZE))
  /** in both mappings of the data */
  const put = (position: bigint, value: number) => {
    const offset = at(position)
    view.setUint32(offset, value, true)
    view.setUint32(offset < PAGE + SIZE ? offset + SIZE : offset - SIZE, value, true)
  }
  const lengthAt = (position: bigint) => view.getUint32(at(position), true) & 0x3fff_ffff
  const rounded = (length: number) => BigInt((length + 8 + 7) & ~7)
  const publish = () => {
    view.setBigUint64(0, producer, true)
    view.setBigUint64(16, overwritten, true)
  }
  publish()
  return {
    control,
    memory: {
      control: { address: 0, buffer: control, unmap },
      data: { address: 0, buffer: data, unmap },
      pageBytes: PAGE,
    },
    unmapped: () => unmapped,
    /** bits 30 and 31 of the header: discarded, busy */
    write(number: number, byteLength = 8, bits = 0): void {
      const next = producer + rounded(byteLength)
      while (next - overwritten > SIZE - 1) overwritten += rounded(lengthAt(overwritten))
      view.setBigUint64(16, overwritten, true)
      put(producer, (byteLength | bits) >>> 0)
      for (let offset = 0; offset < byteLength; offset += 4) put(producer + 8n + BigInt(offset), number)
      producer = next
      publish()
    },
    consumer: () => new DataView(control).getBigUint64(0, true),
    producer: () => producer,
  }
}

const open = (kernel: ReturnType<typeof fakeRing>, onNumber: (number: number, length: number) => void) =>
  new OverwritingRing({ fd: 3, name: 'r', maxEntries: SIZE }, kernel.memory, (view, offset, length) =>
    onNumber(view.u32[offset >>> 2]!, length),
  )

test('records come in order, and what was overwritten is told', () => {
  const kernel = fakeRing()
  const read: number[] = []
  const ring = open(kernel, number => read.push(number))
  for (let i = 0; i < 3; i++) kernel.write(i)
  assert.equal(ring.pendingBytes(), 48)
  assert.equal(ring.drain(), 3)
  assert.equal(ring.lostBytes(), 0)
  assert.equal(kernel.consumer(), 48n)
  for (let i = 3; i < 1003; i++) kernel.write(i)
  assert.equal(ring.drain(), SIZE / 16 - 1)
  assert.deepEqual([read[3], read.at(-1)], [1003 - 255, 1002])
  assert.equal(ring.lostBytes(), (1000 - 255) * 16)
  assert.equal(ring.isEmpty(), true)
  assert.equal(kernel.consumer(), kernel.producer())
})

test('positions go on past 32 bits', () => {
  const kernel = fakeRing(2n ** 32n - 32n)
  const read: number[] = []
  const ring = open(kernel, number => read.push(number))
  for (let i = 0; i < 1000; i++) kernel.write(i)
  ring.drain()
  assert.equal(read.length, SIZE / 16 - 1)
  assert.equal(kernel.consumer(), kernel.producer())
})

test('discarded records are passed over, and one that is being written ends the reading', () => {
  const kernel = fakeRing()
  const read: number[] = []
  const ring = open(kernel, number => read.push(number))
  kernel.write(1)
  kernel.write(2, 8, 1 << 30)
  kernel.write(3)
  kernel.write(4, 8, 1 << 31)
  assert.equal(ring.drain(), 2)
  assert.deepEqual(read, [1, 3])
  assert.equal(ring.isEmpty(), false)
})

test('a record is a copy: what overwrites it while it is looked at does not show', () => {
  const kernel = fakeRing()
  const read: number[][] = []
  const ring = new OverwritingRing(
    { fd: 3, name: 'r', maxEntries: SIZE },
    kernel.memory,
    (view, offset, length) => {
      const first = view.u32[offset >>> 2]!
      for (let i = 0; i < 300; i++) kernel.write(1000 + i)
      read.push([first, view.u32[(offset + length - 4) >>> 2]!])
    },
  )
  kernel.write(1, 400)
  kernel.write(2, 400)
  assert.equal(ring.drain(), 1)
  assert.deepEqual(read, [[1, 1]])
})

test('records longer than the copy are read whole', () => {
  const kernel = fakeRing()
  const lengths: number[] = []
  const ring = open(kernel, (_, length) => lengths.push(length))
  kernel.write(1, 4080)
  ring.drain()
  assert.deepEqual(lengths, [4080])
})

test('closed from its callback it reads no more', () => {
  const kernel = fakeRing()
  let count = 0
  const ring = open(kernel, () => {
    count++
    ring.close()
  })
  kernel.write(1)
  kernel.write(2)
  assert.equal(ring.drain(), 1)
  assert.equal(count, 1)
  assert.equal(kernel.unmapped(), 2)
  ring.close()
  assert.equal(ring.drain(), 0)
  assert.equal(ring.pendingBytes(), 0)
})

test('whatever is written between two looks, what comes is in order, whole, and the newest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 4, max: 900 }), { maxLength: 40 }), { maxLength: 20 }),
      rounds => {
        const kernel = fakeRing()
        const lengths: number[] = []
        let last = -1
        let [next, seen] = [0, 0]
        const ring = open(kernel, (number, length) => {
          assert.ok(number > last)
          assert.equal(length, lengths[number])
          last = number
          seen += (length + 15) & ~7
        })
        let written = 0
        for (const round of rounds) {
          for (const words of round) {
            const length = words & ~3
            lengths.push(length)
            kernel.write(next++, length)
            written += (length + 15) & ~7
          }
          ring.drain()
          assert.equal(last, next - 1)
        }
        assert.equal(seen + ring.lostBytes(), written)
      },
    ),
  )
})
