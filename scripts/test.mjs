// Installs what is missing, compiles everything, and runs the tests with node's own runner, whose summary ends the
// output. Plain JavaScript: it runs before anything is installed.
//     node scripts/test.mjs [PREFIX …]   only test files whose path starts with one of these: src/btf test/kernel/ring
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { install } from './install.mjs'

const run = (command, args) => {
  const { status, signal } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`test: Node.js 20 or newer is needed, this is ${process.versions.node}`)
  process.exit(1)
}
try {
  install()
} catch (error) {
  console.error(`test: ${error.message}`)
  process.exit(1)
}
run('node_modules/.bin/tsc', ['-p', '.'])
await (await import('./build.mjs')).build() // test/cli and test/kernel run the commands

const prefixes = process.argv.slice(2).map(prefix => prefix.replace(/^\.\//, ''))
// the .ts must still be there: build/ keeps what was compiled from files since deleted
const tests = ['src', 'test', 'scripts']
  .flatMap(dir => readdirSync(`build/${dir}`, { recursive: true }).map(name => `${dir}/${name}`))
  .filter(file => file.endsWith('.test.js') && existsSync(file.replace(/\.js$/, '.ts')))
  .filter(file => prefixes.length === 0 || prefixes.some(prefix => file.startsWith(prefix)))
  .sort()
const isKernelTest = file => file.startsWith('test/kernel/')

const reason = tests.some(isKernelTest) ? await whyNoKernelTests() : undefined
const chosen = reason === undefined ? tests : tests.filter(file => !isKernelTest(file))
if (reason !== undefined)
  console.log(`test: skipping ${tests.length - chosen.length} kernel test files: ${reason}`)
if (chosen.length === 0) {
  console.error(
    `test: no test file ${prefixes.length === 0 ? 'found' : `starts with ${prefixes.join(' or ')}`}`,
  )
  process.exit(1)
}
run(process.execPath, [
  '--enable-source-maps',
  '--test',
  `--test-reporter=${process.stdout.isTTY ? 'spec' : 'tap'}`,
  '--test-timeout=300000',
  ...chosen.map(file => `build/${file}`),
])

/** What keeps test/kernel from running here, `undefined` if nothing does: they need root and bpf(2). */
async function whyNoKernelTests() {
  if (process.platform !== 'linux') return `they need Linux, this is ${process.platform}`
  if (process.getuid() !== 0) return 'they need root'
  const capabilities = BigInt(
    `0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0}`,
  )
  const CAP_SYS_ADMIN = 1n << 21n
  if ((capabilities & CAP_SYS_ADMIN) === 0n) return 'root here is without CAP_SYS_ADMIN'
  // a container's seccomp filter refuses even to a root with capabilities
  const { bpfMapCreate, BPF_MAP_TYPE_ARRAY, closeFd } = await import('../build/src/sys/index.js')
  try {
    const fd = bpfMapCreate({ mapType: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1 })
    if (fd < 0) return `bpf(2) makes no map (error ${-fd})`
    closeFd(fd)
  } catch (error) {
    return `bpf(2) makes no map: ${error.message}`
  }
}
