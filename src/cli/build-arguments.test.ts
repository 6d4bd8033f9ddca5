// The command line of bee build.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../errors/index.ts'
import { parseBuildArguments } from './build-arguments.ts'

const PLAIN = {
  source: 'a.bpf.c',
  header: undefined,
  outputFolder: undefined,
  flags: [],
  clang: undefined,
  vmlinux: undefined,
  objectOnly: false,
  verbose: false,
}
const cases: [argv: string[], expected: object | undefined | RegExp][] = [
  [['a.bpf.c'], PLAIN],
  [['a.bpf.c', 'a.h', '-o', 'out'], { ...PLAIN, header: 'a.h', outputFolder: 'out' }],
  [['-a', '-DX=1 -I.', '-a', '-Wall', 'a.bpf.c'], { ...PLAIN, flags: ['-DX=1', '-I.', '-Wall'] }],
  [
    ['-nv', '--clang-bin', 'clang-19', '--vmlinux=v.h', 'a.bpf.c'],
    { ...PLAIN, objectOnly: true, verbose: true, clang: 'clang-19', vmlinux: 'v.h' },
  ],
  [['--help'], undefined],
  [[], /usage: bee build/],
  [['a.bpf.c', 'a.h', 'b.h'], /usage: bee build/],
  [['a.bpf.o'], /a\.bpf\.o does not end in \.c/],
  [['-y', 'a.bpf.c'], /bee build: Unknown option '-y'/],
]
for (const [argv, expected] of cases)
  test(`bee build ${argv.join(' ')}`, () => {
    if (expected instanceof RegExp)
      assert.throws(
        () => parseBuildArguments(argv),
        (error: unknown) => error instanceof UsageError && expected.test(error.message),
      )
    else assert.deepEqual(parseBuildArguments(argv), expected)
  })
