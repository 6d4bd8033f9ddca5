// A child started by spawnProcess finds what was asked for and nothing of what Node did to itself. Needs no root:
// the children are cat and sh of this machine.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { errno } from '../errors/index.ts'
import { closeFd, eventfd, getCloseOnExec, pipe, readFd, setCloseOnExec } from './descriptor.ts'
import { getResourceLimit, killProcess, pidfdOpen, RLIMIT_NOFILE, waitChild } from './process.ts'
import { type SpawnOptions, spawnProcess } from './spawn.ts'

const directory = mkdtempSync(join(tmpdir(), 'spawn-'))
after(() => rmSync(directory, { recursive: true }))

const plainFile = join(directory, 'plain')
writeFileSync(plainFile, 'text', { mode: 0o644 })

const exitOf = async (pid: number) => {
  for (;;) {
    const exit = waitChild({ pid })
    if (exit !== undefined) return exit
    await sleep(1)
  }
}

/** Runs a shell script whose output goes to a file, and gives that file's bytes. */
const run = async (script: string, options: Partial<SpawnOptions> = {}): Promise<Buffer> => {
  const out = join(directory, `out-${Math.random()}`)
  const pid = spawnProcess({
    path: '/bin/sh',
    argv: ['sh', '-c', `exec >${out}; ${script}`],
    env: ['PATH=/usr/bin:/bin'],
    ...options,
  })
  assert.ok(pid > 0, `spawn gave ${pid}`)
  assert.deepEqual(await exitOf(pid), { pid, exitCode: 0 })
  return readFileSync(out)
}

/** The words of `/proc/self/status` of a program run without a shell in between. */
const statusOf = async (options: Partial<SpawnOptions>): Promise<Map<string, string>> => {
  // the shell only redirects and is replaced: dash changes no disposition before exec
  const text = (await run('exec cat /proc/self/status', options)).toString()
  return new Map(text.split('\n').map(line => line.split(/:\s*/) as [string, string]))
}

test('argv and environment arrive byte for byte', async () => {
  const odd = Buffer.from([0x41, 0x3d, 0xff, 0xfe, 0x80, 0x0a])
  const environ = await run('exec cat /proc/self/environ', { env: [odd, 'B=ü', 'PATH=/bin:/usr/bin'] })
  const expected = Buffer.concat([odd, Buffer.from('\0B=ü\0PATH=/bin:/usr/bin\0')])
  // the shell adds its own PWD and the like, in an order of its own
  for (const entry of [odd, Buffer.from('B=ü')])
    assert.ok(environ.includes(entry), environ.toString('latin1'))
  assert.ok(expected.length <= environ.length)
  const out = join(directory, 'argv')
  const pid = spawnProcess({
    path: '/bin/sh',
    argv: [Buffer.from([0xe9]), '-c', `cat /proc/$$/cmdline >${out}`, Buffer.from([0xff, 0x20, 0xc3]), ''],
    env: ['PATH=/usr/bin:/bin'],
  })
  await exitOf(pid)
  assert.deepEqual(
    readFileSync(out),
    Buffer.concat([
      Buffer.from([0xe9, 0]),
      Buffer.from(`-c\0cat /proc/$$/cmdline >${out}\0`),
      Buffer.from([0xff, 0x20, 0xc3, 0, 0]),
    ]),
  )
})

test('no signal is ignored or blocked unless told', async () => {
  const status = await statusOf({})
  assert.equal(status.get('SigIgn'), '0000000000000000')
  assert.equal(status.get('SigBlk'), '0000000000000000')
})

test('ignored and blocked signals are those told, and ours are unchanged', async () => {
  const before = readFileSync('/proc/thread-self/status', 'latin1')
  // SIGHUP 1 and SIGPIPE 13 ignored; SIGUSR1 10 blocked
  const status = await statusOf({ ignoredSignals: [1, 13], blockedSignals: [10] })
  assert.equal(status.get('SigIgn'), '0000000000001001')
  assert.equal(status.get('SigBlk'), '0000000000000200')
  const signals = (text: string) => text.match(/^Sig(Blk|Ign|Cgt).*$/gm)
  assert.deepEqual(signals(readFileSync('/proc/thread-self/status', 'latin1')), signals(before))
})

test('descriptors: stdio, those told, and no other', async () => {
  const kept = eventfd()
  assert.equal(getCloseOnExec(kept), 1)
  const inheritable = eventfd()
  setCloseOnExec(inheritable, false)
  const list = (
    await run('cd /proc/$$/fd; echo *', {
      keepFds: [0, 1, 2, kept],
      closeFds: [inheritable],
    })
  ).toString()
  const fds = list.trim().split(' ').map(Number)
  assert.deepEqual(
    // dash keeps the original of a redirected descriptor at 10 and above
    [0, 1, 2, kept].filter(fd => !fds.includes(fd)),
    [],
  )
  assert.ok(!fds.includes(inheritable), list)
  assert.equal(getCloseOnExec(kept), 1, 'ours stays close-on-exec')
  closeFd(kept)
  closeFd(inheritable)
})

test('working directory, soft limit of open files, process group', async () => {
  assert.equal((await run('pwd', { cwd: directory })).toString().trim(), directory)
  const ours = getResourceLimit(0, RLIMIT_NOFILE)
  const limits = (await run('ulimit -Sn; ulimit -Hn', { softNofile: 321 })).toString().split('\n')
  assert.equal(limits[0], '321')
  assert.deepEqual(getResourceLimit(0, RLIMIT_NOFILE), ours)
  const ids = async (options: Partial<SpawnOptions>) =>
    (await run('read a b c d e rest </proc/self/stat; echo $a $e', options)).toString().trim().split(' ')
  const [pid, group] = await ids({ pgroup: 0 })
  assert.equal(group, pid)
  const [pid2, group2] = await ids({})
  assert.notEqual(group2, pid2)
})

const refused = (what: string, options: Partial<SpawnOptions>, expected: number) =>
  test(`${what} is refused with the errno of execve`, () =>
    assert.equal(spawnProcess({ path: '/bin/sh', argv: ['sh'], env: [], ...options }), -expected))

refused('a missing file', { path: '/nonexistent/x' }, errno.ENOENT)
refused('a directory', { path: '/tmp' }, errno.EACCES)
refused('a file without execute permission', { path: plainFile }, errno.EACCES)
refused('a missing working directory', { cwd: '/nonexistent' }, errno.ENOENT)

test('a child killed by a signal is reported as such, and its pidfd reaps it', async () => {
  const pid = spawnProcess({ path: '/bin/sleep', argv: ['sleep', '60'], env: [] })
  const pidfd = pidfdOpen(pid)
  assert.equal(waitChild({ pidfd }), undefined)
  killProcess(pid, 15)
  for (;;) {
    const exit = waitChild({ pidfd })
    if (exit !== undefined) {
      assert.deepEqual(exit, { pid, signal: 15 })
      break
    }
    await sleep(1)
  }
  assert.equal(waitChild({ pid }), -errno.ECHILD)
  closeFd(pidfd)
})

test('a pipe carries bytes between raw descriptors', async () => {
  const ends = pipe()
  assert.ok(typeof ends !== 'number')
  const pid = spawnProcess({
    path: '/bin/sh',
    argv: ['sh', '-c', `echo hello >/dev/fd/${ends.writeFd}`],
    env: [],
    keepFds: [0, 1, 2, ends.writeFd],
  })
  await exitOf(pid)
  closeFd(ends.writeFd)
  const into = new Uint8Array(16)
  assert.equal(readFd(ends.readFd, into), 6)
  assert.equal(Buffer.from(into).toString('latin1', 0, 6), 'hello\n')
  assert.equal(readFd(ends.readFd, into), 0)
  closeFd(ends.readFd)
  assert.equal(readFd(ends.readFd, into), -errno.EBADF)
})
