// What our caller had before a shell and Node changed it, as bin/launch wrote it down in BEETRACE_CALLER:
//
//     sigblk=HEX;sigign=HEX;nofile=1024;fds=0,1,2;env=NAME=value…
//
// HEX are the masks of /proc/PID/status: bit n is signal n + 1. `env` is the whole environment in its order, entries
// separated by newlines; a newline inside an entry is \001. Every field may be missing: the program can be started
// without the launcher, /proc may be absent, a huge environment is left out.

const VARIABLE = 'BEETRACE_CALLER='

/** What to give a program that shall find what our caller had. A field is `undefined` when it is not known. */
export interface Caller {
  readonly ignoredSignals: ReadonlySet<number> | undefined
  readonly blockedSignals: ReadonlySet<number> | undefined
  /** soft limit of open files; Infinity for none */
  readonly softNofile: number | undefined
  /** the open descriptors, ascending */
  readonly fds: readonly number[] | undefined
  /** "NAME=value" each, BEETRACE_CALLER not among them */
  readonly environ: readonly Buffer[]
}

/**
 * Reads and removes BEETRACE_CALLER. `environ` is the environment this process was started with, "NAME=value" each,
 * as in /proc/self/environ. Fields that make no sense count as missing: anyone can set a variable.
 */
export const takeCaller = (environ: readonly Buffer[]): Caller => {
  const entries = environ.map(entry => entry.toString('latin1'))
  const own = entries.filter(entry => !entry.startsWith(VARIABLE))
  const text = entries.find(entry => entry.startsWith(VARIABLE))?.slice(VARIABLE.length) ?? ''
  const [state = '', list] = splitOnce(text, /(?:^|;)env=/)
  const fields = new Map(
    state.split(';').map(field => {
      const [name = '', value = ''] = splitOnce(field, /=/)
      return [name, value]
    }),
  )
  return {
    ignoredSignals: parseMask(fields.get('sigign')),
    blockedSignals: parseMask(fields.get('sigblk')),
    softNofile: parseLimit(fields.get('nofile')),
    fds: parseFds(fields.get('fds')),
    environ: (list === undefined ? own : restore(list, own)).map(entry => Buffer.from(entry, 'latin1')),
  }
}

/**
 * The caller's environment from the launcher's list and our own. An entry with \001 in it may have had a newline
 * there or a real \001: our own environment has it exact, unless the shell dropped it for its name.
 */
const restore = (list: string, own: readonly string[]): string[] =>
  (list === '' ? [] : list.split('\n'))
    .filter(entry => !entry.startsWith(VARIABLE))
    .map(entry => {
      if (!entry.includes('\x01')) return entry
      const withNewlines = (text: string) => text.replaceAll('\x01', '\n')
      return own.find(exact => withNewlines(exact) === withNewlines(entry)) ?? withNewlines(entry)
    })

const parseMask = (hex: string | undefined): Set<number> | undefined => {
  if (hex === undefined || !/^[0-9a-f]{1,32}$/i.test(hex)) return undefined
  const mask = BigInt(`0x${hex}`)
  const signals = new Set<number>()
  for (let signal = 1; signal <= hex.length * 4; signal++)
    if ((mask >> BigInt(signal - 1)) & 1n) signals.add(signal)
  return signals
}

const parseLimit = (limit: string | undefined): number | undefined => {
  if (limit === 'unlimited') return Number.POSITIVE_INFINITY
  return limit !== undefined && /^\d{1,15}$/.test(limit) ? Number(limit) : undefined
}

const parseFds = (fds: string | undefined): number[] | undefined => {
  if (fds === undefined || !/^(\d{1,9}(,\d{1,9})*)?$/.test(fds)) return undefined
  return fds === ''
    ? []
    : fds
        .split(',')
        .map(Number)
        .sort((a, b) => a - b)
}

const splitOnce = (text: string, separator: RegExp): string[] => {
  const found = separator.exec(text)
  if (found === null) return [text]
  return [text.slice(0, found.index), text.slice(found.index + found[0].length)]
}
