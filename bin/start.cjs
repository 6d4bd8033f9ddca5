// What comes before a command's own code: a word to an old Node, and compiled code kept from run to run. Compiling
// JavaScript is a third of what a short run does. CommonJS: loading it as a module would cost 5 ms more.
const {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs')
const { dirname, join } = require('node:path')
const { Script } = require('node:vm')

/** Runs dist/cli/NAME.cjs. Ends the process when this Node is too old. */
exports.start = name => {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    process.stderr.write(`${name}: Node.js 20 or newer is needed, this is ${process.versions.node}\n`)
    process.exit(1)
  }
  const path = join(__dirname, '../dist/cli', `${name}.cjs`)
  // ASCII, as the build sees to: a string of one byte a character. A function of what is passed below.
  const source = readFileSync(path, 'latin1')
  const folder = cacheFolder()
  const tag = cacheTag(source)
  const file = folder && join(folder, `${name}-${tag.slice(3, 15)}.v8`)
  const kept = file && readCache(file, tag)
  const script = new Script(source, { filename: path, ...(kept ? { cachedData: kept.data } : {}) })
  const known = script.cachedDataRejected ? undefined : kept
  // Called by the command before it ends, when what its runs need has been compiled.
  const keepCompiled = () => {
    if (!file || (known && known.patience === 0 && Math.random() > 1 / SELDOM)) return
    // V8 takes compiled code only where its flags are what they were then
    if (isOptimizing) setFlags(NO_OPT)
    const data = script.createCachedData()
    // not only what this run compiled, but all that the file had; V8 forgets what a long run no longer needs
    const isMore = !known || data.length > known.data.length * NOTEWORTHY
    if (!isMore && known.patience === 0) return
    writeCache(
      file,
      tag,
      isMore ? { patience: PATIENCE, data } : { patience: known.patience - 1, data: known.data },
    )
    removeOld(folder, name)
  }
  if (process.execArgv.includes(NO_OPT)) {
    setTimeout(() => {
      setFlags('--opt')
      isOptimizing = true
    }, OPTIMIZE_AFTER_MS).unref()
  }
  const own = { exports: {} }
  script.runInThisContext()(own.exports, require, own, path, dirname(path), keepCompiled)
}

/**
 * bin/launch starts without V8's optimising compiler: it would compile what runs often in the first moments, which are over
 * when that is done. What runs long gets it.
 */
const NO_OPT = '--no-opt'
const OPTIMIZE_AFTER_MS = 300
let isOptimizing = false
const setFlags = flags => require('node:v8').setFlagsFromString(flags)

/** What is read from there is run, by root at times, so the folder must be ours. */
const cacheFolder = () => {
  try {
    const folder = join(process.env.XDG_CACHE_HOME || join(home(), '.cache'), 'beetrace')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    return uid === process.geteuid() && (mode & 0o022) === 0 ? folder : undefined
  } catch {
    // no home, or one that cannot be written to: it goes without
    return undefined
  }
}

/** What os.homedir() says, which takes a millisecond to load. */
const home = () => process.env.HOME || require('node:os').homedir()

/** The build writes a hash of the bundle into its first line. V8 itself refuses what another version of it compiled. */
const cacheTag = source => source.slice(0, source.indexOf('\n') + 1)

/**
 * Functions are compiled when they are first called, so the file grows with what runs do. To look what is new takes
 * some 20 ms: after so many runs in a row with nothing noteworthy only one in `SELDOM` looks.
 */
const PATIENCE = 4
const SELDOM = 8
const NOTEWORTHY = 1.01

/** `{ patience, data }`: how many more runs look for something new, and V8's bytes. A file begins with the tag and the patience. */
const readCache = (file, tag) => {
  try {
    const bytes = readFileSync(file)
    const length = tag.length + 1
    if (tag === '' || bytes.latin1Slice(0, tag.length) !== tag) return undefined
    return { patience: bytes[tag.length], data: bytes.subarray(length) }
  } catch {
    return undefined
  }
}

const writeCache = (file, tag, { patience, data }) => {
  try {
    const fresh = `${file}.${process.pid}`
    const head = Buffer.from(`${tag}\0`, 'latin1')
    head[tag.length] = patience
    writeFileSync(fresh, Buffer.concat([head, data]), { mode: 0o600 })
    renameSync(fresh, file)
  } catch {
    // a full disk: the next run tries again
  }
}

/** Builds that are kept side by side: one of a checkout and one that is installed, say. */
const KEPT = 4

const removeOld = (folder, name) => {
  try {
    const modifiedMs = file => statSync(file).mtimeMs
    const own = new RegExp(`^${name}-[0-9a-f]*\\.v8$`)
    const files = readdirSync(folder)
      .filter(entry => own.test(entry))
      .map(entry => join(folder, entry))
      .sort((a, b) => modifiedMs(b) - modifiedMs(a))
    for (const file of files.slice(KEPT)) rmSync(file, { force: true })
  } catch {
    // another run removes them too
  }
}
