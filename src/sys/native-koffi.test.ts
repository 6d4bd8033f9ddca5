// koffi's binary: found where npm puts it, and of the version that was asked for.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { KOFFI_VERSION, loadKoffi } from './native-koffi.ts'

test('the binary that is asked for is of the version of package.json', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.equal(KOFFI_VERSION, dependencies.koffi)
})

test("koffi's binary says what koffi says", () => {
  const native = loadKoffi()
  const koffi = createRequire(import.meta.url)('koffi')
  assert.equal(native.version, koffi.version)
  assert.equal(typeof native.load(null).func('int getpid()')(), 'number')
})
