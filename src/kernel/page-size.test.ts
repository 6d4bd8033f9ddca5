// The auxiliary vector, whole and damaged.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageSizeBytes, pageSizeFromAuxv, pageSizeFromSmaps } from './page-size.ts'

const auxv = (...words: bigint[]) => new Uint8Array(new BigUint64Array(words).buffer)

test('page size stands at AT_PAGESZ', () => {
  assert.equal(pageSizeFromAuxv(auxv(33n, 0x7ffc00000000n, 6n, 16384n, 0n, 0n)), 16384)
})
for (const [what, bytes] of [
  ['empty', auxv()],
  ['without the entry', auxv(3n, 1n, 0n, 0n)],
  ['cut in the entry', auxv(6n, 4096n).subarray(0, 12)],
  ['with a size that is no power of two', auxv(6n, 5000n)],
  ['with size 0', auxv(6n, 0n)],
] as const)
  test(`auxv ${what}`, () => assert.throws(() => pageSizeFromAuxv(bytes), { code: 'PAGE_SIZE' }))

test('page size stands in smaps', () => {
  const smaps =
    '00400000-00452000 r--p 00000000 08:01 1 /bin/x\nSize:  328 kB\nKernelPageSize:       64 kB\nMMUPageSize: 4 kB\n'
  assert.equal(pageSizeFromSmaps(smaps), 65536)
  assert.throws(() => pageSizeFromSmaps(''), { code: 'PAGE_SIZE' })
})

test('this machine has pages', { skip: process.platform !== 'linux' && 'needs Linux' }, () =>
  assert.ok(pageSizeBytes() >= 4096),
)
