// Installs the dependencies unless node_modules already holds what package-lock.json asks for. Plain JavaScript
// with nothing imported but Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Runs `npm ci` in the current folder when needed, its output on our stderr. @throws Error that says what to do */
export function install() {
  if (isInstalled()) return
  console.error('beetrace: installing the dependencies (npm ci) …')
  const npm = spawnSync('npm', ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 2, 2],
  })
  if (npm.error?.code === 'ENOENT')
    throw new Error('npm is not in PATH: it comes with Node.js, or as the package npm')
  if (npm.error !== undefined) throw npm.error
  if (npm.status !== 0)
    throw new Error(
      'npm ci failed, its words are above: the first run needs the network (or a filled npm cache) and write access to this folder',
    )
}

/** Whether every package of the lock file that is not optional is there in its version. */
function isInstalled() {
  const wanted = readPackages('package-lock.json')
  const present = readPackages('node_modules/.package-lock.json')
  if (wanted === undefined || present === undefined) return false
  return Object.entries(wanted).every(
    ([path, { optional, version }]) =>
      path === '' || present[path]?.version === version || (optional && !(path in present)),
  )
}

function readPackages(lock) {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')).packages
  } catch {
    return undefined
  }
}
