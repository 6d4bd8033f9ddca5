// The hand-written table names calls that exist, with as many arguments as the kernel declares.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ABI_COMPAT,
  ABI_NATIVE,
  CAPTURE_ARGV,
  CAPTURE_COUNT,
  CAPTURE_CSTR,
  CAPTURE_FD,
} from '../../record.ts'
import { syscallArguments, syscallNames, syscallNumber } from '../../tables/index.ts'
import { capturesOf } from '../captures.ts'
import { CALLS, specOf } from './index.ts'

const TABLES = [
  ['x86_64', ABI_NATIVE],
  ['x86_64', ABI_COMPAT],
  ['aarch64', ABI_NATIVE],
] as const

test('every entry is a call of some machine', () => {
  // names of the same calls on machines for which there is no table
  const elsewhere = new Set(['cacheflush', 'sendfile64'])
  const known = new Set<string>(TABLES.flatMap(([machine, abi]) => syscallNames(machine, abi)))
  assert.deepEqual(
    [...CALLS.keys()].filter(name => !known.has(name) && !elsewhere.has(name)),
    [],
  )
})

test('every entry has the arguments that the kernel declares', () => {
  // their fifth is the offset's high half, of which nothing is left on 64-bit machines
  const fewer = new Set(['preadv', 'pwritev'])
  const wrong: string[] = []
  for (const [machine, abi] of TABLES) {
    for (const [nr, name] of syscallNames(machine, abi).entries()) {
      const declared = syscallArguments(machine, abi, name)
      if (name === '' || declared === undefined || fewer.has(name)) continue
      const own = specOf(machine, abi, nr).spec.args.length
      if (own !== declared.length) wrong.push(`${machine} ${abi} ${name}: ${own} and not ${declared.length}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('every implemented call of x86-64 has an entry of its own', () => {
  const without = syscallNames('x86_64', ABI_NATIVE).filter(
    name => name !== '' && syscallArguments('x86_64', ABI_NATIVE, name) !== undefined && !CALLS.has(name),
  )
  assert.deepEqual(without, ['_sysctl'])
})

test('captures', () => {
  const all = (name: string, abi: number) => capturesOf('x86_64', abi, syscallNumber('x86_64', abi, name)!)
  const of = (name: string, abi = ABI_NATIVE) =>
    all(name, abi)
      .filter(({ op }) => op !== CAPTURE_FD)
      .map(({ op, arg, when }) => `${when}:${op}:${arg}`)
      .join(' ')
  const check = (name: string, expected: string) => assert.equal(of(name), expected, name)
  const descriptors = (name: string) =>
    all(name, ABI_NATIVE)
      .filter(({ op }) => op === CAPTURE_FD)
      .map(({ arg, when, length }) => `${when}:${length?.kind === 'result' ? 'result' : arg}`)
      .join(' ')
  assert.equal(descriptors('getppid'), '')
  assert.equal(descriptors('dup2'), 'entry:0 entry:1 exit:result')
  assert.equal(descriptors('linkat'), 'entry:0 entry:2')
  assert.equal(descriptors('mmap'), 'entry:4')
  check('getppid', '')
  check('openat', `entry:${CAPTURE_CSTR}:1`)
  check('read', 'exit:2:1')
  check('write', 'entry:2:1')
  check('execve', `entry:${CAPTURE_CSTR}:0 entry:${CAPTURE_ARGV}:1 entry:${CAPTURE_COUNT}:2`)
  check('accept', 'entry:2:2 exit:2:1 exit:2:2')
  check('rename', `entry:${CAPTURE_CSTR}:0 entry:${CAPTURE_CSTR}:1`)
  check('writev', 'entry:4:1')
  assert.equal(of('openat', ABI_COMPAT), `entry:${CAPTURE_CSTR}:1`)
  assert.equal(of('writev', ABI_COMPAT), '')
  assert.deepEqual(capturesOf('x86_64', ABI_NATIVE, 9999), [])
  const statBytes = (machine: 'x86_64' | 'aarch64') =>
    capturesOf(machine, ABI_NATIVE, syscallNumber(machine, ABI_NATIVE, 'fstat')!)[0]?.limit
  assert.deepEqual([statBytes('x86_64'), statBytes('aarch64')], [144, 128])
})

test('what is fetched after a failure too', () => {
  const names = syscallNames('x86_64', ABI_NATIVE).filter((_, nr) =>
    capturesOf('x86_64', ABI_NATIVE, nr).some(({ evenOnError }) => evenOnError === true),
  )
  assert.deepEqual(names, [
    'ioctl',
    'readv',
    'nanosleep',
    'fcntl',
    'prctl',
    'clock_nanosleep',
    'preadv',
    'preadv2',
  ])
})

test('no capture names an argument that is not there, and no call has more than eight', () => {
  for (const [machine, abi] of TABLES) {
    for (const nr of syscallNames(machine, abi).keys()) {
      const captures = capturesOf(machine, abi, nr)
      assert.ok(captures.length <= 8, `${machine} ${abi} ${nr}: ${captures.length}`)
      for (const { arg, length } of captures) {
        assert.ok(arg < 6)
        if (length?.kind === 'argument' || length?.kind === 'pointee') assert.ok(length.arg < 6)
      }
    }
  }
})
