// Makes everything anew that is generated: the tables from the checked-in facts of scripts/gen/facts, and the
// exports of package.json. With --check it changes nothing, and fails when the result would differ.
// (New facts from newer kernel headers are taken by the `extract` stages of scripts/gen, see CONTRIBUTING.md.)
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
const generated = () => [
  'package.json',
  'headers/bpf/bpf_helper_defs.h',
  ...readdirSync('src', { recursive: true })
    .filter(name => name.endsWith('.generated.ts'))
    .map(name => `src/${name}`),
]
const before = new Map(generated().map(file => [file, readFileSync(file, 'utf8')]))

run('node_modules/.bin/tsc', '-p', '.')
run(process.execPath, 'build/scripts/gen/helpers.js', 'render')
run(process.execPath, 'build/scripts/gen/trace/main.js')
run(process.execPath, 'scripts/exports.mjs')

const differing = generated().filter(file => before.get(file) !== readFileSync(file, 'utf8'))
if (process.argv.includes('--check')) {
  for (const file of differing) if (before.has(file)) writeFileSync(file, before.get(file))
  for (const file of differing) console.error(`gen: ${file} is not what its generator makes: npm run gen`)
  if (differing.length > 0) process.exitCode = 1
} else for (const file of differing) console.log(`gen: ${file}`)
