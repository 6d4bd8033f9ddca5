// Addresses as the C library's inet_ntop writes them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inetText } from './inet.ts'

const check6 = (hex: string, expected: string) =>
  assert.equal(inetText(10, Buffer.from(hex, 'hex')), expected)

test('IPv4', () => assert.equal(inetText(2, Uint8Array.of(127, 0, 0, 1, 9, 9)), '127.0.0.1'))

test('IPv6', () => {
  check6('00000000000000000000000000000001', '::1')
  check6('00000000000000000000000000000000', '::')
  check6('20010db8000000000000000000000001', '2001:db8::1')
  check6('20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1')
  check6('20010000000100000000000100000000', '2001:0:1::1:0:0')
  check6('fe800000000000000204061fffe15bb2', 'fe80::204:61f:ffe1:5bb2')
  check6('00000000000000000000ffff7f000001', '::ffff:127.0.0.1')
  check6('fe800000000000000000000000000000', 'fe80::')
})
