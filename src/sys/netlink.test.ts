// Netlink messages and attributes as bytes, and whatever bytes a kernel might send.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { attribute, attributes, joinBytes, nested, parseMessages, u32Attribute } from './netlink.ts'

test('attributes come back by type, padding left out', () => {
  const bytes = joinBytes(
    attribute(3, Buffer.from('lo\0')),
    u32Attribute(8, -1),
    nested(43, u32Attribute(1, 7), attribute(2, new Uint8Array(0))),
  )
  assert.equal(bytes.length % 4, 0)
  const found = attributes(bytes)
  assert.deepEqual([...found.keys()], [3, 8, 43])
  assert.equal(Buffer.from(found.get(3)!).toString(), 'lo\0')
  assert.deepEqual([...found.get(8)!], [255, 255, 255, 255])
  const inner = attributes(found.get(43)!)
  assert.deepEqual([...inner.get(1)!], [7, 0, 0, 0])
  assert.equal(inner.get(2)!.length, 0)
})

test('any bytes make messages and attributes that lie within them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      for (const { body } of parseMessages(bytes)) assert.ok(body.length <= bytes.length)
      for (const payload of attributes(bytes).values()) assert.ok(payload.length <= bytes.length)
    }),
  )
})
