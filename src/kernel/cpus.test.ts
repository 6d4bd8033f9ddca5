// CPU lists: as the kernel prints them, and damaged ones.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCpuList } from './cpus.ts'

const check = (text: string, expected: number[]) =>
  test(`cpus ${JSON.stringify(text)}`, () => assert.deepEqual(parseCpuList(text), expected))

check('0\n', [0])
check('0-1\n', [0, 1])
check('0-3,8,10-11\n', [0, 1, 2, 3, 8, 10, 11])
check('2-2', [2])

for (const text of ['', '\n', '0-', '3-1', '0,0', '1,0', '0-99999999', '0,,1', 'a', '0x1', '0-999999'])
  test(`not cpus: ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseCpuList(text), { code: 'CPU_LIST' }))

test('a printed list parses to itself', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1 }), ids => {
      ids.sort((a, b) => a - b)
      assert.deepEqual(parseCpuList(ids.join(',')), ids)
    }),
  )
})
