// Records as lines.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BtfValue } from '../btf/index.ts'
import type { ObjectEvent } from '../object/index.ts'
import { jsonLine, RecordColumns, toJson } from './record-lines.ts'

const event = (value: BtfValue, label = 'rb'): ObjectEvent =>
  ({ map: { label }, type: undefined, value, cpu: undefined }) as unknown as ObjectEvent

const json: [value: BtfValue, text: string][] = [
  [1, '1'],
  [0xffff_ffff_ffff_ffffn, '18446744073709551615'],
  [true, 'true'],
  ['a"b\n', '"a\\"b\\n"'],
  [Uint8Array.of(1, 255), '"01ff"'],
  [{ a: [1, { b: 2n }] }, '{"a":[1,{"b":2}]}'],
]
for (const [value, text] of json) test(`JSON of ${text}`, () => assert.equal(toJson(value), text))

test('a line of JSON names its map', () => {
  assert.equal(jsonLine(event({ pid: 1 })), '{"map":"rb","data":{"pid":1}}\n')
})

test('columns are aligned, and keep the width they have come to', () => {
  const columns = new RecordColumns(1)
  const lines = [
    columns.line(event({ pid: 12, comm: 'sh', ok: true })),
    columns.line(event({ pid: 123456789, comm: 'a\tb', ok: false })),
    columns.line(event({ pid: 1, comm: '', ok: true })),
  ]
  assert.deepEqual(lines.join('').split('\n'), [
    '    PID  COMM              OK',
    '     12  sh                true',
    '123456789  a\\x09b            false',
    '        1                    true',
    '',
  ])
})

test('with several maps each line says whose it is, under a heading of its own', () => {
  const columns = new RecordColumns(2)
  assert.equal(columns.line(event({ a: 1 }, 'x')).split('\n').length, 3)
  assert.equal(columns.line(event({ a: 1 }, 'x')).split('\n').length, 2)
  assert.equal(columns.line(event(Uint8Array.of(171), 'y')).split('\n')[1], 'y                 ab')
})
