// Compiles the objects that tests and examples read and run: *.bpf.c to *.bpf.o in the folders below. They are checked in, so that tests need no
// compiler; run this after a change.
//     node scripts/object-fixtures.mjs [--into DIR] [CLANG]   clang 19 was used; DIR/FOLDER takes the place of each folder
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'

const args = process.argv.slice(2)
const into = args[0] === '--into' ? `${args.splice(0, 2)[1]}/` : ''
const clang = args[0] ?? 'clang-19'
const strip = clang.replace('clang', 'llvm-strip')

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (status === 0) return
  console.error(`object-fixtures: ${command} ${error === undefined ? `ended with ${status}` : error.message}`)
  process.exit(1)
}

for (const folder of ['examples', 'test/object/fixtures', 'test/object/article']) {
  mkdirSync(into + folder, { recursive: true })
  for (const source of readdirSync(folder).filter(name => name.endsWith('.bpf.c'))) {
    const object = `${into}${folder}/${source.replace(/c$/, 'o')}`
    run(clang, [
      '-g',
      '-O2',
      '-target',
      'bpf',
      '-mcpu=v3',
      '-Wall',
      '-Wno-unused-function',
      '-fdebug-compilation-dir=.',
      '-I',
      'headers',
      '-c',
      `${folder}/${source}`,
      '-o',
      object,
    ])
    run(strip, ['-g', object]) // DWARF, which nobody reads here
  }
}
