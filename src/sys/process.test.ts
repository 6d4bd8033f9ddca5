// Ending and limits of processes, clocks, what this process was given: on the machine, without root.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { errno } from '../errors/index.ts'
import {
  argvBytes,
  CLOCK_MONOTONIC,
  clockNs,
  environBytes,
  geteuid,
  getResourceLimit,
  killProcess,
  mapMemory,
  openDescriptors,
  PROT_READ,
  parseSoftNofile,
  RLIMIT_NOFILE,
  realtimeOffsetNs,
  setResourceLimit,
  splitNul,
} from './index.ts'

/** Runs a script that has all of `sys` in scope. */
const run = (script: string, nodeOptions: string[] = []) => {
  const url = JSON.stringify(pathToFileURL('build/src/sys/index.js').href)
  return spawnSync(
    process.execPath,
    [...nodeOptions, '--input-type=module', '-e', `import * as sys from ${url}; ${script}`],
    { encoding: 'utf8', timeout: 10_000 },
  )
}

for (const [signal, name] of [
  [2, 'SIGINT'],
  [6, 'SIGABRT'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [13, 'SIGPIPE'],
  [15, 'SIGTERM'],
] as const) {
  test(`dieBySignal(${name}) ends the process by that signal, handlers or not`, () => {
    const handler = signal === 9 || signal === 11 ? '' : `process.on('${name}', () => {});`
    const result = run(`${handler} sys.dieBySignal(${signal})`)
    assert.equal(result.signal, name)
    assert.equal(result.stderr, '')
  })
}

test('dieBySignal of a signal that does not kill falls back to 128 + n', () => {
  assert.equal(run('sys.dieBySignal(17)').status, 128 + 17)
})

test('exitNow ends at once, with the status and without exit handlers', () => {
  const result = run(`process.on('exit', () => console.log('handler')); sys.exitNow(3)`)
  assert.equal(result.status, 3)
  assert.equal(result.stdout, '')
})

const BIND = `
  const child = require('node:child_process').spawn('/bin/sh', ['-c', 'kill -STOP $$; exec sleep 60'])
  const state = () => require('node:fs').readFileSync('/proc/' + child.pid + '/stat', 'latin1').split(') ')[1][0]
  const wait = async wanted => { while (state() !== wanted) await new Promise(next => setTimeout(next, 1)) }
  console.log(child.pid)
  await wait('T')
  if (sys.bindProcess(child.pid) !== 0) throw new Error('not bound')`

const hasEnded = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.startsWith('Z')
  } catch {
    return true
  }
}

test('a bound process dies with us; a released one is stopped as before', async () => {
  const require = "const require = (await import('node:module')).createRequire('/');"
  const bound = run(`${require}${BIND}; process.kill(process.pid, 'SIGKILL')`)
  assert.equal(bound.signal, 'SIGKILL', bound.stderr)
  for (const deadline = performance.now() + 10_000; !hasEnded(Number(bound.stdout)); ) {
    assert.ok(performance.now() < deadline, 'it still lives')
    await new Promise(next => setTimeout(next, 5))
  }
  const released = run(
    `${require}${BIND}; sys.releaseProcess(child.pid); await wait('T'); child.kill('SIGCONT'); await wait('S'); child.kill()`,
  )
  assert.deepEqual([released.status, released.stderr], [0, ''])
})

test('monotonic time is the time Node measures, and the offset leads to the wall clock', () => {
  const ours = clockNs(CLOCK_MONOTONIC)
  const nodes = process.hrtime.bigint()
  assert.ok(nodes >= ours && nodes - ours < 50_000_000n)
  const wallMs = Number((clockNs(CLOCK_MONOTONIC) + realtimeOffsetNs()) / 1_000_000n)
  assert.ok(Math.abs(wallMs - Date.now()) < 50)
})

test('limits are read and written', () => {
  const limit = getResourceLimit(0, RLIMIT_NOFILE)
  assert.ok(typeof limit !== 'number')
  assert.equal(setResourceLimit(0, RLIMIT_NOFILE, { soft: 512, hard: limit.hard }), 0)
  assert.deepEqual(getResourceLimit(0, RLIMIT_NOFILE), { soft: 512, hard: limit.hard })
  assert.equal(setResourceLimit(0, RLIMIT_NOFILE, limit), 0)
  assert.equal(getResourceLimit(2 ** 22 + 1, RLIMIT_NOFILE), -errno.ESRCH)
})

test('the command line, the environment and the descriptors of this process', () => {
  assert.equal(argvBytes()[0]!.toString(), process.argv0)
  assert.ok(environBytes().some(entry => entry.toString().startsWith('PATH=')))
  assert.ok(openDescriptors().some(({ fd }) => fd === 2))
  assert.equal(geteuid(), process.geteuid!())
})

test('small parsers', () => {
  assert.deepEqual(splitNul(Buffer.from('a\0\0b\0')).map(String), ['a', '', 'b'])
  assert.deepEqual(splitNul(Buffer.from('a\0b')).map(String), ['a', 'b'])
  assert.deepEqual(splitNul(Buffer.alloc(0)), [])
  assert.equal(
    parseSoftNofile('Max open files            1024                 524288               files'),
    1024,
  )
  assert.equal(
    parseSoftNofile('Max open files            unlimited            unlimited            files'),
    Infinity,
  )
  assert.equal(parseSoftNofile(''), undefined)
})

test('a failed call gives its errno, a failed mapping a SyscallError', () => {
  assert.equal(killProcess(2 ** 22 + 1, 0), -errno.ESRCH)
  assert.throws(() => mapMemory(-1, 0, 4096, PROT_READ, 'map nothing'), {
    code: 'EBADF',
    message: 'map nothing: bad file descriptor (EBADF from mmap)',
  })
})
