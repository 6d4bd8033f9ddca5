// From what a user calls a program or library to its file: `bash`, `libc`, `libssl.so.3`, `/usr/bin/*`.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { type LibraryEntry, parseLdCache } from '../elf/index.ts'
import { isElfFile } from './file-source.ts'
import { globMatcher, isGlob } from './glob.ts'
import { readExecutableMappings } from './process-maps.ts'

export interface FindBinaryOptions {
  /** look as this process would: in its mapped libraries, its PATH and its file system, which may be a container's */
  readonly pid?: number
}

export interface FoundBinary {
  /** what to open and to attach to; for a process in a container below /proc/PID/root */
  readonly path: string
  /** the path as the user, or the process, knows it */
  readonly shownPath: string
}

/**
 * The files that a target of a user probe names: a path (relative ones count from our working directory), a path
 * with wildcards, an executable on PATH, or a library: `libc`, `c`, `libc.so`, `libc.so.6`. In the order that bpftrace looks:
 * executables before libraries. Empty when there is none.
 */
export function findBinaries(target: string, options: FindBinaryOptions = {}): FoundBinary[] {
  const root = options.pid === undefined ? '' : `/proc/${options.pid}/root`
  const found = (shownPath: string): FoundBinary => ({ path: root + shownPath, shownPath })
  if (target.includes('/')) {
    // a relative path is ours, not the process's
    const below = target.startsWith('/') ? root : ''
    // `/usr/bin/[` is a program, too
    if (isElfFile(below + target)) return [{ path: below + target, shownPath: target }]
    if (!isGlob(target)) return []
    return expand(below, target)
      .map(shownPath => ({ path: below + shownPath, shownPath }))
      .filter(({ path }) => isElfFile(path))
  }
  if (target === '') return []
  for (const directory of searchPath(options.pid)) {
    const names = isGlob(target) ? matching(`${root}${directory}`, target) : [target]
    const files = names.map(name => found(`${directory}/${name}`)).filter(({ path }) => isExecutable(path))
    if (files.length > 0) return files
  }
  const library = findLibrary(target, root, options.pid)
  return library === undefined ? [] : [found(library)]
}

/** Where libraries are when there is no cache that says so (musl), besides the directories of Debian's kind. */
const LIBRARY_DIRECTORIES = ['/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib']

/** One path of a library, as the processes below `root` see it. */
function findLibrary(target: string, root: string, pid: number | undefined): string | undefined {
  const fits = libraryMatcher(target)
  const name = (path: string) => path.slice(path.lastIndexOf('/') + 1)
  // what the process uses is right even where another version is installed
  const mapped = pid === undefined ? [] : (readExecutableMappings(pid) ?? [])
  const inUse = mapped.find(({ path, deleted }) => path.startsWith('/') && !deleted && fits(name(path)))
  if (inUse !== undefined) return inUse.path
  const entries = ldCache(`${root}/etc/ld.so.cache`).filter(({ soname }) => fits(soname))
  const machine = LD_CACHE_MACHINE[process.arch]
  const entry = entries.find(({ flags }) => (flags & 0xff00) === machine) ?? entries[0]
  if (entry !== undefined && isElfFile(root + entry.path)) return entry.path
  for (const directory of LIBRARY_DIRECTORIES)
    for (const file of listDirectory(root + directory).sort())
      if (fits(file) && isElfFile(`${root}${directory}/${file}`)) return `${directory}/${file}`
  return undefined
}

/** FLAG_X8664_LIB64 and the like (glibc, sysdeps/generic/ldconfig.h): which machine an entry is for */
const LD_CACHE_MACHINE: Readonly<Record<string, number | undefined>> = {
  x64: 0x0300,
  arm64: 0x0a00,
  riscv64: 0x1000,
}

/** `c`, `libc` and `libc.so` all mean `libc.so` with any version behind; `libc.so.6` just that. */
function libraryMatcher(target: string): (soname: string) => boolean {
  const bare = target.replace(/\.so$/, '')
  const starts = [`${bare}.so`, `lib${bare}.so`]
  return soname =>
    soname === target || starts.some(start => soname === start || soname.startsWith(`${start}.`))
}

function ldCache(path: string): LibraryEntry[] {
  try {
    return parseLdCache(readFileSync(path), path)
  } catch {
    return []
  }
}

/** The directories of PATH: ours, or those of the process. */
function searchPath(pid: number | undefined): string[] {
  const path = pid === undefined ? process.env.PATH : environmentPath(pid)
  return (path ?? '/usr/local/bin:/usr/bin:/bin').split(':').filter(directory => directory.startsWith('/'))
}

function environmentPath(pid: number): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return variables.find(variable => variable.startsWith('PATH='))?.slice('PATH='.length)
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    return (statSync(path).mode & 0o111) !== 0 && isElfFile(path)
  } catch {
    return false
  }
}

/** Paths that a pattern (whose wildcards never match a slash) stands for, in order of their names. */
function expand(root: string, pattern: string): string[] {
  const absolute = pattern.startsWith('/')
  let paths = [absolute ? '' : '.']
  for (const part of pattern.split('/').filter(Boolean))
    paths = paths.flatMap(path =>
      (isGlob(part) ? matching(root + (path || '/'), part) : [part]).map(name => `${path}/${name}`),
    )
  return absolute ? paths : paths.map(path => path.slice(2))
}

const matching = (directory: string, pattern: string): string[] => {
  const accepts = globMatcher(pattern)
  return listDirectory(directory).filter(accepts).sort()
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
