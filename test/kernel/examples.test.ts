// The examples, run as they stand: what docs/library.md shows works.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { SLOW } from '../slow.ts'
import { noFetchingAtomics } from './since.ts'

/** Starting Node.js in an emulator takes a while, and what the others show does not depend on the kernel. */
const oneIsEnough =
  process.env.BEETRACE_SLOW !== undefined && 'run on one kernel: test/kernel/object asks the same'

const check = (name: string, expected: RegExp, options: { skip?: string | false } = {}) =>
  test(`examples/${name}.ts`, options, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`build/examples/${name}.js`], {
      encoding: 'utf8',
      timeout: 60_000 * SLOW,
    })
    assert.equal(status, 0, stderr)
    assert.match(stdout, expected)
  })

check('skeleton', /^(node made call \d+ at \d+\n){3}fine: true\n$/, {
  skip: noFetchingAtomics,
})
check('object', /^on_call is for raw_tp\/sys_enter\ntime_ns tid call comm\n\d+ of \d+ calls were told\n$/, {
  skip: oneIsEnough,
})
check('ring', /^\d+ of \d+ calls were told, the last one at \d+\n$/, { skip: oneIsEnough })
check('errors', /^only_tgid: "me" is not a number\ncounts: .*max_entries 0.*\ntrue\n$/, { skip: oneIsEnough })
