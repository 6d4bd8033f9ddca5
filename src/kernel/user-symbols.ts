// From an address in a process to the function there: for user stacks and `usym`.

import { statSync } from 'node:fs'
import { nowMs } from '../sys/index.ts'
import { Binary } from './binary.ts'
import { PerfMapFile } from './perf-map.ts'
import { readProcess } from './process.ts'
import { type Mapping, readExecutableMappings } from './process-maps.ts'
import { FileModule, type UserModule, vdsoModule } from './user-module.ts'

/** Where an address of a process lies. */
export interface UserSymbol {
  /** the function as the symbol table has it (C++ and Rust: mangled); undefined when the module has none there */
  readonly name: string | undefined
  /** bytes from the start of the function; from the start of the mapping when there is no name */
  readonly offset: number
  /** path as the process sees it, `[vdso]`, or the path of a perf map; empty for anonymous memory */
  readonly module: string
  /** the address as the module's own symbols have it, which is what addr2line(1) takes */
  readonly moduleOffset: number
  /** byte of the module's file; what the kernel's build-id stacks give */
  readonly fileOffset: number
}

/**
 * Symbols of user space. Mappings are read when a process is first seen and again when an address is unknown; what a
 * file holds is read once for all processes. A process that was noted, or seen once, can be asked about after its end.
 */
export class UserSymbols implements Disposable {
  readonly #processes = new Map<number, Process>()
  readonly #modules = new Map<string, UserModule>()
  #vdso: UserModule | undefined

  /** Takes down a process's mappings while it runs, and keeps hold of their files. False when it is gone already. */
  noteProcess(pid: number): boolean {
    return this.#read(pid, this.#process(pid))
  }

  /** Takes down one mapping as the kernel told of it: the process may have ended since. */
  noteMapping(pid: number, mapping: Mapping): void {
    const process = this.#process(pid)
    if (placedAt(process.mappings, mapping.start)?.mapping.start === mapping.start) return
    const placed = { mapping, module: this.#module(pid, mapping) }
    process.mappings = [...process.mappings, placed].sort((a, b) => a.mapping.start - b.mapping.start)
    process.readMs = nowMs()
  }

  /** Drops what is known about a process: its id may be another's from now on. */
  forgetProcess(pid: number): void {
    this.#processes.delete(pid)
  }

  /** Undefined when the process has nothing executable there, or was never seen alive. */
  symbolize(pid: number, address: number): UserSymbol | undefined {
    const process = this.#process(pid)
    const place = this.#find(pid, process, address)
    if (place === undefined) return undefined
    const { mapping, module } = place
    const fileOffset = address - mapping.start + mapping.offset
    const moduleOffset = module?.address(fileOffset) ?? fileOffset
    const found = module?.functionAt(moduleOffset)
    if (found !== undefined) return { ...found, module: mapping.path, moduleOffset, fileOffset }
    const compiled =
      mapping.inode === 0 || module === undefined ? this.#compiled(process, address) : undefined
    if (compiled !== undefined) return { ...compiled, moduleOffset, fileOffset }
    return {
      name: undefined,
      offset: address - mapping.start,
      module: mapping.path,
      moduleOffset,
      fileOffset,
    }
  }

  /** Lets go of the files. */
  close(): void {
    for (const module of this.#modules.values()) module.close()
    this.#modules.clear()
    this.#processes.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #find(pid: number, process: Process, address: number): Placed | undefined {
    const now = nowMs()
    const mayRead = now >= process.nextReadMs
    const isOld = process.mappings.length === 0 || now - process.readMs > MAX_AGE_MS
    if (mayRead && isOld) this.#read(pid, process)
    const place = placedAt(process.mappings, address) ?? placedAt(process.before, address)
    if (place !== undefined || !mayRead || isOld) return place
    this.#read(pid, process)
    const found = placedAt(process.mappings, address)
    // addresses that are none (broken frame pointers) must not make us read the mappings for each
    process.waitMs = found === undefined ? Math.min(Math.max(process.waitMs * 2, 1), MAX_AGE_MS) : 0
    process.nextReadMs = nowMs() + process.waitMs
    return found
  }

  #process(pid: number): Process {
    const known = this.#processes.get(pid)
    if (known !== undefined) return known
    const made: Process = {
      mappings: [],
      before: [],
      readMs: 0,
      nextReadMs: 0,
      waitMs: 0,
      perfMap: undefined,
    }
    this.#processes.set(pid, made)
    if (this.#processes.size > MAX_PROCESSES) this.#processes.delete(this.#processes.keys().next().value!)
    return made
  }

  /** Reads mappings anew. The last ones stay in reach: addresses taken before an exec or a dlclose are theirs. */
  #read(pid: number, process: Process): boolean {
    const mappings = readExecutableMappings(pid)
    process.readMs = nowMs()
    if (mappings === undefined) {
      process.nextReadMs = process.readMs + MAX_AGE_MS
      return false
    }
    const modules = new Map(process.mappings.map(placed => [identity(placed.mapping), placed]))
    const same = mappings.every(mapping => modules.has(identity(mapping)))
    const placed = mappings.map(
      mapping => modules.get(identity(mapping)) ?? { mapping, module: this.#module(pid, mapping) },
    )
    if (!same || placed.length !== process.mappings.length) process.before = process.mappings
    process.mappings = placed
    if (process.perfMap === undefined) {
      const inside = readProcess(pid)?.namespacePids.at(-1) ?? pid
      process.perfMap = [`/proc/${pid}/root/tmp/perf-${inside}.map`, `/tmp/perf-${inside}.map`].map(
        path => new PerfMapFile(path),
      )
    }
    return true
  }

  /** The module of a mapping, from its file as the process has it, which may be in a container or deleted. */
  #module(pid: number, mapping: Mapping): UserModule | undefined {
    if (mapping.path === '[vdso]') return (this.#vdso ??= vdsoModule(pid, mapping))
    if (mapping.inode === 0 || !mapping.path.startsWith('/')) return undefined
    const root = `/proc/${pid}/root`
    const range = `${mapping.start.toString(16)}-${mapping.end.toString(16)}`
    const paths = [`/proc/${pid}/map_files/${range}`]
    // for want of CAP_SYS_ADMIN, or when the process has ended since its mappings were read
    if (!mapping.deleted) paths.push(root + mapping.path, mapping.path)
    for (const path of paths) {
      try {
        const { dev, ino, size, mtimeMs } = statSync(path)
        // overlay file systems show one inode in maps and another in stat: only the plain path needs the check
        if (path === mapping.path && ino !== mapping.inode) continue
        const key = `${dev}:${ino}:${size}:${mtimeMs}`
        const known = this.#modules.get(key)
        if (known !== undefined) return known
        const module = new FileModule(new Binary(path, { shownPath: mapping.path, root }))
        this.#modules.set(key, module)
        this.#trim()
        return module
      } catch {
        // gone, not ours to open, or no ELF file: the next path, or no names
      }
    }
    return undefined
  }

  /** Open files and symbols in memory have an end; the modules that were opened first go first. */
  #trim(): void {
    const open = [...this.#modules.values()].filter(module => module.isOpen)
    if (open.length > MAX_OPEN_FILES) open[0]!.load()
    if (this.#modules.size <= MAX_MODULES) return
    const [key, oldest] = this.#modules.entries().next().value!
    oldest.close()
    this.#modules.delete(key)
  }

  #compiled(process: Process, address: number): { name: string; offset: number; module: string } | undefined {
    for (const map of process.perfMap ?? []) {
      let found = map.at(address)
      if (found === undefined && map.update()) found = map.at(address)
      if (found !== undefined) return { ...found, module: map.path.replace(/^\/proc\/\d+\/root/, '') }
    }
    return undefined
  }
}

/** Mappings change by exec, dlopen and dlclose; an address of old ones can lie within new ones. */
const MAX_AGE_MS = 1000
const MAX_PROCESSES = 16_384
const MAX_OPEN_FILES = 128
const MAX_MODULES = 1024

interface Placed {
  readonly mapping: Mapping
  readonly module: UserModule | undefined
}

interface Process {
  /** ascending by address */
  mappings: readonly Placed[]
  before: readonly Placed[]
  readMs: number
  /** no reading before, and how long the last wait was: it doubles with each reading that did not help */
  nextReadMs: number
  waitMs: number
  /** in the process's own file system, and in ours for when it has ended */
  perfMap: readonly PerfMapFile[] | undefined
}

const identity = ({ start, end, offset, inode, path }: Mapping) =>
  `${start} ${end} ${offset} ${inode} ${path}`

/** The mapping around an address, of mappings in ascending order. */
function placedAt(placed: readonly Placed[], address: number): Placed | undefined {
  let low = 0
  let high = placed.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (placed[middle]!.mapping.start <= address) low = middle + 1
    else high = middle
  }
  const found = placed[low - 1]
  return found !== undefined && address < found.mapping.end ? found : undefined
}
