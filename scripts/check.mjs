// The one command that checks everything: types, lint and format, generated files, then all tests (the
// architecture is one of them). Stops at the first that fails.
//     --no-tests   for who has just run them
import { spawnSync } from 'node:child_process'
import { install } from './install.mjs'

const stages = [
  ['types', 'node_modules/.bin/tsc', '-p', '.'],
  ['lint and format', 'node_modules/.bin/biome', 'check', '--error-on-warnings', '.'],
  ['generated files', process.execPath, 'scripts/gen.mjs', '--check'],
  ...(process.argv.includes('--no-tests') ? [] : [['tests', process.execPath, 'scripts/test.mjs']]),
]
try {
  install()
} catch (error) {
  console.error(`check: ${error.message}`)
  process.exit(1)
}
for (const [name, command, ...args] of stages) {
  console.log(`== ${name}`)
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`check: ${name} failed`)
    process.exit(status ?? 1)
  }
}
