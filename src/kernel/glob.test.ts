// Wildcards, held against a regular expression and a table.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatcher, isGlob } from './glob.ts'

test('as a regular expression matches', () => {
  const letters = (chars: string) => fc.string({ unit: fc.constantFrom(...chars), maxLength: 8 })
  fc.assert(
    fc.property(letters('ab*?'), letters('ab'), (pattern, name) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
      assert.equal(globMatcher(pattern)(name), expected)
    }),
    { numRuns: 1000 },
  )
})

for (const [pattern, name, expected] of [
  ['sys_[a-c]*', 'sys_bind', true],
  ['sys_[!a-c]*', 'sys_bind', false],
  ['[', '[', true],
  ['a.b', 'axb', false],
  ['$x*(', '$xy(', true],
] as const)
  test(`${pattern} and ${name}`, () => assert.equal(globMatcher(pattern)(name), expected))

test('a name is no pattern', () =>
  assert.deepEqual(['vfs_read', 'a*', 'a?', 'a['].map(isGlob), [false, true, true, true]))
