// What a person sees who watches a trace come on a terminal: calls that wait, completed when they return.

import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { Terminal } from './terminal.ts'

const beetrace = [process.execPath, resolve('bin/beetrace.cjs')]

test('a call that waits is shown at once, and completed on its line', async () => {
  await using terminal = new Terminal([...beetrace, '-e', 'read', 'cat'])
  await terminal.shows(/^read\(0, $/m)
  terminal.type('hello\n')
  await terminal.shows(/^read\(0, (hello\n)*"hello\\n", \d+\) += 6$/m)
  await terminal.shows(/6\nread\(0, $/m)
  terminal.type('\x04')
  assert.equal(await terminal.end(), 0)
  assert.match(terminal.text, /\nread\(0, "", \d+\) += 0\n\+\+\+ exited with 0 \+\+\+\n$/)
})

test('of two that wait, one is unfinished and resumed', async () => {
  await using terminal = new Terminal([...beetrace, '-f', '-e', 'read,wait4', 'sh', '-c', 'cat; exit 3'])
  await terminal.shows(/^\[pid +\d+\] wait4\(-1, +<unfinished \.\.\.>\n\[pid +\d+\] read\(0, $/m)
  terminal.type('\x04')
  assert.equal(await terminal.end(), 3)
  assert.match(terminal.text, /^\[pid +\d+\] read\(0, "", \d+\) += 0$/m)
  assert.match(
    terminal.text,
    /^\[pid +\d+\] <\.\.\. wait4 resumed>\[\{WIFEXITED\(s\) && WEXITSTATUS\(s\) == 0\}\], 0, NULL\) = \d+$/m,
  )
})

test('Ctrl-C during a call shows how it ended, and the command its signal', async () => {
  await using terminal = new Terminal([...beetrace, '-e', 'read', 'cat'])
  await terminal.shows(/^read\(0, $/m)
  terminal.type('\x03')
  assert.equal(await terminal.end(), 130)
  assert.match(
    terminal.text,
    /\nread\(0, (\^C)?0x[0-9a-f]+, \d+\) += \? ERESTARTSYS \(To be restarted if SA_RESTART is set\)\n/,
  )
  assert.match(terminal.text, /\n\+\+\+ killed by SIGINT \+\+\+\n$/)
})

test('a process that waits, let go by Ctrl-C', async () => {
  await using sleeper = new Terminal(['sh', '-c', 'echo $$; exec cat'])
  await sleeper.shows(/^\d+\n/)
  const pid = sleeper.text.trim()
  await using terminal = new Terminal([...beetrace, '-p', pid])
  await terminal.shows(/attached\nread\(0, $/)
  terminal.type('\x03')
  assert.equal(await terminal.end(), 0)
  assert.match(terminal.text, /\nread\(0, (\^C)? <detached \.\.\.>\nbeetrace: process \d+ detached\n$/)
  sleeper.type('\x04')
  assert.equal(await sleeper.end(), 0)
})
