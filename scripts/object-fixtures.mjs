// Compiles the objects that the tests of the loader and the examples read: test/object/fixtures/*.bpf.c and examples/*.bpf.c to
// *.bpf.o. They are checked in, so that tests need no compiler; run this after a change.
//     node scripts/object-fixtures.mjs [CLANG]   clang 19 was used
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const clang = process.argv[2] ?? 'clang-19'
const strip = clang.replace('clang', 'llvm-strip')
const folders = ['test/object/fixtures', 'examples']

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (status === 0) return
  console.error(`object-fixtures: ${command} ${error === undefined ? `ended with ${status}` : error.message}`)
  process.exit(1)
}

for (const folder of folders)
  for (const name of readdirSync(folder).filter(name => name.endsWith('.bpf.c'))) {
    const [source, object] = [`${folder}/${name}`, `${folder}/${name.replace(/c$/, 'o')}`]
    const flags = ['-g', '-O2', '-target', 'bpf', '-mcpu=v3', '-Wall', '-Wno-unused-function']
    run(clang, [...flags, '-fdebug-compilation-dir=.', '-c', source, '-o', object])
    run(strip, ['-g', object]) // DWARF, which nobody reads here
  }
