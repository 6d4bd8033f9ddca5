// Names of just-in-time compiled code: the /tmp/perf-PID.map that a runtime writes (`node --perf-basic-prof`, JVM agents).

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** A function of a perf map and how far into it an address lies. */
export interface PerfMapEntry {
  readonly name: string
  readonly offset: number
}

/**
 * The entries of one map file, which grows as long as its process runs. Code that was moved or thrown away stays in
 * it: of entries that overlap, the later one counts.
 */
export class PerfMap {
  /** ascending by start; of equal starts only the latest */
  #sorted: Entry[] = []
  #fresh: Entry[] = []
  #entries = 0
  /** an unfinished last line */
  #rest = ''

  /** Takes the next bytes of the file. Lines of another shape than `START SIZE NAME` (hex, hex, rest) are left out. */
  append(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) {
      const match = /^(?:0x)?([0-9a-f]{1,14}) (?:0x)?([0-9a-f]{1,12}) (.+)$/i.exec(line)
      if (match === null) continue
      const start = Number.parseInt(match[1]!, 16)
      this.#fresh.push({
        start,
        end: start + Number.parseInt(match[2]!, 16),
        name: match[3]!,
        age: this.#entries++,
      })
    }
  }

  at(address: number): PerfMapEntry | undefined {
    if (this.#fresh.length > 0) this.#merge()
    const entries = this.#sorted
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (entries[middle]!.start <= address) low = middle + 1
      else high = middle
    }
    let found: Entry | undefined
    for (let i = low - 1; i >= 0 && low - i <= MAX_OVERLAP; i--) {
      const entry = entries[i]!
      if (address < entry.end && (found === undefined || entry.age > found.age)) found = entry
    }
    return found === undefined ? undefined : { name: found.name, offset: address - found.start }
  }

  #merge(): void {
    const all = this.#sorted.concat(this.#fresh).sort((a, b) => a.start - b.start || b.age - a.age)
    this.#sorted = all.filter((entry, i) => i === 0 || entry.start !== all[i - 1]!.start)
    this.#fresh = []
  }
}

interface Entry {
  readonly start: number
  readonly end: number
  readonly name: string
  /** position in the file */
  readonly age: number
}

/** Entries that start before an address and may still reach over it; older code that lies farther back is forgotten. */
const MAX_OVERLAP = 32

/** A perf map on disk, read on from where it was read before. */
export class PerfMapFile {
  readonly path: string
  #map = new PerfMap()
  #inode = -1
  #readBytes = 0

  constructor(path: string) {
    this.path = path
  }

  /** The function around an address, as far as the file was read: `update` reads on. */
  at(address: number): PerfMapEntry | undefined {
    return this.#map.at(address)
  }

  /** Reads what was added since; false when that is nothing, or there is no such file. */
  update(): boolean {
    let fd: number
    try {
      fd = openSync(this.path, 'r')
    } catch {
      return false
    }
    try {
      const stat = fstatSync(fd)
      if (!stat.isFile()) return false
      // another process of the same id has begun a file of its own
      if (stat.ino !== this.#inode || stat.size < this.#readBytes) {
        this.#map = new PerfMap()
        this.#inode = stat.ino
        this.#readBytes = 0
      }
      const end = Math.min(stat.size, MAX_FILE_BYTES)
      const before = this.#readBytes
      const chunk = Buffer.allocUnsafe(Math.min(1 << 20, Math.max(end - before, 0)))
      while (this.#readBytes < end) {
        const n = readSync(fd, chunk, 0, Math.min(chunk.length, end - this.#readBytes), this.#readBytes)
        if (n === 0) break
        this.#map.append(chunk.toString('latin1', 0, n))
        this.#readBytes += n
      }
      return this.#readBytes > before
    } finally {
      closeSync(fd)
    }
  }
}

/** A runtime that never stops compiling must not fill our memory. */
const MAX_FILE_BYTES = 256 << 20
