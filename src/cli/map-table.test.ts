// Maps as tables, histograms and JSON; what --map says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../errors/index.ts'
import type { MapRow } from '../object/index.ts'
import { type MapTableOptions, mapJsonLine, mapTable } from './map-table.ts'
import { type MapSample, parseMapSample } from './sampled-maps.ts'
import { drawSlots } from './slots-histogram.ts'

const tables: [what: string, rows: MapRow[], options: MapTableOptions, lines: string[]][] = [
  ['nothing', [], {}, ['m: empty']],
  [
    'numbers, by value',
    [
      { key: 7, value: 20n },
      { key: 1234, value: 3n },
    ],
    {},
    ['m:', '   KEY  VALUE', '  1234      3', '     7     20'],
  ],
  [
    'structs, by key',
    [
      { key: { pid: 2, comm: 'b\t' }, value: { hits: 1, last: 'x' } },
      { key: { pid: 1, comm: 'aaaaa' }, value: { hits: 100, last: 'y' } },
    ],
    {},
    ['m:', '  PID  COMM   HITS  LAST', '    1  aaaaa   100  y', '    2  b\\x09     1  x'],
  ],
  ['one value', [{ key: undefined, value: 5n }], {}, ['m: 5']],
  ['one struct', [{ key: undefined, value: { a: 1 } }], {}, ['m:', '  A', '  1']],
  [
    'counts that nobody calls slots',
    [{ key: 1, value: [1, 0, 2] }],
    {},
    ['m:', '  KEY  VALUE', '    1  [1 0 2]'],
  ],
  [
    'slots',
    [{ key: 3, value: { slots: [0, 0, 1, 4, 0], comm: 'cat' } }],
    {},
    [
      'm[3], comm cat:',
      `[4, 8)                 1 |${'@'.repeat(13)}${' '.repeat(39)}|`,
      `[8, 16)                4 |${'@'.repeat(52)}|`,
    ],
  ],
  [
    'slots left alone',
    [{ key: 3, value: { slots: [1, 2] } }],
    { histogram: 'none' },
    ['m:', '  KEY  SLOTS', '    3  [1 2]'],
  ],
  [
    'linear',
    [{ key: undefined, value: [0, 7, 0] }],
    { histogram: 'linear' },
    ['m:', `[1]                    7 |${'@'.repeat(52)}|`],
  ],
  ['slots of zeros', [{ key: undefined, value: { slots: [0, 0] } }], {}, ['m: empty']],
]
for (const [what, rows, options, lines] of tables)
  test(`table of ${what}`, () => assert.deepEqual(mapTable('m', rows, options).trimEnd().split('\n'), lines))

test('an array is a histogram when its map is called so', () => {
  assert.match(mapTable('dist', [{ key: 1, value: [0, 1] }]), /^dist\[1\]:\n\[2, 4\) /)
})

test('slot 0 starts at 0, large bounds have a suffix', () => {
  const slots = Array(21).fill(0)
  slots[0] = slots[9] = slots[20] = 1
  const lines = drawSlots(slots).split('\n')
  assert.match(lines[0]!, /^\[0, 2\) /)
  assert.match(lines[9]!, /^\[512, 1K\) /)
  assert.match(lines[20]!, /^\[1M, 2M\) /)
})

test('JSON has key, value and CPUs', () => {
  assert.equal(mapJsonLine('m', { key: { a: 1 }, value: 2n }), '{"map":"m","key":{"a":1},"value":2}\n')
  assert.equal(
    mapJsonLine('m', { key: undefined, value: 3, cpus: [1, 2] }),
    '{"map":"m","value":3,"cpus":[1,2]}\n',
  )
})

const samples: [text: string, sample: MapSample | undefined][] = [
  ['m', { label: 'm' }],
  ['m:1', { label: 'm', intervalMs: 1000 }],
  ['m:0.5s', { label: 'm', intervalMs: 500 }],
  ['.bss:20ms:clear', { label: '.bss', intervalMs: 20, clear: true }],
  ['m:', undefined],
  ['m:clear', undefined],
  ['m:0', undefined],
  ['m:1h', undefined],
  ['m:99999999', undefined],
  ['', undefined],
]
for (const [text, sample] of samples)
  test(`--map ${text}`, () => {
    if (sample === undefined) assert.throws(() => parseMapSample(text), UsageError)
    else assert.deepEqual(parseMapSample(text), sample)
  })
