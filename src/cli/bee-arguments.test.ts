// The command line of `bee`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBeeArguments } from './bee-arguments.ts'

const parse = (line: string) => parseBeeArguments(line === '' ? [] : line.split(' '))

function script(line: string) {
  const args = parse(line)
  assert.equal(args.kind, 'script')
  return args.kind === 'script' ? args : assert.fail()
}

test('a script in a file: our options anywhere before --, its own behind', () => {
  const { source, positional, named, options } = script('-q -f json a.bt x -v -- y --opt=1 --flag -z')
  assert.deepEqual(source, { kind: 'file', path: 'a.bt' })
  assert.deepEqual(positional, ['x', 'y', '-z'])
  assert.deepEqual(named, { opt: '1', flag: '' })
  assert.equal(options.quiet, true)
  assert.equal(options.verbose, true)
  assert.equal(options.format, 'json')
})

test('a script as an argument', () => {
  const { source, positional, options } = script('-e begin{} 5 -c ls 6')
  assert.deepEqual(source, { kind: 'text', text: 'begin{}' })
  assert.deepEqual(positional, ['5', '6'])
  assert.equal(options.command, 'ls')
  assert.deepEqual(script('-e begin{} -- -x').positional, ['-x'])
  assert.deepEqual(script('a.bt 1 -- -v').positional, ['1', '-v'])
  const behind = script('a.bt -p 12 12 --probe-filter=:x')
  assert.equal(behind.options.pid, 12)
  assert.deepEqual(behind.options.probeFilter, /:x/)
  assert.deepEqual(behind.positional, ['12'])
  assert.deepEqual(script('-').source, { kind: 'file', path: '-' })
})

test('listing', () => {
  const check = (line: string, pattern: string | undefined, verbose: boolean) => {
    const args = parse(line)
    assert.ok(args.kind === 'list')
    assert.equal(args.pattern, pattern)
    assert.equal(args.options.verbose, verbose)
  }
  check('-l', undefined, false)
  check('-lv a:*', 'a:*', true)
  check('-l a:* -v', 'a:*', true)
  check('-v -l a:*', 'a:*', true)
  check('-l -e a:*', 'a:*', false)
})

test('what cannot be is refused by name', () => {
  const refuse = (line: string, words: RegExp) => assert.throws(() => parse(line), words)
  refuse('', /name a script/)
  refuse('-f xml -e x', /Invalid output format "xml"/)
  refuse('-p x -e y', /invalid integer: x/)
  refuse('-p 1x -e y', /invalid trailing bytes: 1x/)
  refuse('-p 5000000 -e y', /Pid out of range: 5000000/)
  refuse('-e x --own=1', /--own/)
  refuse('-p 1 -c ls -e y', /exclude each other/)
  refuse('--nope', /--nope/)
  refuse('-d ast', /name a script/)
  refuse('-d tokens -e x', /-d takes ast, types, ir, insns/)
  refuse('-l a b', /quote it/)
  refuse('--probe-filter=[ -e x', /Invalid --probe-filter regex '\['/)
})
