// What is read of the text that the kernel has for descriptors.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFdInfo, readFdInfo } from './fd-info.ts'

test('numbers by their names', () => {
  const text =
    'pos:\t0\nflags:\t02000002\nmap_type:\t2\nmap_flags:\t0x400\nmemlock:\t4096\nprog_tag:\tabc\nfrozen:\t1\n'
  assert.deepEqual(parseFdInfo(text), { pos: 0, flags: 2000002, map_type: 2, memlock: 4096, frozen: 1 })
})

test('of a descriptor of ours', () => {
  assert.equal(readFdInfo(0).pos === undefined, false)
})
