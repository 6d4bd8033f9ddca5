// Names with wildcards, held against a regular expression.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nameMatcher } from './name-pattern.ts'

test('as a regular expression matches', () => {
  const letters = (chars: string) => fc.string({ unit: fc.constantFrom(...chars), maxLength: 8 })
  fc.assert(
    fc.property(letters('ab*'), letters('ab'), (pattern, name) => {
      assert.equal(nameMatcher(pattern)(name), new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name))
    }),
    { numRuns: 2000 },
  )
})
