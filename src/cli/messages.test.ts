// Messages of `bee`: their bytes and their colour.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coloured, isColoured, messageBytes, reasonOf } from './messages.ts'

const bytes = (what: string, text: string, expected: string) =>
  test(`bytes of ${what}`, () => {
    assert.deepEqual(Buffer.from(messageBytes(text)), Buffer.from(expected, 'latin1'))
  })

bytes('ASCII', 'a\tb\n', 'a\tb\n')
bytes('a byte string of a script', 'caf\xc3\xa9\n', 'caf\xc3\xa9\n')
bytes('the name of a file, as Node tells it', 'caf\u00e9\n', 'caf\xc3\xa9\n')
bytes('what no byte can be', 'a\u2026\n', 'a\xe2\x80\xa6\n')
bytes('a line of either kind', 'caf\u00e9\ncaf\xc3\xa9\n', 'caf\xc3\xa9\ncaf\xc3\xa9\n')

const colour = (what: string, text: string, expected: string) =>
  test(`colour of ${what}`, () => assert.equal(coloured(text), expected))

colour('an error', 'ERROR: a: b\nHINT: c\n', '\u001b[31mERROR: a: b\u001b[0m\nHINT: c\n')
colour('a warning', 'WARNING: a\n', '\u001b[33mWARNING: a\u001b[0m\n')
colour(
  'a place and its excerpt',
  'stdin:1:9-20: ERROR: x\nbegin { f() }\n        ~~~\n',
  '\u001b[31mstdin:1:9-20: ERROR: x\u001b[0m\nbegin { f() }\n        ~~~\n',
)
colour('other lines', 'Attached 1 probe\nthe ERROR: x\n', 'Attached 1 probe\nthe ERROR: x\n')

test('BPFTRACE_COLOR decides, and the terminal where it does not', () => {
  assert.deepEqual(
    [undefined, 'auto', 'always', 'never', 'x'].map(mode => [
      isColoured(mode, false),
      isColoured(mode, true),
    ]),
    [
      [false, true],
      [false, true],
      [true, true],
      [false, false],
      [false, true],
    ],
  )
})

test('why a call failed, as the C library says it', () => {
  assert.equal(
    reasonOf(Object.assign(new Error('ENOENT: x, open'), { errno: -2 })),
    'No such file or directory',
  )
  assert.equal(reasonOf(new Error('else')), 'else')
})
