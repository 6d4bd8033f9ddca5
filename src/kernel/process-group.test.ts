// Orphaned process groups.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { isInOrphanedGroup } from './process-group.ts'

const skip = process.platform === 'linux' ? false : 'needs /proc'

/** What the function says of a shell that is started by `words`, whose children ask about themselves. */
const asked = (...words: string[]): string => {
  const program = `import(${JSON.stringify(new URL('./process-group.js', import.meta.url).href)}).then(m => console.log(m.isInOrphanedGroup(process.pid)))`
  const [command, ...args] = [...words, process.execPath, '-e', program]
  return spawnSync(command!, args, { encoding: 'utf8' }).stdout.trim()
}

test('who leads a session has nobody to continue it; who is in a group of its own has', { skip }, () => {
  assert.equal(asked('setsid', '--wait'), 'true')
  // timeout(1) makes a group of its own
  assert.equal(asked('setsid', '--wait', 'sh', '-c', 'timeout 60 "$@"; :', 'sh'), 'false')
  assert.equal(asked('setsid', '--wait', 'sh', '-c', '"$@"; :', 'sh'), 'true')
})

test('nothing is known of who is gone', { skip }, () => {
  assert.equal(isInOrphanedGroup(2 ** 22), undefined)
})
