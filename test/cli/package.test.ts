// The published package: what npm packs, unpacked in an empty folder beside koffi, has the commands, every subpath
// with its types, nothing that must run at installation, and stays small.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { cli, compare, runCli } from './cli.ts'

const MB = 1_000_000
const KOFFI = ['koffi', '@koromix/koffi-linux-x64']
const description = JSON.parse(readFileSync('package.json', 'utf8'))
const subpaths = Object.keys(description.exports).filter(path => path !== './package.json')

const consumer = mkdtempSync(join(tmpdir(), 'beetrace-package-'))
after(() => rmSync(consumer, { recursive: true }))
const installed = join(consumer, 'node_modules/beetrace')

const run = (command: string, args: string[], cwd = '.') => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}

before(() => {
  mkdirSync(join(consumer, 'node_modules/.bin'), { recursive: true })
  run('npm', ['pack', '--silent', '--pack-destination', consumer])
  const tarball = readdirSync(consumer).find(name => name.endsWith('.tgz'))
  run('tar', ['-xzf', tarball!], consumer)
  run('mv', ['package', installed], consumer)
  // as npm does: the dependencies beside it, a link for each command
  for (const name of KOFFI)
    if (existsSync(`node_modules/${name}`))
      cpSync(`node_modules/${name}`, join(consumer, 'node_modules', name), { recursive: true })
  for (const [name, path] of Object.entries(description.bin as Record<string, string>))
    symlinkSync(`../beetrace/${path}`, join(consumer, 'node_modules/.bin', name))
  writeFileSync(join(consumer, 'package.json'), '{ "type": "module", "private": true }\n')
})

test('the headers that C for BPF includes come with it, with their licence', () => {
  for (const name of ['LICENSE.BSD-2-Clause', 'bpf/bpf_helpers.h', 'bpf/bpf_helper_defs.h', 'bpf/usdt.bpf.h'])
    assert.ok(existsSync(join(installed, 'headers', name)), name)
})

test('the package and what it needs stay below 8 MB', () => {
  const sizeBytes = (path: string): number => {
    const stat = lstatSync(path)
    if (!stat.isDirectory()) return stat.size
    return readdirSync(path).reduce((sum, name) => sum + sizeBytes(join(path, name)), 0)
  }
  const total = sizeBytes(join(consumer, 'node_modules'))
  assert.ok(total < 8 * MB, `${(total / MB).toFixed(2)} MB`)
})

test('nothing runs when it is installed, and only koffi is needed', () => {
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
    assert.equal(description.scripts[script], undefined)
  assert.deepEqual(Object.keys(description.dependencies), ['koffi'])
})

test('it has no source, no test and no leftover of the build', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    files.filter(file => /^(src|test|scripts)\b|\.test\.|\.built|(?<!\.d)\.ts$|\.\d+$/.test(file)),
    [],
  )
})

test('every subpath can be imported, and no other', async () => {
  const program = `for (const path of ${JSON.stringify(subpaths)}) await import('beetrace' + path.slice(1))
    for (const path of ['sys', 'cli', 'src', 'dist/asm/index.js'])
      await import('beetrace/' + path).then(() => { throw path }, error => { if (error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error })`
  run(process.execPath, ['--input-type=module', '-e', program], consumer)
})

test('every subpath has its types', () => {
  const lines = subpaths.map((path, index) => `export * as floor${index} from 'beetrace${path.slice(1)}'`)
  // a floor without types would be `any`, and this no error
  const typed = `import * as asm from 'beetrace/asm'\n// @ts-expect-error\nasm.thereIsNoSuchThing\n`
  writeFileSync(join(consumer, 'consumer.ts'), `${typed}${lines.join('\n')}\n`)
  const options = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,esnext.disposable',
  ]
  const types = ['--types', 'node', '--typeRoots', join(process.cwd(), 'node_modules/@types')]
  run(join(process.cwd(), 'node_modules/.bin/tsc'), [...options, ...types, 'consumer.ts'], consumer)
})

test('the commands run through the links npm makes', async () => {
  for (const name of Object.keys(description.bin)) {
    const said = await runCli(join(consumer, 'node_modules/.bin', name), ['--version'], { cwd: consumer })
    compare(said, { stdout: `${name} ${description.version}\n` })
  }
})

for (const name of Object.keys(description.bin))
  cli(name, ['--version'], { stdout: `${name} ${description.version}\n` })

test('package.json lists what is there', async () => {
  const generator = pathToFileURL(join(process.cwd(), 'scripts/exports.mjs')).href
  const { packageCommands, packageExports } = await import(generator)
  assert.deepEqual(description.exports, packageExports(), 'run npm run gen')
  assert.deepEqual(description.bin, packageCommands(), 'run npm run gen')
})

test('the lock file is whole and names no registry', () => {
  const text = readFileSync('package-lock.json', 'utf8')
  assert.doesNotMatch(text, /"resolved"/)
  // npm ci refuses a lock file that leaves out what another platform would need
  const packages: Record<string, { dependencies?: object; optionalDependencies?: object }> =
    JSON.parse(text).packages
  const needed = Object.values(packages).flatMap(({ dependencies, optionalDependencies }) =>
    Object.keys({ ...dependencies, ...optionalDependencies }),
  )
  assert.deepEqual(
    needed.filter(name => !(`node_modules/${name}` in packages)),
    [],
  )
})
