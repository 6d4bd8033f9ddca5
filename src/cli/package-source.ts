// Where a package comes from: a file, a URL, or stdin, as with ecli; and which command lines of `bee run` mean one.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { BeetraceError, PackageError, UsageError } from '../errors/index.ts'
import { PACKAGE_BYTES_MAX } from '../package/index.ts'
import { reasonOf } from './messages.ts'

/** `bee run [-j] [-p TYPE] FILE …` as far as it says what to run. */
export interface PackageCommand {
  readonly source: string
  readonly json: boolean
  /** what follows, which is the package's to understand */
  readonly rest: readonly string[]
}

const TYPES: Readonly<Record<string, 'json' | 'tar' | 'wasm'>> = {
  json: 'json',
  jsoneunomia: 'json',
  tar: 'tar',
  wasm: 'wasm',
  wasmmodule: 'wasm',
}

/**
 * Undefined when it is something else that shall be run: a compiled object.
 * @throws UsageError for kinds of programs that ecli runs and this does not
 */
export function packageCommand(argv: readonly string[]): PackageCommand | undefined {
  let type: (typeof TYPES)[string] | undefined
  let json = false
  let at = 0
  for (; at < argv.length; at++) {
    const word = argv[at]!
    if (word === '-j' || word === '--json') json = true
    else if (word === '-p' || word === '--prog-type') {
      const name = argv[++at]
      type = TYPES[name?.toLowerCase() ?? '']
      if (type === undefined) throw new UsageError(`${word} takes json, not "${name ?? ''}"`)
    } else break
  }
  const source = argv[at]
  if (source === undefined || (source.startsWith('-') && source !== '-')) {
    if (type === undefined) return undefined
    throw new UsageError('bee run -p json needs a package: a file, a URL, or - for stdin')
  }
  const isPackage = type !== undefined || source === '-' || isUrl(source) || startsAsPackage(source)
  if (!isPackage) return undefined
  const kind = type ?? /\.(tar|wasm|ya?ml)$/.exec(source)?.[1] ?? 'json'
  if (kind !== 'json') throw new UsageError(`${source}: ${REFUSED[kind]}`)
  return { source, json, rest: argv.slice(at + 1) }
}

const REFUSED: Readonly<Record<string, string>> = {
  tar: 'an archive of ecc -b has package.json in it: unpack it (tar xf), and run that',
  wasm: 'WebAssembly modules are not run here: pass the package.json or the compiled object that they are made from',
  yaml: 'packages are JSON here: build it without -y',
  yml: 'packages are JSON here: build it without -y',
}

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text)

/** By its name, or, where that says nothing, by how it begins. A file that cannot be read is left to who runs objects. */
function startsAsPackage(path: string): boolean {
  if (/\.(json|tar|wasm|ya?ml)$/.test(path)) return true
  if (path.endsWith('.o')) return false
  try {
    const fd = openSync(path, 'r')
    try {
      if (!fstatSync(fd).isFile()) return false
      const bytes = Buffer.alloc(64)
      return /^\s*\{/.test(bytes.toString('latin1', 0, readSync(fd, bytes)))
    } finally {
      closeSync(fd)
    }
  } catch {
    return false
  }
}

/** The text of a package. Throws PackageError for what cannot be had or is too long. */
export async function readPackageText(
  source: string,
): Promise<{ readonly text: string; readonly file: string }> {
  if (isUrl(source)) return { text: await download(source), file: source }
  if (source === '-') return { text: readAll(0, 'stdin'), file: 'stdin' }
  let fd: number
  try {
    fd = openSync(source, 'r')
  } catch (error) {
    throw new BeetraceError('INPUT', `cannot read ${source}: ${reasonOf(error)}`, { cause: error })
  }
  try {
    return { text: readAll(fd, source), file: source }
  } finally {
    closeSync(fd)
  }
}

function readAll(fd: number, name: string): string {
  const parts: Buffer[] = []
  for (let total = 0; ; ) {
    const part = Buffer.allocUnsafe(1 << 20)
    let count: number
    try {
      count = readSync(fd, part)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EOF') count = 0
      else if (code === 'EAGAIN') {
        // stdin that is a terminal or a pipe may be set not to wait
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
        continue
      } else throw new BeetraceError('INPUT', `cannot read ${name}: ${reasonOf(error)}`, { cause: error })
    }
    if (count === 0) return Buffer.concat(parts).toString('utf8')
    total += count
    if (total > PACKAGE_BYTES_MAX) throw tooLong(name)
    parts.push(part.subarray(0, count))
  }
}

async function download(url: string): Promise<string> {
  const failed = (why: string, cause?: unknown) =>
    new PackageError(url, `cannot be fetched: ${why}`, { cause })
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS_MAX) })
  } catch (error) {
    const { cause, message } = error as Error
    throw failed(cause instanceof Error ? cause.message : message, error)
  }
  if (!response.ok) throw failed(`the server answers ${response.status} ${response.statusText}`.trimEnd())
  const parts: Uint8Array[] = []
  let total = 0
  try {
    for await (const part of response.body ?? []) {
      total += part.length
      if (total > PACKAGE_BYTES_MAX) throw tooLong(url)
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof PackageError ? error : failed((error as Error).message, error)
  }
  return Buffer.concat(parts).toString('utf8')
}

const DOWNLOAD_MS_MAX = 120_000

const tooLong = (name: string): PackageError =>
  new PackageError(name, `more than ${PACKAGE_BYTES_MAX} bytes are too many for a package`)
