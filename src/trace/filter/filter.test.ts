// What -e trace= lets through, and what it says of mistakes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BeetraceError } from '../../errors/errors.ts'
import { ABI_COMPAT, ABI_NATIVE } from '../record.ts'
import { syscallNames } from '../tables/index.ts'
import { editDistance, nearest } from './nearest.ts'
import { parseTraceSet } from './trace-set.ts'

const names = (text: string, abi: 0 | 1 = ABI_NATIVE) =>
  [...parseTraceSet('x86_64', text)[abi]].map(nr => syscallNames('x86_64', abi)[nr]).join(' ')

test('sets', () => {
  const check = (text: string, expected: string) => assert.equal(names(text), expected)
  check('read', 'read')
  check('open,openat', 'open openat')
  check(' open , close ', 'open close')
  check('none', '')
  check('0,2', 'read open')
  check('/^get.*pid$', 'getpid getppid')
  check('?nosuch,read', 'read')
  check('%%stat', 'stat fstat lstat newfstatat statx')
  check('%statfs', 'statfs')
  check('%pure', 'getpid getuid getgid geteuid getegid getppid getpgrp gettid')
  check('read@64', 'read')
  check('?read@32', '')
  assert.equal(names('getppid', ABI_COMPAT), 'getppid')
  assert.equal(names('getppid@64', ABI_COMPAT), '')
  assert.equal(names('stat64', ABI_COMPAT), 'stat64')
  assert.equal(parseTraceSet('x86_64', 'all')[ABI_NATIVE].size, 385)
  assert.equal(parseTraceSet('x86_64', '!read,write')[ABI_NATIVE].size, 383)
  assert.equal(parseTraceSet('aarch64', 'openat')[ABI_NATIVE].has(56), true)
})

test('classes hold what their names say', () => {
  const has = (text: string, ...wanted: string[]) => {
    const found = names(text).split(' ')
    for (const name of wanted) assert.ok(found.includes(name), `${text} lacks ${name}`)
  }
  has('%file', 'open', 'openat', 'execve', 'stat', 'unlink', 'chdir', 'rename', 'statx', 'readlink')
  has('file', 'open')
  has('%process', 'execve', 'clone', 'clone3', 'fork', 'vfork', 'wait4', 'exit_group', 'kill')
  has('%network', 'socket', 'connect', 'sendmsg', 'sendfile')
  has('%net', 'socket')
  has('%signal', 'rt_sigaction', 'kill', 'signalfd4')
  has('%ipc', 'shmget', 'semop', 'msgsnd')
  has('%desc', 'read', 'write', 'close', 'poll', 'mmap', 'epoll_wait')
  has('%memory', 'mmap', 'brk', 'mprotect')
  has('%creds', 'getuid', 'setgroups', 'prctl')
  has('%clock', 'clock_gettime', 'gettimeofday')
})

test('mistakes say which item, and what may have been meant', () => {
  const check = (text: string, message: string) =>
    assert.throws(
      () => parseTraceSet('x86_64', text),
      (error: unknown) => {
        assert.ok(error instanceof BeetraceError)
        assert.equal(error.code, 'BAD_FILTER')
        assert.equal(error.message, message)
        return true
      },
    )
  check('opnat', 'trace set "opnat": no system call matches "opnat"; did you mean "openat"?')
  check('qqqqqq', 'trace set "qqqqqq": no system call matches "qqqqqq"')
  check('%fiel', 'trace set "%fiel": there is no class "%fiel"; did you mean "%file"?')
  check('read,', 'trace set "read,": an item is empty')
  check('', 'trace set "": an item is empty')
  check('/(', 'trace set "/(": "/(" is no regular expression')
  check('99999', 'trace set "99999": no system call matches "99999"')
})

test('any text makes a set or a BeetraceError', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      try {
        parseTraceSet('x86_64', text)
      } catch (error) {
        assert.ok(error instanceof BeetraceError)
      }
    }),
  )
})

test('distances', () => {
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('abc', 'abc'), 0)
  assert.equal(editDistance('ab', 'ba'), 1)
  assert.equal(editDistance('kitten', 'sitting'), 3)
  assert.equal(nearest('raed', ['write', 'read']), 'read')
  assert.equal(nearest('xyz', ['write', 'read']), undefined)
})
