// Compiles the objects that the tests of the loader read: test/object/fixtures/*.bpf.c to *.bpf.o. They are checked in, so that
// tests need no compiler; run this after a change.
//     node scripts/object-fixtures.mjs [CLANG]   clang 19 was used
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const clang = process.argv[2] ?? 'clang-19'
const strip = clang.replace('clang', 'llvm-strip')
const folder = 'test/object/fixtures'

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (status === 0) return
  console.error(`object-fixtures: ${command} ${error === undefined ? `ended with ${status}` : error.message}`)
  process.exit(1)
}

for (const source of readdirSync(folder).filter(name => name.endsWith('.bpf.c'))) {
  const object = `${folder}/${source.replace(/c$/, 'o')}`
  run(clang, [
    '-g',
    '-O2',
    '-target',
    'bpf',
    '-mcpu=v3',
    '-Wall',
    '-Wno-unused-function',
    '-fdebug-compilation-dir=.',
    '-c',
    `${folder}/${source}`,
    '-o',
    object,
  ])
  run(strip, ['-g', object]) // DWARF, which nobody reads here
}
