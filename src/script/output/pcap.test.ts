// The pcap format, against what its manual page says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pcapHeader, pcapPacketHeader } from './pcap.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('a file begins as pcap-savefile(5) says', () => {
  assert.equal(hex(pcapHeader()), 'd4c3b2a1020004000000000000000000' + '00001000' + '65000000')
})

test('a packet is preceded by its time in microseconds and its length, twice', () => {
  assert.equal(
    hex(pcapPacketHeader(1_000_000_001_000_002_999n, 0x54)),
    '01ca9a3b' + '02000000' + '54000000' + '54000000',
  )
})
