// Release texts as distributions write them, and their order.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareReleases, isAtLeast, kernelRelease, parseRelease } from './release.ts'

const check = (text: string, expected: [number, number, number]) =>
  test(`release ${text}`, () => {
    const { major, minor, patch } = parseRelease(text)
    assert.deepEqual([major, minor, patch], expected)
  })

check('5.10.0-28-amd64', [5, 10, 0])
check('6.18.44-fc-v595', [6, 18, 44])
check('7.2-rc3', [7, 2, 0])
check('6.1', [6, 1, 0])
check('6', [6, 0, 0])
check('5.15.0-1053.60~20.04.1-aws', [5, 15, 0])
check('4.18.0-513.el8.x86_64', [4, 18, 0])
check('6.12.107+deb13-amd64', [6, 12, 107])

for (const text of ['', 'linux', '-6.1', '123456789.1'])
  test(`no release: "${text}"`, () => assert.throws(() => parseRelease(text), { code: 'KERNEL_RELEASE' }))

test('releases are ordered by number, not by text', () => {
  const texts = ['7.2', '5.10', '5.9.16', '6.1.0-13-amd64', '5.10.3']
  const sorted = texts
    .map(parseRelease)
    .sort(compareReleases)
    .map(r => r.text)
  assert.deepEqual(sorted, ['5.9.16', '5.10', '5.10.3', '6.1.0-13-amd64', '7.2'])
  assert.equal(isAtLeast(parseRelease('5.10.0-28-amd64'), '5.9'), true)
  assert.equal(isAtLeast(parseRelease('5.10.0-28-amd64'), '5.10'), true)
  assert.equal(isAtLeast(parseRelease('5.10.0-28-amd64'), '5.15'), false)
})

test('the running kernel has a release', () => assert.ok(kernelRelease().major >= 3))
