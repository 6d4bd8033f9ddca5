// npm run test:kernels [-- NAME … [-- PREFIX …]]: the kernel tests on stock Debian kernels, all of ./matrix or those
// named, as many at once as there are processors; after `--` only test files whose path starts with a prefix. Ends with
// a table and one line "N passed, N failed, N skipped". A kernel on which no test ran, and a skip without a reason, are
// failures.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { install } from '../install.mjs'

const rows = readFileSync('scripts/kernels/matrix', 'utf8').split('\n')
const known = rows.filter(row => row !== '' && !row.startsWith('#')).map(row => row.split(/\s+/)[0])

const args = process.argv.slice(2)
const split = args.includes('--') ? args.indexOf('--') : args.length
const prefixes = args.slice(split + 1)
const names = split === 0 ? known : args.slice(0, split).map(name => (/^7(\.|$)/.test(name) ? '7.x' : name))
const unknown = names.filter(name => !known.includes(name))
if (unknown.length > 0) fail(`unknown kernel ${unknown.join(', ')}; known: ${known.join(' ')}`)

install()
if (spawnSync('node_modules/.bin/tsc', ['-p', '.'], { stdio: 'inherit' }).status !== 0) process.exit(1)
await (await import('../build.mjs')).build() // kernel tests run the commands
const files = readdirSync('build/test/kernel', { recursive: true })
  .map(name => `test/kernel/${name}`)
  .filter(file => file.endsWith('.test.js') && existsSync(file.replace(/\.js$/, '.ts')))
  .filter(file => prefixes.length === 0 || prefixes.some(prefix => file.startsWith(prefix)))
  .sort()
if (files.length === 0) fail('no kernel test file is called so')
const bundles = await bundle(files.map(file => `build/${file}`))

const results = names.map(fetch)
const waiting = results.filter(result => result.problem === '')
const worker = async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) await testOn(next)
}
await Promise.all(Array.from({ length: availableParallelism() }, worker))
report(results)

/**
 * Each test with all it imports as one file: loading some hundred modules takes an emulated processor ten seconds. They
 * find what lies beside them where the tests are, in build/test/kernel.
 */
async function bundle(entryPoints) {
  const { build } = await import('esbuild')
  await build({
    entryPoints,
    outdir: 'build/bundled/kernel',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    external: ['koffi'],
    logLevel: 'warning',
    banner: { js: "const originalUrl = import.meta.url.replace('/bundled/', '/test/')" },
    define: { 'import.meta.url': 'originalUrl' },
  })
  return entryPoints.map(path => path.replace('/test/', '/bundled/'))
}

/** The result of a kernel to be tested, its files made present. */
function fetch(name) {
  const fetched = spawnSync('scripts/kernels/fetch', [name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  const result = {
    name,
    release: '',
    passed: 0,
    failed: 0,
    skipped: new Map(),
    files: new Map(),
    seconds: 0,
    problem: '',
  }
  if (fetched.status !== 0) return { ...result, problem: 'the kernel could not be fetched' }
  result.release = readFileSync(`${fetched.stdout.trim()}/release`, 'utf8').trim()
  return result
}

/** Boots the kernel, runs the test files, says failures as they come. */
async function testOn(result) {
  const { name, release } = result
  console.log(`== Linux ${release}: ${files.length} test files`)
  const startMs = Date.now()
  const reporter = new URL('reporter.mjs', import.meta.url).href
  const node = ['--enable-source-maps', '--test', '--test-concurrency=1', '--test-timeout=900000']
  const child = spawn(
    'scripts/kernels/run',
    [name, '--', process.execPath, ...node, `--test-reporter=${reporter}`, ...bundles],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = new Promise(resolve => child.on('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) note(result, line)
  const status = await ended
  result.seconds = (Date.now() - startMs) / 1000
  if (result.passed + result.failed === 0) result.problem = `no test ran (exit status ${status})`
  else if (status !== 0 && result.failed === 0) result.problem = `exit status ${status}`
  console.log(`== Linux ${release}: ended after ${result.seconds.toFixed(0)} s`)
}

function note(result, line) {
  const say = text => console.log(text.replace(/^/gm, `${result.name.padEnd(5)} `))
  const event = parse(line)
  if (event === undefined) return say(line)
  if ('output' in event) return say(event.output)
  const { test, file, outcome, why, ms } = event
  const reason = typeof why === 'string' ? why : ''
  if (outcome === 'passed') result.passed++
  else if (outcome === 'skipped' && reason !== '')
    result.skipped.set(reason, (result.skipped.get(reason) ?? 0) + 1)
  else {
    result.failed++
    say(`not ok: ${file}: ${test}\n${(reason || 'skipped without a reason').replace(/^/gm, '   ')}`)
  }
  result.files.set(file, (result.files.get(file) ?? 0) + (ms ?? 0) / 1000)
  if (ms > 20_000) say(`slow: ${file}: ${test} took ${(ms / 1000).toFixed(0)} s`)
}

/** What reporter.mjs said; `undefined` for anything else the kernel or a test printed. */
function parse(line) {
  try {
    const event = JSON.parse(line)
    return typeof event === 'object' && event !== null && ('test' in event || 'output' in event)
      ? event
      : undefined
  } catch {
    return undefined
  }
}

function report(results) {
  const sum = counts => counts.reduce((total, count) => total + count, 0)
  const skipped = ({ skipped }) => sum([...skipped.values()])
  console.log(
    `\n${'kernel'.padEnd(24)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'seconds'.padStart(9)}`,
  )
  for (const result of results) {
    const { name, release, passed, failed, seconds, problem } = result
    const numbers = `${String(passed).padStart(8)}${String(failed).padStart(8)}${String(skipped(result)).padStart(9)}`
    console.log(
      `${(release || name).padEnd(24)}${numbers}${seconds.toFixed(0).padStart(9)}${problem && `   ${problem}`}`,
    )
    for (const [reason, count] of result.skipped) console.log(`    ${count} skipped: ${reason}`)
    const slowest = [...result.files].sort(([, a], [, b]) => b - a).slice(0, 8)
    console.log(
      `    slowest: ${slowest.map(([file, seconds]) => `${file} ${seconds.toFixed(0)} s`).join(', ')}`,
    )
  }
  // a kernel with a problem of its own counts as one failure
  const failed = sum(results.map(result => result.failed + (result.problem === '' ? 0 : 1)))
  console.log(
    `\n${sum(results.map(r => r.passed))} passed, ${failed} failed, ${sum(results.map(skipped))} skipped`,
  )
  if (failed > 0) process.exitCode = 1
}

function fail(words) {
  console.error(`kernels: ${words}`)
  process.exit(1)
}
