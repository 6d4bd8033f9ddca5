// The C compiler, which `bee build` drives and nothing else here needs: found, asked what it can do, run.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { BeetraceError } from '../errors/index.ts'
import { reasonOf } from './messages.ts'

/** First version whose BPF back end keeps what CO-RE needs (__builtin_preserve_type_info, attributes by pragma). */
const CLANG_MIN = 11

export interface Clang {
  readonly command: string
  readonly version: number
}

/**
 * `wanted`, or else `clang`, or the newest of the `clang-NN` in `path`.
 * @throws BeetraceError `NO_CLANG` when there is none, it is too old, or it makes no BPF
 */
export function findClang(wanted: string | undefined, path: string): Clang {
  const candidates = wanted !== undefined ? [wanted] : ['clang', ...numberedClangs(path)]
  const refused: string[] = []
  for (const command of candidates) {
    const answer = spawnSync(command, ['--version'], { encoding: 'utf8' })
    if (answer.error !== undefined) {
      if (wanted !== undefined || (answer.error as NodeJS.ErrnoException).code !== 'ENOENT')
        refused.push(`${command}: ${reasonOf(answer.error)}`)
      continue
    }
    const version = Number(/clang version (\d+)/.exec(answer.stdout)?.[1] ?? 0)
    if (version === 0) refused.push(`${command} is not clang`)
    else if (version < CLANG_MIN) refused.push(`${command} is version ${version}`)
    else if (!makesBpf(command)) refused.push(`${command} is built without the target bpf`)
    else return { command, version }
  }
  const why = refused.length === 0 ? '' : ` (${refused.join('; ')})`
  throw new BeetraceError(
    'NO_CLANG',
    `compiling C for BPF needs clang ${CLANG_MIN} or newer${why}: install it (apt install clang, dnf install clang), or name it ` +
      'with --clang-bin. What is compiled runs without it',
  )
}

/** Newest first. */
function numberedClangs(path: string): string[] {
  const found = new Map<number, string>()
  for (const folder of path.split(':')) {
    if (folder === '') continue
    for (const name of entries(folder)) {
      const version = /^clang-(\d+)$/.exec(name)?.[1]
      if (version === undefined || found.has(Number(version))) continue
      const file = join(folder, name)
      if (isExecutable(file)) found.set(Number(version), file)
    }
  }
  return [...found].sort(([a], [b]) => b - a).map(([, file]) => file)
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

const makesBpf = (command: string): boolean => {
  const { status, stdout } = spawnSync(command, ['--print-targets'], { encoding: 'utf8' })
  // those before version 12 do not say
  return status !== 0 || /^\s*bpf\b/m.test(stdout)
}

/** Folders that the compiler looks for headers in when it compiles for this machine: what it compiles for BPF may need some. */
export function systemIncludes({ command }: Clang): string[] {
  const { stderr } = spawnSync(command, ['-v', '-E', '-x', 'c', '/dev/null'], { encoding: 'utf8' })
  const listed = /<\.\.\.> search starts here:\n([\s\S]*?)End of search list\./.exec(stderr ?? '')?.[1] ?? ''
  return listed
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.startsWith('/'))
}

/** Runs it. What it says is for `say`. Throws BeetraceError `COMPILE` when it fails. */
export function runClang({ command }: Clang, args: readonly string[], say: (text: string) => void): void {
  const answer: SpawnSyncReturns<string> = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
    maxBuffer: 1 << 26,
  })
  if (answer.stderr) say(answer.stderr)
  if (answer.status === 0) return
  const how =
    answer.error !== undefined ? reasonOf(answer.error) : `ended with ${answer.status ?? answer.signal}`
  throw new BeetraceError('COMPILE', `${command} ${how}`)
}

/** What __TARGET_ARCH_… is called here, which bpf_tracing.h asks for. Undefined where it knows none. */
export const bpfArchitecture = (arch: string): string | undefined =>
  ({
    x64: 'x86',
    arm64: 'arm64',
    arm: 'arm',
    ppc64: 'powerpc',
    s390x: 's390',
    riscv64: 'riscv',
    loong64: 'loongarch',
    mips64el: 'mips',
  })[arch]
