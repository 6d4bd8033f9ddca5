// Bundles src/ into dist/ with esbuild: one file per command and public subpath, shared code in chunks.
//     node scripts/build.mjs           dist/*.js, in a fraction of a second: what the launcher needs
//     node scripts/build.mjs --types   also dist/types/, for the published package
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { COMMANDS, isPublic } from './exports.mjs'

const STAMP = 'dist/.built'

/**
 * What is bundled together. Each command by itself, so that it starts from few files that hold nothing else; then
 * src/index.ts and src/FLOOR/index.ts of the public floors, which share their code.
 */
const bundles = () =>
  [
    ...COMMANDS.map(name => [`src/cli/${name}.ts`]),
    [
      'src/index.ts',
      ...readdirSync('src')
        .filter(isPublic)
        .map(floor => `src/${floor}/index.ts`),
    ],
  ]
    .map(entryPoints => entryPoints.filter(existsSync))
    .filter(entryPoints => entryPoints.length > 0)

/** Builds in the current folder. Files appear whole, under their name; a running command keeps what it has read. */
export async function build({ types = false } = {}) {
  const { build: bundle } = await import('esbuild')
  const startedMs = Date.now()
  const built = await Promise.all(
    bundles().map(entryPoints =>
      bundle({
        entryPoints,
        outdir: 'dist',
        outbase: 'src',
        chunkNames: 'chunks/[name]-[hash]',
        bundle: true,
        splitting: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
        external: ['koffi'],
        legalComments: 'none',
        logLevel: 'warning',
        write: false,
      }),
    ),
  )
  const outputFiles = built.flatMap(({ outputFiles }) => outputFiles)
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
}

const filesUnder = (dir, folders = false) =>
  readdirSync(dir, { recursive: true })
    .map(name => `${dir}/${name}`)
    .filter(path => folders || !statSync(path).isDirectory())

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  await build({ types: process.argv.includes('--types') })
