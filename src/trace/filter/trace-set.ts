// `-e trace=SET`: which calls are wanted, by name, class, number or pattern.
import { BeetraceError } from '../../errors/errors.ts'
import { CALLS } from '../decode/calls/index.ts'
import { ABI_COMPAT, ABI_NATIVE } from '../record.ts'
import { type Machine, syscallNames } from '../tables/index.ts'
import { nearest } from './nearest.ts'

/** Call numbers by ABI_*: what the kernel half lets through. */
export type CallSet = readonly [native: ReadonlySet<number>, compat: ReadonlySet<number>]

const CLASSES = [
  'file',
  'process',
  'network',
  'signal',
  'ipc',
  'desc',
  'memory',
  'creds',
  'clock',
  'pure',
  'stat',
  'lstat',
  'fstat',
  '%stat',
  'statfs',
  'fstatfs',
  '%statfs',
] as const
/** classes whose older spelling without the percent sign strace still takes */
const BARE_CLASSES = new Set(['file', 'process', 'network', 'signal', 'ipc', 'desc', 'memory', 'net'])
const ABIS = [ABI_NATIVE, ABI_COMPAT] as const

/**
 * Parses a set: names, `%class`, `/regex`, numbers, `all`, `none`, with commas between; `!` in front of the whole
 * takes everything else; `?` in front of an item lets it name nothing; `@64` or `@32` behind a name picks one ABI.
 * @throws BeetraceError (code BAD_FILTER) on an item that names no call, with the nearest name there is
 */
export function parseTraceSet(machine: Machine, text: string): CallSet {
  const inverted = text.startsWith('!')
  const found: [Set<number>, Set<number>] = [new Set(), new Set()]
  const items = (inverted ? text.slice(1) : text).split(',')
  for (const item of items) addItem(machine, item.trim(), found, text)
  if (!inverted) return found
  return [invert(machine, ABI_NATIVE, found[0]), invert(machine, ABI_COMPAT, found[1])]
}

function addItem(machine: Machine, item: string, found: [Set<number>, Set<number>], text: string): void {
  const optional = item.startsWith('?')
  const word = optional ? item.slice(1) : item
  if (word === '') throw badItem(`trace set "${text}": an item is empty`)
  if (word === 'none') return
  const [, base, personality] = /^(.*?)(?:@(64|32|x32))?$/.exec(word)!
  const abis = ABIS.filter(
    abi => personality === undefined || (personality === '64') === (abi === ABI_NATIVE),
  )
  const matches = matcherOf(base!, text)
  let count = 0
  for (const abi of personality === 'x32' ? [] : abis) {
    for (const [nr, name] of syscallNames(machine, abi).entries()) {
      if (name === '' || !matches(name, nr)) continue
      found[abi].add(nr)
      count++
    }
  }
  if (count > 0 || optional) return
  const known = new Set(ABIS.flatMap(abi => syscallNames(machine, abi)))
  throw badItem(`trace set "${text}": no system call matches "${word}"${didYouMean(base!, [...known])}`)
}

function matcherOf(word: string, text: string): (name: string, nr: number) => boolean {
  if (word === 'all') return () => true
  if (word.startsWith('/')) {
    let pattern: RegExp
    try {
      pattern = new RegExp(word.slice(1))
    } catch (cause) {
      throw badItem(`trace set "${text}": "${word}" is no regular expression`, { cause })
    }
    return name => pattern.test(name)
  }
  if (/^\d+$/.test(word)) return (_, nr) => nr === Number(word)
  const bare = BARE_CLASSES.has(word) && !CALLS.has(word)
  if (!word.startsWith('%') && !bare) return name => name === word
  const wanted = bare ? word : word.slice(1)
  const name = wanted === 'net' ? 'network' : wanted
  if (!(CLASSES as readonly string[]).includes(name)) {
    const all = CLASSES.map(own => `%${own}`)
    throw badItem(`trace set "${text}": there is no class "%${wanted}"${didYouMean(`%${wanted}`, all)}`)
  }
  return call => CALLS.get(call)?.classes.split(' ').includes(name) === true
}

function invert(machine: Machine, abi: number, found: ReadonlySet<number>): Set<number> {
  const rest = new Set<number>()
  for (const [nr, name] of syscallNames(machine, abi).entries())
    if (name !== '' && !found.has(nr)) rest.add(nr)
  return rest
}

function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

function badItem(message: string, options?: ErrorOptions): BeetraceError {
  return new BeetraceError('BAD_FILTER', message, options)
}
