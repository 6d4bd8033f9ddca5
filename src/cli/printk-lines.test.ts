// Lines of the trace taken apart; whose they are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openObject, patternOf, printkFormats } from '../object/index.ts'
import { PrintkParser, printkJson } from './printk-lines.ts'

test('messages are found, also with several lines, and losses counted', () => {
  const parser = new PrintkParser()
  const all = [
    ...parser.add('            cat-1   [000] ...21    10.000001: bpf_trace_printk: hello\n  my-th read-23'),
    ...parser.add('   [003] d..31    11.5: bpf_trace_printk: two\nlines\n\n'),
    ...parser.add('CPU:1 [LOST 12 EVENTS]\n'),
    ...parser.add(' <idle>-0     (-------) [001] dNs4. 12.25: bpf_trace_printk: \n'),
    ...parser.end(),
  ]
  assert.deepEqual(
    all.map(({ comm, tid, cpu, time, message }) => [comm, tid, cpu, time, message]),
    [
      ['cat', 1, 0, '10.000001', 'hello'],
      ['my-th read', 23, 3, '11.5', 'two\nlines'],
      ['<idle>', 0, 1, '12.25', ''],
    ],
  )
  assert.equal(all[1]!.text, '  my-th read-23   [003] d..31    11.5: bpf_trace_printk: two\nlines')
  assert.equal(parser.lostCount, 12)
  assert.deepEqual(parser.end(), [])
  assert.deepEqual(JSON.parse(printkJson(all[1]!)), {
    ...{ printk: 'two\nlines', comm: 'my-th read', tid: 23, cpu: 3, time: 11.5 },
  })
})

const patterns: [format: string, message: string, fits: boolean][] = [
  ['a', 'a', true],
  ['a', 'ab', false],
  ['pid %d, 100%%\n', 'pid -12, 100%', true],
  ['pid %d, 100%%\n', 'pid -12, 100', false],
  ['%-5s|%08llx|%pI4|%pks.', 'ab   |0000ffff|127.0.0.1|x.', true],
  ['[%s] (x)*', '[a\nb] (x)*', true],
  ['%.3f%', 'x%', true],
]
for (const [format, message, fits] of patterns)
  test(`${JSON.stringify(format)} and ${JSON.stringify(message)}`, () =>
    assert.equal(patternOf(format).test(message), fits))

test('the formats of an object are found where its programs print', () => {
  const { used, patterns } = printkFormats(openObject('test/object/fixtures/counts.bpf.o').source)
  assert.ok(used)
  assert.deepEqual(
    ['call 3 of us (100%)', 'call of us'].map(line => patterns!.some(each => each.test(line))),
    [true, false],
  )
  assert.equal(printkFormats(openObject('test/object/fixtures/sample.bpf.o').source).used, false)
})
