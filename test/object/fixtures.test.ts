// The objects that are checked in are what their sources say.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const FOLDERS = ['test/object/fixtures', 'test/object/article']
const CLANG = 'clang-19'

test('every source has its object', () => {
  for (const folder of FOLDERS) {
    const names = readdirSync(folder)
    for (const source of names.filter(name => name.endsWith('.bpf.c')))
      assert.ok(names.includes(source.replace(/c$/, 'o')), `${folder}/${source}`)
  }
})

const noClang =
  spawnSync(CLANG, ['--version']).status === 0 ? false : `${CLANG}, which made the objects, is not installed`

test('the sources compile to the objects, byte for byte', { skip: noClang }, () => {
  const into = mkdtempSync(join(tmpdir(), 'beetrace-objects-'))
  try {
    const made = spawnSync('node', ['scripts/object-fixtures.mjs', '--into', into, CLANG], {
      encoding: 'utf8',
    })
    assert.equal(made.status, 0, made.stderr)
    for (const folder of FOLDERS)
      for (const name of readdirSync(join(into, folder)))
        assert.ok(
          readFileSync(join(into, folder, name)).equals(readFileSync(join(folder, name))),
          `${folder}/${name}: run node scripts/object-fixtures.mjs`,
        )
  } finally {
    rmSync(into, { recursive: true })
  }
})
