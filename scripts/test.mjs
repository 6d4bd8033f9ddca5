// Compiles everything and runs the unit tests with node's own runner. Plain JavaScript: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const run = (cmd, args) => {
  const r = spawnSync(cmd, args, { stdio: 'inherit' })
  if (r.status !== 0) process.exit(r.status ?? 1)
}
if (!existsSync('node_modules/typescript')) run('npm', ['ci'])
run('node_modules/.bin/tsc', ['-p', '.'])
const under = process.argv.slice(2)
const files = ['src', 'test', 'scripts']
  .flatMap(dir =>
    existsSync(`build/${dir}`)
      ? readdirSync(`build/${dir}`, { recursive: true }).map(f => `${dir}/${f}`)
      : [],
  )
  .filter(
    f => f.endsWith('.test.js') && !f.startsWith('test/kernel/') && existsSync(f.replace(/\.js$/, '.ts')),
  )
  .filter(f => under.length === 0 || under.some(u => f.startsWith(u)))
run(process.execPath, ['--enable-source-maps', '--test', ...files.map(f => `build/${f}`)])
