// Bundles src/ into dist/ with esbuild: a script for each command, which bin/start.cjs runs, and a module for each
// public subpath, with shared code in chunks.
//     node scripts/build.mjs           dist/*.js, in a fraction of a second: what the launcher needs
//     node scripts/build.mjs --types   also dist/types/, for the published package
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, normalize, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { COMMANDS, isPublic } from './exports.mjs'

const STAMP = 'dist/.built'

const MINIFY = { minifyWhitespace: true, minifySyntax: true }

const COMMON = {
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['koffi'],
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
  // names stay, of functions and methods at least (withShortLocals): they are what a stack trace says
  ...MINIFY,
}

/** src/index.ts and src/FLOOR/index.ts of the public floors, which share their code. */
const modules = () => ({
  ...COMMON,
  entryPoints: [
    'src/index.ts',
    ...readdirSync('src')
      .filter(isPublic)
      .map(floor => `src/${floor}/index.ts`),
  ].filter(existsSync),
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  format: 'esm',
  plugins: [together, quickStart],
  logOverride: { 'ignored-bare-import': 'silent' },
})

/** Public floors that need most of what `beetrace` needs. */
const TOGETHER = ['events', 'kernel', 'link', 'map', 'object', 'program']

/**
 * A chunk is what the same entries need: as many kinds of entries, as many chunks, and `beetrace` took nearly all of them, each of
 * which Node finds, opens and compiles. These floors are given all that `beetrace` needs, which makes one of it.
 */
const together = {
  name: 'together',
  setup(build) {
    build.onLoad({ filter: /\/src\/\w+\/index\.ts$/ }, ({ path }) => {
      const floor = basename(dirname(path))
      if (!TOGETHER.includes(floor)) return undefined
      return { contents: `${readFileSync(path, 'utf8')}\nimport '../index.ts'\n`, loader: 'ts' }
    })
  },
}

/** Parts of commands that have little in common with the rest (bin/bee.cjs). */
const PARTS = ['bee-object']

/** A path of these characters is in its URL as it is, which saves a millisecond of loading what makes one. */
const FILE_URL =
  "const fileUrl = /^[\\w/.@-]+$/.test(__filename) ? 'file://' + __filename : require('node:url').pathToFileURL(__filename).href"

/** A command is one file, so that its compiled code can be kept in one. */
const command = name => ({
  ...COMMON,
  entryPoints: [`src/cli/${name}.ts`],
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: { 'import.meta.url': 'fileUrl' },
  banner: { js: FILE_URL },
  plugins: [quickStart],
})

/** Modules of Node that are not part of its start: it takes 1 to 10 ms to load one, and most runs need nothing of them. */
const SELDOM = ['child_process', 'os', 'timers/promises', 'tty', 'zlib']

/**
 * What is imported of the modules above loads them when it is used, and in a command `createRequire` gives what the
 * command has already: `node:module` brings Node's loader of ES modules with it.
 */
const quickStart = {
  name: 'quick-start',
  setup(build) {
    const isCommand = build.initialOptions.format === 'cjs'
    const filter = new RegExp(`^node:(?:${(isCommand ? ['module', ...SELDOM] : SELDOM).join('|')})$`)
    build.onResolve({ filter }, ({ path, namespace }) =>
      namespace === 'quick-start' ? { path, external: true } : { path, namespace: 'quick-start' },
    )
    build.onLoad({ filter, namespace: 'quick-start' }, async ({ path }) => ({
      contents:
        path === 'node:module'
          ? 'export const createRequire = () => require'
          : (isCommand ? '' : REQUIRE) + lazily(path, await import(path)),
    }))
  },
}

/** Modules have none of their own. */
const REQUIRE = `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
`

/** A module with the functions of another and with objects of getters, which load it. */
const lazily = (path, exports) =>
  Object.entries(exports)
    .filter(([, value]) => typeof value === 'function' || typeof value === 'object')
    .map(([name, value]) => {
      const own = `require('${path}')${name === 'default' ? '' : `.${name}`}`
      if (typeof value === 'function') return `export const ${name} = (...args) => ${own}(...args)`
      const getters = Object.keys(value).map(key => `get '${key}'() { return ${own}['${key}'] }`)
      return `${name === 'default' ? 'export default' : `export const ${name} =`} { ${getters.join()} }`
    })
    .join('\n')

/** Builds in the current folder. Files appear whole, under their name; a running command keeps what it has read. */
export async function build({ types = false } = {}) {
  const { build: bundle } = await import('esbuild')
  const startedMs = Date.now()
  const commands = [...COMMANDS, ...PARTS].filter(name => existsSync(`src/cli/${name}.ts`)).map(command)
  const built = await Promise.all(
    [modules(), ...commands]
      .filter(({ entryPoints }) => entryPoints.length > 0)
      .map(options => bundle(options)),
  )
  const outputFiles = await Promise.all(built.flatMap(({ outputFiles }) => outputFiles).map(finished))
  if (existsSync('src/trace/kernel/prebuild.ts')) outputFiles.push(...(await kernelHalf(bundle)))
  // chunks first: an entry that is there finds what it imports
  const isChunk = file => file.path.includes('/chunks/')
  for (const file of [...outputFiles.filter(isChunk), ...outputFiles.filter(f => !isChunk(f))]) {
    mkdirSync(dirname(file.path), { recursive: true })
    const fresh = `${file.path}.${process.pid}`
    writeFileSync(fresh, file.contents)
    renameSync(fresh, file.path)
  }
  const made = new Set(outputFiles.map(file => relative('.', file.path)))
  for (const file of filesUnder('dist')) {
    const isType = file.startsWith('dist/types/')
    if (!made.has(file) && !(isType && !types)) rmSync(file)
  }
  if (types) emitTypes()
  // dated back to the start: a source saved while we built is newer
  writeFileSync(STAMP, '')
  utimesSync(STAMP, startedMs / 1000, startedMs / 1000)
}

/** A command is a function, and begins with a line that tells it from every other build of it; see bin/start.cjs. */
const finished = async ({ path, text: bundled, contents: whole }) => {
  if (!path.endsWith('.cjs')) return { path, contents: whole }
  const contents = Buffer.from(await withShortLocals(bundled))
  const hash = createHash('sha256').update(contents).digest('hex')
  const head = `// ${hash}\n(function (exports, require, module, __filename, __dirname, keepCompiled) {`
  const text = Buffer.concat([Buffer.from(head), contents, Buffer.from('})')])
  if (text.some(byte => byte > 0x7f)) throw new Error(`${path} is not ASCII`)
  return { path, contents: text }
}

/** A sixth less to read and compile. In what is no module, esbuild leaves alone the names outside of functions. */
const withShortLocals = async text => {
  const { transform } = await import('esbuild')
  return (await transform(text, { ...MINIFY, minifyIdentifiers: true, target: COMMON.target })).code
}

/** The tracer's kernel half, compiled by its own code: dist/kernel-half/ARCH.json. */
const kernelHalf = async bundle => {
  const { outputFiles } = await bundle({
    entryPoints: ['src/trace/kernel/prebuild.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  const { kernelHalfFiles } = await import(`data:text/javascript;base64,${code}`)
  return Object.entries(kernelHalfFiles()).map(([name, contents]) => ({
    path: resolve('dist/kernel-half', name),
    contents,
  }))
}

/** Whether a source is newer than the build; bin/launch asks the same with find. */
export function isStale() {
  if (!existsSync(STAMP)) return true
  const builtMs = statSync(STAMP).mtimeMs
  return [...filesUnder('src', true), 'src', 'scripts/build.mjs', 'package-lock.json'].some(
    path => statSync(path).mtimeMs > builtMs,
  )
}

const emitTypes = () => {
  const tsc = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json'], { stdio: 'inherit' })
  if (tsc.status !== 0) throw new Error('tsc failed')
  const kept = new Set(publicTypes())
  for (const file of filesUnder('dist/types')) if (!kept.has(file)) rmSync(file)
}

/** The declarations that package.json's exports name, and those they mention. */
const publicTypes = () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const files = Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : [normalize(types)]))
  // grows while it is walked
  for (const file of files) {
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()["'](\.[^"']*)["']/g)) {
      const mentioned = join(dirname(file), path.replace(/\.ts$/, '.d.ts'))
      if (!files.includes(mentioned)) files.push(mentioned)
    }
  }
  return files
}

const filesUnder = (dir, folders = false) =>
  readdirSync(dir, { recursive: true })
    .map(name => `${dir}/${name}`)
    .filter(path => folders || !statSync(path).isDirectory())

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  await build({ types: process.argv.includes('--types') })
