// USDT programs of compiled objects: arguments from registers, memory and constants, the semaphore, and kernels without cookies.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { BeetraceError } from '../../src/errors/index.ts'
import { features, hasFeature, hasVmlinuxBtf } from '../../src/kernel/index.ts'
import { type AttachOptions, openObject } from '../../src/object/index.ts'
import { probedProgram } from './probed-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'beetrace-usdt-'))
after(() => rmSync(folder, { recursive: true }))

const skip =
  (process.arch !== 'x64' && 'the probed program is for x86-64') ||
  (!hasVmlinuxBtf() && 'this kernel has no BTF to relocate against') ||
  (!hasFeature(features.uprobe) && 'this kernel was built without uprobes')
const hasCookies = hasFeature(features.perfEventLink)

async function round(child: ChildProcess): Promise<void> {
  child.stdin!.write('A')
  await once(child.stdout!, 'data')
}

const expected = [
  ...[100n, 101n, 102n].map(first => ({ first, second: -5n, letter: 65, count: 3, cookie: 9n })),
  { first: 7n, second: -5n, letter: 65, count: 3, cookie: 9n },
]

const usdt = (what: string, placed: 'fixed' | 'anywhere', byPid: boolean) =>
  test(what, { skip }, async () => {
    const path = join(folder, what.replaceAll(' ', '-'))
    writeFileSync(path, probedProgram(placed), { mode: 0o755 })
    const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] })
    try {
      await round(child)
      using object = openObject('test/object/article/usdt.bpf.o').load()
      const options: AttachOptions = {
        target: `${path}:test:hit`,
        cookie: 9n,
        ...(byPid ? { pid: child.pid! } : {}),
      }
      if (placed === 'anywhere' && !byPid && !hasCookies) {
        assert.throws(
          () => object.attachProgram('on_hit', options),
          /attach program "on_hit" \(usdt\): .*pass `pid`/,
        )
        return
      }
      const link = object.attachProgram('on_hit', options)
      await round(child)
      link.close()
      await round(child)
      assert.equal(object.global('calls').value, 4)
      const hits = object.global('hits').value as unknown as object[]
      assert.deepEqual(
        hits.slice(0, 4).map(hit => ({ ...hit })),
        expected,
      )
    } finally {
      child.stdin.end()
      await once(child, 'exit')
    }
  })

usdt('a program at a fixed address', 'fixed', false)
usdt('a program at any address', 'anywhere', false)
usdt('one process', 'anywhere', true)

test('a probe that is not there is named', { skip }, () => {
  const path = join(folder, 'without')
  writeFileSync(path, probedProgram('fixed'), { mode: 0o755 })
  using object = openObject('test/object/article/usdt.bpf.o').load()
  const attach = (target: string) => () => object.attachProgram('on_hit', { target })
  const says = (message: RegExp) => (error: unknown) =>
    error instanceof BeetraceError && message.test(error.message)
  assert.throws(
    attach(`${path}:test:miss`),
    says(/attach program "on_hit" \(usdt\): .*has no USDT probe test:miss, did you mean "test:hit"/),
  )
  assert.throws(attach(`${path}:hit`), says(/is not written as PATH:PROVIDER:NAME/))
})
