// ./beetrace of a checkout: first run, later runs, bad machines; and what the program to be traced would get.
import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type CliOptions, compare, type Expectation, runCli } from './cli.ts'

const scratch = mkdtempSync(join(tmpdir(), 'beetrace launcher ')) // the blank is part of the test
after(() => rmSync(scratch, { recursive: true }))
const path = (name: string) => join(scratch, name)

/** A checkout whose beetrace prints its arguments and caller as JSON. */
const makeCheckout = (name: string, { installed = true } = {}) => {
  const root = path(name)
  mkdirSync(join(root, 'src/cli'), { recursive: true })
  for (const file of ['beetrace', 'bin', 'scripts', 'package.json', 'package-lock.json', 'src/cli/caller.ts'])
    cpSync(file, join(root, file), { recursive: true })
  if (installed) symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'))
  const print = (value: string) =>
    `console.log(JSON.stringify(${value}, (_, x) => x instanceof Set ? [...x] : x?.type === 'Buffer' ? Buffer.from(x.data).toString('latin1') : x))`
  writeFileSync(
    join(root, 'src/cli/beetrace.ts'),
    `// For the launcher's test\nimport { takeCaller } from './caller.ts'\nimport { readFileSync } from 'node:fs'
const environ = readFileSync('/proc/self/environ', 'latin1').split('\\0').slice(0, -1).map(x => Buffer.from(x, 'latin1'))
${print('{ args: process.argv.slice(2), cwd: process.cwd(), caller: takeCaller(environ) }')}\n`,
  )
  return root
}
/** A folder for PATH with a program in it */
const makeProgram = (folder: string, name: string, text: string) => {
  mkdirSync(path(folder), { recursive: true })
  writeFileSync(path(`${folder}/${name}`), text)
  chmodSync(path(`${folder}/${name}`), 0o755)
  return `${path(folder)}:${process.env.PATH}`
}
const run = async (file: string, args: string[], expected: Expectation, options: CliOptions = {}) => {
  const result = await runCli(file, args, { timeoutMs: 60_000, ...options })
  compare(result, expected)
  return result.stdout === '' ? undefined : JSON.parse(result.stdout)
}
const anything = () => {}

let built = ''
before(async () => {
  built = makeCheckout('built')
  await run(join(built, 'beetrace'), [], {
    stdout: anything,
    stderr: /^beetrace: first run, building …\nbeetrace: ready after [\d.]+ s\n$/,
  })
})

test('the second run says nothing of its own', async () => {
  const { args } = await run(join(built, 'beetrace'), ['-f', 'a b', ''], { stdout: anything })
  assert.deepEqual(args, ['-f', 'a b', ''])
})

test('a symbolic link, any folder and a bare name will do', async () => {
  symlinkSync('built/beetrace', path('link'))
  symlinkSync(path('link'), path('link to link'))
  const { cwd } = await run(path('link to link'), [], { stdout: anything }, { cwd: '/' })
  assert.equal(cwd, '/')
  await run('../bin/beetrace', [], { stdout: anything }, { cwd: join(built, 'src') })
  await run('/bin/sh', ['beetrace'], { stdout: anything }, { cwd: built })
  await run('beetrace', [], { stdout: anything }, { env: { PATH: `${built}:${process.env.PATH}` } })
})

test('a newer source is built', async () => {
  const soon = Date.now() / 1000 + 2
  utimesSync(join(built, 'src/cli/caller.ts'), soon, soon)
  const stderr = /^beetrace: sources have changed, building …\nbeetrace: ready/
  await run(join(built, 'beetrace'), [], { stdout: anything, stderr })
  const past = Date.now() / 1000 - 60
  utimesSync(join(built, 'src/cli/caller.ts'), past, past)
})

test('of many first runs at once one builds', async () => {
  const root = makeCheckout('at once')
  const results = await Promise.all(
    [1, 2, 3, 4].map(() => runCli(join(root, 'beetrace'), ['x'], { timeoutMs: 60_000 })),
  )
  for (const { status, stdout } of results) assert.deepEqual([status, JSON.parse(stdout).args], [0, ['x']])
  assert.equal(results.filter(({ stderr }) => stderr.includes('building')).length, 1)
})

test('a first run without the network says so', async () => {
  const root = makeCheckout('offline', { installed: false })
  const PATH = makeProgram('bad npm', 'npm', '#!/bin/sh\necho "npm error: no network" >&2\nexit 1\n')
  const stderr = /installing the dependencies.*\n.*no network\nbeetrace: npm ci failed.*needs the network/
  await run(join(root, 'beetrace'), [], { status: 1, stderr }, { env: { PATH } })
  assert.ok(!existsSync(join(root, 'dist')))
})

test('a machine without node says so', async () => {
  const stderr = /^beetrace: node is not in PATH: install Node.js 20 or newer/
  await run(join(built, 'beetrace'), [], { status: 1, stderr }, { env: { PATH: '/nowhere' } })
})

test('an old node says so, before the build and after it', async () => {
  writeFileSync(path('old.cjs'), "Object.defineProperty(process.versions, 'node', { value: '18.1.0' })\n")
  const PATH = makeProgram(
    'old node',
    'node',
    `#!/bin/sh\nexec '${process.execPath}' -r '${path('old.cjs')}' "$@"\n`,
  )
  const stderr = 'beetrace: Node.js 20 or newer is needed, this is 18.1.0\n'
  await run(join(built, 'beetrace'), [], { status: 1, stderr }, { env: { PATH } })
  await run(join(makeCheckout('unbuilt'), 'beetrace'), [], { status: 1, stderr }, { env: { PATH } })
})

test('who may not write runs what is built, and is told when it is not', {
  skip: process.getuid?.() !== 0 && 'only root can become someone who may not',
}, async () => {
  chmodSync(scratch, 0o755)
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
  await run('setpriv', [...asNobody, join(built, 'beetrace')], { stdout: anything })
  const root = makeCheckout('unwritable')
  const stderr = /is not built and cannot be written to/
  await run('setpriv', [...asNobody, join(root, 'beetrace')], { status: 1, stderr })
})

test('a built checkout starts without any program but find and node', async () => {
  const PATH = path('two programs')
  mkdirSync(PATH)
  const find = (process.env.PATH ?? '')
    .split(':')
    .map(dir => join(dir, 'find'))
    .find(existsSync)!
  symlinkSync(process.execPath, join(PATH, 'node'))
  symlinkSync(find, join(PATH, 'find'))
  await run(join(built, 'beetrace'), [], { stdout: anything }, { env: { PATH } })
})

/** What the launcher, run by `shell`, says of its caller, which did `setUp` in sh before. */
const callerSeen = async (shell: string[], setUp: string, env: CliOptions['env'] = {}) => {
  const args = ['-c', `${setUp}\nexec "$@"`, 'sh', ...shell, join(built, 'beetrace')]
  return (await run('/bin/sh', args, { stdout: anything }, { env })).caller
}
const shells = [[], ['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([shell]) => shell === undefined || existsSync(`/bin/${shell}`),
)
for (const shell of shells)
  test(`${shell.join(' ') || 'the launcher'} passes on what it was given`, async () => {
    const plain = await callerSeen(shell, ':')
    const none = plain.ignoredSignals
    assert.deepEqual(plain.fds.slice(0, 3), [0, 1, 2])
    assert.deepEqual(plain.blockedSignals, [])

    const changed = await callerSeen(shell, "trap '' INT USR1; ulimit -Sn 512; exec 7</dev/null 0<&-")
    assert.deepEqual(
      changed.ignoredSignals,
      [...new Set([...none, 2, 10])].sort((a, b) => a - b),
    )
    assert.equal(changed.softNofile, 512)
    assert.deepEqual(
      changed.fds,
      [...new Set([...plain.fds, 7])].filter(fd => fd !== 0).sort((a, b) => a - b),
    )
  })

for (const shell of shells)
  test(`${shell.join(' ') || 'the launcher'} passes on the environment`, async () => {
    const words = [
      'A=x\ny',
      'odd.name=1',
      'F%%=() { :;\n}',
      'PWD=/stale',
      'SHLVL=7',
      'E=',
      'L=\u00fc',
      'IFS=xyz',
      'bee_root=1',
    ]
    const command = ['-i', ...words, `PATH=${process.env.PATH}`, ...shell, join(built, 'beetrace')]
    const { caller } = await run('env', command, { stdout: anything })
    const bytes = [...words, `PATH=${process.env.PATH}`].map(word => Buffer.from(word).toString('latin1'))
    assert.deepEqual(caller.environ, bytes)
  })
