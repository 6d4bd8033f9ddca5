// When the reader looks: at sources made here, which never run dry and never wake it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeLinux } from '../sys/fake.ts'
import { nowMs, type ReadablePoll, withLinux } from '../sys/index.ts'
import { EventReader, type EventSource } from './event-reader.ts'

const poll: ReadablePoll = { start() {}, stop() {}, ref() {}, unref() {}, close() {} }
const neverReadable = () => fakeLinux({ calls: { pollReadable: () => poll } })

const endless = (): EventSource => ({ fd: -1, drain: () => 1, isEmpty: () => false })

const readerOf = (intervalMs: number) => withLinux(neverReadable(), () => new EventReader({ intervalMs }))

test('rings added to a busy reader are looked at at once, and then with the others', async () => {
  const intervalMs = 10
  using reader = readerOf(intervalMs)
  const startMs = nowMs()
  reader.addRing(endless())
  reader.start()
  const added = 5
  for (let i = 0; i < added; i++) {
    const before = reader.statistics.lookCount
    reader.addRing(endless())
    assert.equal(reader.statistics.lookCount, before + 1)
  }
  await new Promise(resolve => setTimeout(resolve, 20 * intervalMs))
  const { lookCount } = reader.statistics
  // timers of Node may be a millisecond early
  assert.ok(lookCount <= (nowMs() - startMs) / (intervalMs - 1) + added + 2, `${lookCount} looks`)
  assert.ok(lookCount > added + 1, 'it goes on')
})

test('a reader can be stopped and started again', async () => {
  using reader = readerOf(1)
  let [left, taken] = [3, 0]
  const drain = () => {
    if (left === 0) return 0
    left--
    taken++
    return 1
  }
  reader.addRing({ fd: -1, drain, isEmpty: () => left === 0 })
  for (const expected of [3, 6]) {
    reader.start()
    assert.equal(await reader.stop(), true)
    assert.equal(taken, expected)
    left = 3
  }
})
