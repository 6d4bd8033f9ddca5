// The first run of ./beetrace and ./bee in a checkout, and every run after a source changed: installs, builds.
// Called by bin/launch under a lock, with the command's name. Everything it says goes to stderr.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const name = process.argv[2] ?? 'beetrace'
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const say = text => console.error(`${name}: ${text}`)
const startMs = Date.now()

const prepare = async () => {
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new Error(`Node.js 20 or newer is needed, this is ${process.versions.node}`)
  if (process.platform !== 'linux') throw new Error(`eBPF is Linux only, this is ${process.platform}`)
  process.chdir(root)
  const built = existsSync('dist/.built')
  if (!writable(root)) {
    if (!built)
      throw new Error(`${root} is not built and cannot be written to: run ./${name} once as its owner`)
    return say('sources are newer than the build, but the folder cannot be written to: running the old build')
  }
  const { install } = await import('./install.mjs')
  install()
  const { build, isStale } = await import('./build.mjs')
  if (!isStale()) return // whoever held the lock before us did it
  say(built ? 'sources have changed, building …' : 'first run, building …')
  await build()
  giveToOwner()
  say(`ready after ${((Date.now() - startMs) / 1000).toFixed(1)} s`)
}

const writable = path => {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** After `sudo ./beetrace` what was made belongs to whoever owns the checkout, not to root. */
const giveToOwner = () => {
  const { uid, gid } = statSync('.')
  if (process.getuid() === 0 && uid !== 0) spawnSync('chown', ['-R', `${uid}:${gid}`, 'node_modules', 'dist'])
}

prepare().catch(error => {
  say(error.message)
  process.exitCode = 1
})
