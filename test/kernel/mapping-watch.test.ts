// Mappings of programs that have ended, as the kernel told of them while they were made.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { test } from 'node:test'
import { type Mapping, MappingWatch, UserSymbols } from '../../src/kernel/index.ts'

test('a program that has ended had its own file and the C library mapped', () => {
  using watch = new MappingWatch(process.pid)
  const { pid } = spawnSync('/bin/true')
  const seen: Mapping[] = []
  watch.drain((owner, mapping) => {
    if (owner === pid) seen.push(mapping)
  })
  assert.ok(
    seen.some(({ path }) => realpathSync(path) === realpathSync('/bin/true')),
    JSON.stringify(seen),
  )
  const libc = seen.find(({ path }) => /\/libc\.so/.test(path))!
  assert.ok(libc.end > libc.start && libc.inode > 0)
  watch.drain(owner => assert.notEqual(owner, pid, 'told once'))

  using symbols = new UserSymbols()
  for (const mapping of seen) symbols.noteMapping(pid, mapping)
  const inside = symbols.symbolize(pid, libc.start + 0x1000)
  assert.equal(inside?.module, libc.path)
})

test('mappings of others are not told', () => {
  using watch = new MappingWatch(process.pid)
  watch.drain(() => {})
  spawnSync('/bin/true')
  const owners = new Set<number>()
  watch.drain(owner => owners.add(owner))
  assert.equal(owners.size, 1)
})
