// The way command line tests are written can fail.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CliResult, compare, type Expectation, runCli } from './cli.ts'

const fine: CliResult = { status: 0, signal: null, stdout: '', stderr: '' }

const check = (what: string, result: Partial<CliResult>, expected: Expectation, passes: boolean) =>
  test(what, () => {
    const run = () => compare({ ...fine, ...result }, expected)
    if (passes) run()
    else assert.throws(run, assert.AssertionError)
  })

check('silent success is the default', {}, {}, true)
check('an exit status is compared', { status: 1 }, {}, false)
check('an expected exit status passes', { status: 3 }, { status: 3 }, true)
check('an unexpected signal is found', { status: null, signal: 'SIGINT' }, {}, false)
check('an expected signal passes', { status: null, signal: 'SIGINT' }, { signal: 'SIGINT' }, true)
check('unexpected output is found', { stdout: 'x' }, {}, false)
check('unexpected complaint is found', { stderr: 'x' }, {}, false)
check('output is compared as a whole', { stdout: 'xy' }, { stdout: 'x' }, false)
check('a pattern may match a part', { stdout: 'xy' }, { stdout: /y/ }, true)
check('a pattern may not match', { stdout: 'xy' }, { stdout: /z/ }, false)
check('a function may object', { stdout: 'x' }, { stdout: text => assert.equal(text, 'y') }, false)

test('a program runs with its input, folder and environment', async () => {
  const options = { stdin: 'in', cwd: '/', env: { A: 'a' } }
  const result = await runCli('/bin/sh', ['-c', 'cat; printf "$A$PWD"; echo bad >&2; exit 3'], options)
  compare(result, { status: 3, stdout: 'ina/', stderr: 'bad\n' })
})

test('a program that does not end is ended', async () => {
  await assert.rejects(runCli('/bin/sh', ['-c', 'exec sleep 100'], { timeoutMs: 50 }), /still running/)
})
