// What scripts print, against what bpftrace 0.27 prints for the same values.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from '../../text/index.ts'
import { bucketCount, bucketOf } from '../buckets.ts'
import type { ScriptMap } from '../compiled.ts'
import { layoutOf, placeElements } from '../layout.ts'
import { byteString } from '../source.ts'
import {
  type AggregateType,
  bool,
  int8,
  int32,
  int64,
  type ScriptType,
  string,
  tuple,
  uint64,
} from '../type.ts'
import { checkFormat, parseFormat } from './format.ts'
import { JsonOutput } from './json-output.ts'
import { emptyScalar, mapView, type RawElement } from './map-view.ts'
import type { Names } from './names.ts'
import { Printf } from './printf.ts'
import { decodeShown } from './shown.ts'
import { TextOutput } from './text-output.ts'

const names: Names = {
  truncationTrailer: '..',
  ksym: address => `k${address}`,
  usym: (address, tgid) => `u${address}@${tgid}`,
  stack: (type, id) => `\n        ${type.kind}${id}\n`,
  inet: (family, bytes) => `${family}:${bytes[0]}`,
  timestamp: ns => `t${ns}`,
  cgroupPath: id => `c${id}`,
  named: (table, number) => `${table}${number}`,
  epochMs: taiNs => Number(taiNs / 1_000_000n),
}

type Plain = bigint | boolean | string | readonly Plain[]

/** Stores a plain value as the kernel half would. */
function store(type: ScriptType, value: Plain, view: DataView, at: number): void {
  if (type.kind === 'tuple') {
    const { offsets } = placeElements(type)
    for (const [i, element] of type.elements.entries()) {
      store(element, (value as readonly Plain[])[i]!, view, at + offsets[i]!)
    }
  } else if (type.kind === 'string') {
    const bytes = Buffer.from(value as string, 'utf8')
    for (const [i, byte] of bytes.entries()) view.setUint8(at + i, byte)
  } else if (type.kind === 'buffer') {
    const bytes = Buffer.from(value as string, 'latin1')
    view.setUint32(at, bytes.length, true)
    for (const [i, byte] of bytes.entries()) view.setUint8(at + 4 + i, byte)
  } else {
    const { sizeBytes } = layoutOf(type)
    const bits = BigInt.asUintN(64, BigInt(value as bigint | boolean))
    for (let i = 0; i < Math.min(sizeBytes, 8); i++)
      view.setUint8(at + i, Number((bits >> BigInt(8 * i)) & 255n))
  }
}

function stored(type: ScriptType, value: Plain): DataView {
  const view = new DataView(new ArrayBuffer(layoutOf(type).sizeBytes))
  store(type, value, view, 0)
  return view
}

const latin1 = (out: ByteWriter) => Buffer.from(out.view()).toString('latin1')

function checkPrintf(
  format: string,
  args: readonly (readonly [ScriptType, Plain])[],
  expected: string,
): void {
  const types = args.map(([type]) => type)
  const all = tuple(types)
  const view = stored(
    all,
    args.map(([, value]) => value),
  )
  const printf = new Printf(byteString(format), types, names)
  const out = new ByteWriter(4)
  printf.write(out, view, new Uint8Array(view.buffer), 0, view.byteLength)
  assert.equal(latin1(out), Buffer.from(expected).toString('latin1'))
  assert.equal(printf.text(view, 0, view.byteLength), latin1(out), 'the slow way says the same')
}

function checkValue(type: ScriptType, value: Plain, text: string, json: string): void {
  const [out, err] = [new ByteWriter(), new ByteWriter()]
  const shown = decodeShown(type, stored(type, value), 0, names)
  new TextOutput(out, err, names.epochMs).value(shown)
  assert.equal(latin1(out), `${text}\n`)
  out.clear()
  new JsonOutput(out, names.epochMs).value(shown)
  assert.equal(latin1(out), `{"type": "value", "data": ${json}}\n`)
}

interface MapCase {
  readonly key?: ScriptType
  readonly value: ScriptType
  readonly elements: readonly (readonly [Plain, DataView])[]
  readonly top?: number
  readonly div?: number
}

function checkMap({ key, value, elements, top, div }: MapCase, text: string, json: string): void {
  const store = { kind: 'map', map: 'm', perCpu: true } as const
  const map: ScriptMap = { name: '@x', ...(key === undefined ? {} : { key }), value, store }
  const raw: RawElement[] = elements.map(([k, shares]) => ({
    key: new Uint8Array(key === undefined ? new ArrayBuffer(0) : stored(key, k).buffer),
    shares: new Uint8Array(shares.buffer),
  }))
  const view = mapView(map, raw, layoutOf(value).sizeBytes, names, {
    ...(top === undefined ? {} : { top }),
    ...(div === undefined ? {} : { div }),
  })
  const [out, err] = [new ByteWriter(), new ByteWriter()]
  new TextOutput(out, err, names.epochMs).map(view)
  assert.equal(latin1(out), text)
  out.clear()
  new JsonOutput(out, names.epochMs).map(view)
  assert.equal(latin1(out), json)
}

const words = (...values: bigint[]) =>
  new DataView(BigUint64Array.from(values.map(v => BigInt.asUintN(64, v))).buffer)

function counted(type: Extract<AggregateType, { kind: 'hist' | 'lhist' }>, ...values: bigint[]): DataView {
  const counts = Array<bigint>(bucketCount(type)).fill(0n)
  for (const value of values) counts[bucketOf(type, value)]! += 1n
  return words(...counts)
}

const BAR = '@'.repeat(52)

test('printf prints numbers in the width of C arguments', () => {
  const big: readonly [ScriptType, Plain] = [int64, 123456789012n]
  checkPrintf('%d %u %x %ld|', [big, big, big, big], '-1097262572 3197704724 be991a14 123456789012|')
  checkPrintf(
    '%hhd %hd %lld %zu',
    [
      [int64, 511n],
      [int64, 70000n],
      [int64, -5n],
      [int64, 6n],
    ],
    '-1 4464 -5 6',
  )
  checkPrintf(
    '%5d|%-5d|%05d|%c|%p',
    [
      [int8, 6n],
      [int8, 7n],
      [int8, 8n],
      [int8, 65n],
      [int8, 9n],
    ],
    '    6|7    |00008|A|0x9',
  )
  checkPrintf(
    '%#x %+d %o %X %#o',
    [
      [int32, 255n],
      [int8, 3n],
      [int8, 8n],
      [int32, 171n],
      [int8, 8n],
    ],
    '0xff +3 10 AB 010',
  )
  checkPrintf(
    '%x %lx %u %lu',
    [
      [int8, -1n],
      [int8, -1n],
      [int8, -1n],
      [int8, -1n],
    ],
    'ffffffff ffffffffffffffff 4294967295 18446744073709551615',
  )
})

test('printf prints strings, tuples, buffers and what has words', () => {
  checkPrintf(
    '%s|%5s|%-5s|%%',
    [
      [string(8), 'é'],
      [string(8), 'ab'],
      [string(8), 'ab'],
    ],
    'é|   ab|ab   |%',
  )
  checkPrintf(
    '%s %5s %d',
    [
      [tuple([int8, string(4)]), [1n, 'a']],
      [bool, true],
      [bool, true],
    ],
    '(1, a)  true 1',
  )
  const buffer: readonly [ScriptType, Plain] = [{ kind: 'buffer', capacity: 3 }, 'ab\x01']
  checkPrintf('%r|%rx|%rh', [buffer, buffer, buffer], 'ab\\x01|\\x61\\x62\\x01|61 62 01')
  checkPrintf('%s', [[string(2), 'ab']], 'ab..')
  checkPrintf(
    '%s %s',
    [
      [int64, -5n],
      [uint64, 5n],
    ],
    '-5 5',
  )
  checkPrintf('100%% %s', [[{ kind: 'ksym' }, 7n]], '100% k7')
})

test('formats are checked against their arguments', () => {
  const word = (type: ScriptType) => type.kind
  const check = (format: string, args: ScriptType[]) => checkFormat(parseFormat(format), args, word)
  assert.equal(check('%d %s', [int8, int8]), undefined)
  assert.equal(check('%d', []), 'not enough arguments for format string (0 supplied, 1 expected)')
  assert.equal(check('x', [int8]), 'too many arguments for format string (1 supplied, 0 expected)')
  assert.equal(check('%d', [string(4)]), "unsupported format specifier for type 'string': d")
  assert.equal(check('%r', [int8]), "unsupported format specifier for type 'integer': r")
  assert.equal(check('%f', [int8]), 'unsupported format specifier: f')
})

test('values', () => {
  checkValue(int8, -3n, '-3', '-3')
  checkValue(bool, true, 'true', 'true')
  checkValue(uint64, (1n << 64n) - 1n, '18446744073709551615', '"18446744073709551615"')
  checkValue(tuple([int8, string(4), tuple([int8])]), [1n, 'a"', [2n]], '(1, a", (2))', '[1,"a\\"",[2]]')
  checkValue(
    tuple([int8, string(8)], ['size', 'color']),
    [2n, 'green'],
    '{ .size = 2, .color = green }',
    '{"size": 2, "color": "green"}',
  )
  checkValue({ kind: 'array', element: int32, count: 1, space: 'none' }, 5n, '[5]', '[5]')
  checkValue({ kind: 'pointer', to: { kind: 'none' }, space: 'none' }, 16n, '0x10', '16')
  checkValue({ kind: 'mac' }, 0x0605040302ffn, 'FF:02:03:04:05:06', '"FF:02:03:04:05:06"')
  const values = new Map([[1n, 'ONE']])
  checkValue({ kind: 'enum', name: 'e', bits: 32, signed: false, values }, 1n, 'ONE', '1')
  checkValue({ kind: 'enum', name: 'e', bits: 32, signed: false, values }, 2n, '2', '2')
})

test('a bit field is taken out of its bytes', () => {
  const def = {
    name: 's',
    union: false,
    sizeBytes: 4,
    members: () => [
      { name: 'a', type: int32, offsetBytes: 0, bits: { offset: 3, size: 4 } },
      { name: 'b', type: uint64, offsetBytes: 0, bits: { offset: 7, size: 10 } },
    ],
  }
  const view = stored(int32, (0b1111n << 3n) | (777n << 7n))
  const shown = decodeShown({ kind: 'struct', def, space: 'none' }, view, 0, names)
  assert.deepEqual(shown, {
    kind: 'record',
    fields: [
      ['a', -1n],
      ['b', 777n],
    ],
  })
})

test('maps are sorted by value where values are numbers, else by key', () => {
  checkMap(
    {
      key: string(4),
      value: { kind: 'count' },
      elements: [
        ['a', words(9n)],
        ['b', words(2n)],
        ['c', words(2n)],
      ],
    },
    '@x[b]: 2\n@x[c]: 2\n@x[a]: 9\n',
    '{"type": "map", "data": {"@x": {"b": 2, "c": 2, "a": 9}}}\n',
  )
  checkMap(
    {
      key: tuple([int32, string(4)]),
      value: string(4),
      elements: [
        [[2n, 'a'], stored(string(4), 'x')],
        [[-1n, 'b'], stored(string(4), 'y')],
      ],
    },
    '@x[-1, b]: y\n@x[2, a]: x\n',
    '{"type": "map", "data": {"@x": {"-1,b": "y", "2,a": "x"}}}\n',
  )
  const elements = [
    ['a', words(10n)],
    ['b', words(20n)],
    ['c', words(30n)],
  ] as const
  checkMap(
    { key: string(4), value: { kind: 'count' }, elements, top: 2, div: 10 },
    '@x[b]: 2\n@x[c]: 3\n',
    '{"type": "map", "data": {"@x": {"b": 2, "c": 3}}}\n',
  )
})

test('the shares of all CPUs are added up', () => {
  checkMap(
    { value: { kind: 'sum', signed: true }, elements: [['', words(5n, 0n, -7n, 0n)]] },
    '@x: -2\n',
    '{"type": "map", "data": {"@x": -2}}\n',
  )
  checkMap(
    { value: { kind: 'min', signed: true }, elements: [['', words(0n, 0n, -7n, 1n, 3n, 1n)]] },
    '@x: -7\n',
    '{"type": "map", "data": {"@x": -7}}\n',
  )
  checkMap(
    { value: { kind: 'max', signed: false }, elements: [['', words(9n, 1n, 0n, 0n)]] },
    '@x: 9\n',
    '{"type": "map", "data": {"@x": 9}}\n',
  )
  checkMap(
    { value: { kind: 'avg', signed: true }, elements: [['', words(4n, 1n, 5n, 2n)]] },
    '@x: 3\n',
    '{"type": "stats", "data": {"@x": 3}}\n',
  )
  checkMap(
    { key: int32, value: { kind: 'stats', signed: false }, elements: [[1n, words(4n, 1n, 5n, 2n)]] },
    '@x[1]: { .count = 3, .average = 3, .total = 9 }\n',
    '{"type": "stats", "data": {"@x": {"1": {"count": 3, "average": 3, "total": 9}}}}\n',
  )
})

test('histograms', () => {
  const hist = { kind: 'hist', bits: 0 } as const
  checkMap(
    { value: hist, elements: [['', counted(hist, -4n, 0n, 1n, 1n, 5n, 3000n)]] },
    `@x:
(..., 0)               1 |${'@'.repeat(26).padEnd(52)}|
[0]                    1 |${'@'.repeat(26).padEnd(52)}|
[1]                    2 |${BAR}|
[2, 4)                 0 |${''.padEnd(52)}|
[4, 8)                 1 |${'@'.repeat(26).padEnd(52)}|
${[8, 16, 32, 64, 128, 256].map(n => `${`[${n}, ${2 * n})`.padEnd(16)}       0 |${''.padEnd(52)}|`).join('\n')}
[512, 1K)              0 |${''.padEnd(52)}|
[1K, 2K)               0 |${''.padEnd(52)}|
[2K, 4K)               1 |${'@'.repeat(26).padEnd(52)}|

`,
    `{"type": "hist", "data": {"@x": [{"max": -1, "count": 1},{"min": 0, "max": 0, "count": 1},{"min": 1, "max": 1, "count": 2},{"min": 2, "max": 3, "count": 0},{"min": 4, "max": 7, "count": 1},${[8, 16, 32, 64, 128, 256, 512, 1024].map(n => `{"min": ${n}, "max": ${2 * n - 1}, "count": 0}`).join(',')},{"min": 2048, "max": 4095, "count": 1}]}}\n`,
  )
  const lhist = { kind: 'lhist', min: 0n, max: 10n, step: 2n } as const
  checkMap(
    { key: int32, value: lhist, elements: [[7n, counted(lhist, 5n, 10n)]] },
    `@x[7]:
[4, 6)                 1 |${BAR}|
[6, 8)                 0 |${''.padEnd(52)}|
[8, 10)                0 |${''.padEnd(52)}|
[10, ...)              1 |${BAR}|

`,
    '{"type": "hist", "data": {"@x": {"7": [{"min": 4, "max": 5, "count": 1},{"min": 6, "max": 7, "count": 0},{"min": 8, "max": 9, "count": 0},{"min": 10, "count": 1}]}}}\n',
  )
})

test('a time series is drawn interval by interval', () => {
  const value = {
    kind: 'tseries',
    intervalNs: 1_000_000n,
    buckets: 4,
    aggregate: 'sum',
    signed: true,
  } as const
  const start = BigInt(new Date(2026, 0, 1, 10, 0, 0).getTime())
  const one = words(start, 4n, 1n, start + 1n, 1n, 1n, 0n, 0n, 0n, start + 3n, 10n, 1n)
  const row = (time: string, cell: number, v: string) => {
    const cells = `|${' '.repeat(51)}|`.split('')
    if (cell >= 0) cells[cell] = '*'
    return `${time} ${cells.join('')} ${v}\n`
  }
  checkMap(
    { value, elements: [['', one]] },
    `@x:
             1                                                  10
hh:mm:ss.ms  |${'_'.repeat(51)}|
${row('10:00:00.000', 17, '4')}${row('10:00:00.001', 0, '1')}${row('10:00:00.002', -1, '-')}${row('10:00:00.003', 52, '10')}             v${'_'.repeat(51)}v
             1                                                  10

`,
    '{"type": "tseries", "data": {"@x": [{"interval_start":"2026-01-01 10:00:00.000000000","value":4},{"interval_start":"2026-01-01 10:00:00.001000000","value":1},{"interval_start":"2026-01-01 10:00:00.003000000","value":10}]}}\n',
  )
})

test('a scalar that was never written is zero', () => {
  const store = { kind: 'map', map: 'm', perCpu: true } as const
  const out = new ByteWriter()
  new TextOutput(out, new ByteWriter(), names.epochMs).map(
    emptyScalar({ name: '@c', value: { kind: 'count' }, store }, names),
  )
  assert.equal(latin1(out), '@c: 0\n')
})
