// Global functions that take the context by a tag, on kernels that know it (Linux 6.8) and that do not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openObject } from '../../src/object/index.ts'
import { since } from './since.ts'

test('functions are handed the context of the programs that call them', {
  skip: since('5.12', 'more than one argument of a function that is checked by itself'),
}, () => {
  using object = openObject('test/object/fixtures/context.bpf.o')
  object.load()
  const data = Uint8Array.from({ length: 64 }, (_, i) => i)
  // a socket filter sees a packet from its network header on: without the 14 bytes of Ethernet
  assert.equal(object.program('filter').program.testRun({ data }).retval, 3 + 14 + 1)
  assert.equal(object.program('classify').program.testRun({ data }).retval, 4 + 2)
  const ctx = new Uint8Array(BigUint64Array.of(7n, 8n).buffer)
  assert.equal(object.program('traces').program.testRun({ ctx }).retval, 8 + 3)
})
