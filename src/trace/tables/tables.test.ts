// The checked-in tables are what the facts render to, and say what is known of well-known calls and constants.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readTraceFacts } from '../../../scripts/gen/trace/read-facts.ts'
import { renderTraceTables } from '../../../scripts/gen/trace/render.ts'
import { constantFamily, type Machine, syscallNames, syscallNumber } from '../../kernel/uapi/index.ts'
import { ABI_COMPAT, ABI_NATIVE } from '../record.ts'
import { errnoOf, isRestart } from './errors.ts'
import { syscallArguments } from './syscalls.ts'

test('the checked-in tables are what the facts render to', () => {
  for (const [file, text] of renderTraceTables(readTraceFacts())) {
    assert.equal(readFileSync(file, 'utf8'), text, file)
  }
})

test('numbers and names', () => {
  const check = (machine: Machine, abi: number, name: string, nr: number) => {
    assert.equal(syscallNumber(machine, abi, name), nr)
    assert.equal(syscallNames(machine, abi)[nr], name)
  }
  check('x86_64', ABI_NATIVE, 'read', 0)
  check('x86_64', ABI_NATIVE, 'openat', 257)
  check('x86_64', ABI_NATIVE, 'clone3', 435)
  check('x86_64', ABI_COMPAT, 'getppid', 64)
  check('x86_64', ABI_COMPAT, 'openat', 295)
  check('aarch64', ABI_NATIVE, 'openat', 56)
  assert.equal(syscallNumber('aarch64', ABI_NATIVE, 'open'), undefined)
  assert.equal(syscallNumber('x86_64', ABI_NATIVE, ''), undefined)
  assert.equal(syscallNames('x86_64', ABI_NATIVE).filter(name => name !== '').length, 385)
  assert.equal(syscallNames('aarch64', ABI_NATIVE).filter(name => name !== '').length, 327)
})

test('arguments', () => {
  const check = (machine: Machine, abi: number, name: string, declared: string) =>
    assert.equal(
      syscallArguments(machine, abi, name)
        ?.map(({ name, type }) => `${name}:${type}`)
        .join(),
      declared,
    )
  check('x86_64', ABI_NATIVE, 'getppid', '')
  check('x86_64', ABI_NATIVE, 'openat', 'dfd:int,filename:const char *,flags:int,mode:umode_t')
  check('x86_64', ABI_NATIVE, 'fstat', 'fd:unsigned int,statbuf:struct stat *')
  check('x86_64', ABI_COMPAT, 'mmap', 'arg:struct mmap_arg_struct *')
  check('x86_64', ABI_COMPAT, 'umount', 'name:char *')
  assert.equal(syscallArguments('x86_64', ABI_NATIVE, 'tuxcall'), undefined)
  assert.equal(syscallArguments('aarch64', ABI_NATIVE, 'clone')?.[3]?.name, 'tls')
  assert.equal(syscallArguments('x86_64', ABI_NATIVE, 'clone')?.[3]?.name, 'child_tidptr')
})

test('every call that is still implemented has its arguments declared', () => {
  const never =
    /^(afs_syscall|create_module|epoll_(ctl|wait)_old|get_kernel_syms|getpmsg|nfsservctl|putpmsg|query_module|security|tuxcall|vserver|break|ftime|gtty|idle|lock|mpx|prof|profil|stty|ulimit|bdflush)$/
  for (const [machine, abi] of [
    ['x86_64', ABI_NATIVE],
    ['x86_64', ABI_COMPAT],
    ['aarch64', ABI_NATIVE],
  ] as const) {
    const missing = syscallNames(machine, abi).filter(
      name => name !== '' && !never.test(name) && syscallArguments(machine, abi, name) === undefined,
    )
    assert.deepEqual(missing, [])
  }
})

test('errors', () => {
  assert.deepEqual(errnoOf(2), { name: 'ENOENT', message: 'No such file or directory' })
  assert.deepEqual(errnoOf(11), { name: 'EAGAIN', message: 'Resource temporarily unavailable' })
  assert.equal(errnoOf(512)?.name, 'ERESTARTSYS')
  assert.equal(isRestart(514), true)
  assert.equal(isRestart(515), false)
  assert.equal(isRestart(2), false)
  assert.equal(errnoOf(4000), undefined)
})

test('constants', () => {
  const value = (machine: Machine, family: Parameters<typeof constantFamily>[1], name: string) =>
    constantFamily(machine, family).find(([own]) => own === name)?.[1]
  assert.equal(value('x86_64', 'OPEN_FLAGS', 'O_DIRECTORY'), 0o200000)
  assert.equal(value('aarch64', 'OPEN_FLAGS', 'O_DIRECTORY'), 0o40000)
  assert.equal(value('aarch64', 'SOCKET_TYPES', 'SOCK_STREAM'), 1)
  assert.equal(value('x86_64', 'CLONE3_FLAGS', 'CLONE_CLEAR_SIGHAND'), 2 ** 32)
  assert.equal(value('x86_64', 'IOCTLS', 'TIOCGWINSZ'), 0x5413)
  assert.equal(value('x86_64', 'SIGINFO_CODES', 'SI_TKILL'), -6)
})
