// strftime against date(1), which has the C library's.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { strftime } from './strftime.ts'

const LETTERS = [...'aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ']

test('every conversion says what date(1) says', () => {
  const times = [0, 951_782_399, 1_230_768_000, 1_735_689_599, 1_767_225_600, 1_704_067_200 + 86_400 * 200]
  const format = LETTERS.map(letter => `${letter}=%${letter}`).join('|')
  for (const seconds of times) {
    const expected = execFileSync('date', ['-d', `@${seconds}`, `+${format}`], {
      encoding: 'latin1',
      env: { ...process.env, LC_ALL: 'C' },
    })
    assert.equal(`${strftime(format, seconds * 1000, 0)}\n`, expected)
  }
})

test('microseconds, percent signs and what is no conversion', () => {
  assert.equal(strftime('%f %% %Q %', 0, 123_456_789), '123456 % %Q %')
})
