// The command line of `bee run X.bpf.o`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../errors/index.ts'
import { openObject } from '../object/index.ts'
import { objectHelp, parseObjectArguments, setGlobals } from './object-arguments.ts'

const SAMPLE = 'test/object/fixtures/sample.bpf.o'

test('options of ours and those of the object are told apart', () => {
  const options = parseObjectArguments([
    '-j',
    SAMPLE,
    '--only_tgid',
    '7',
    '--event-type',
    'events=event',
    '--map=by_process:2',
    '--lenient',
    '--',
    '--json',
  ])
  assert.deepEqual(options, {
    ...{
      file: SAMPLE,
      json: true,
      help: false,
      lenient: true,
      btf: undefined,
      printk: false,
      type: undefined,
    },
    ...{ types: { events: 'event' }, headers: [], rest: ['--only_tgid', '7', '--json'] },
    maps: [{ label: 'by_process', intervalMs: 2000 }],
  })
  assert.equal(parseObjectArguments([SAMPLE, '--event-type=event']).type, 'event')
  assert.throws(() => parseObjectArguments(['-j']), UsageError)
})

const set: [argv: string[], name: string, value: unknown][] = [
  [['--only_tgid', '7'], 'only_tgid', 7],
  [['--only-tgid=0x10'], 'only_tgid', 16],
  [['--with_events', 'false'], 'with_events', false],
  [['--with_events'], 'with_events', true],
  [['--with_events', '--only_tgid', '3'], 'only_tgid', 3],
  [['--label', 'other'], 'label', 'other'],
  [['--seen=18446744073709551615'], 'seen', 0xffff_ffff_ffff_ffffn],
  [['--answers', '1,2,3,4,5,6,7,8'], 'answers', [1, 2, 3, 4, 5, 6, 7, 8]],
]
for (const [argv, name, value] of set)
  test(`${argv.join(' ')} sets ${name}`, () => {
    using object = openObject(SAMPLE)
    setGlobals(object, argv)
    assert.deepEqual(object.global(name).value, value)
  })

const refused: [argv: string[], message: RegExp][] = [
  [['--olny_tgid', '7'], /has no global variable "olny_tgid": it has .*--only_tgid/],
  [['--only_tgid'], /--only_tgid needs a value/],
  [['--only_tgid', 'x'], /--only_tgid is a number, not "x"/],
  [['--with_events', 'maybe'], /is true or false/],
  [['stray'], /neither an option/],
  [['--only_tgid', '99999999999'], /99999999999/],
]
for (const [argv, message] of refused)
  test(`${argv.join(' ')} is refused`, () => {
    using object = openObject(SAMPLE)
    assert.throws(() => setGlobals(object, argv), message)
  })

test('help lists globals with type and value, and programs', () => {
  using object = openObject(SAMPLE)
  const help = objectHelp(object)
  assert.match(help, /--only_tgid +u32, 0\n/)
  assert.match(help, /--seen +u64, 40\n/)
  assert.match(help, /by_process \(hash\)\n/)
  assert.match(help, /poisoned \(\?raw_tp\/sys_exit\)/)
})
