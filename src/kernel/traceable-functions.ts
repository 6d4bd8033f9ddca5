// The kernel functions that can be probed: what ftrace lists, or kallsyms less the kprobe blacklist where it lists nothing.

import { readFileSync } from 'node:fs'
import { BeetraceError } from '../errors/index.ts'
import { globMatcher, isGlob } from './glob.ts'
import { type KernelSymbols, readKernelSymbols } from './kallsyms.ts'
import { findTraceFs } from './tracefs.ts'

/** A function by name, and the module it is in. */
export interface TraceableFunction {
  readonly name: string
  readonly module?: string
}

/**
 * The functions of one reading, kept as text: 40,000 to 70,000 lines. A module loaded later is not in it; its owner decides how
 * long it is good for.
 */
export class TraceableFunctions {
  /** where they are from: `ftrace` is exact; `kallsyms` also has some that the kernel refuses */
  readonly source: 'ftrace' | 'kallsyms'
  readonly #text: string
  #functions: readonly TraceableFunction[] | undefined
  #byName: Map<string, TraceableFunction[]> | undefined

  /** @param text lines `name` or `name [module]`, as available_filter_functions has them */
  constructor(source: 'ftrace' | 'kallsyms', text: string) {
    this.source = source
    this.#text = text
  }

  /** In the order of the kernel. A name stands several times when several functions have it. */
  all(): readonly TraceableFunction[] {
    return (this.#functions ??= parseFilterFunctions(this.#text))
  }

  /** Every function of that exact name. */
  named(name: string): readonly TraceableFunction[] {
    this.#byName ??= groupByName(this.all())
    return this.#byName.get(name) ?? []
  }

  has(name: string): boolean {
    return this.named(name).length > 0
  }

  /**
   * Functions that a pattern names: `vfs_*`, `tcp_?onnect`, `nf_*:nf_nat_*` with the module before the colon (`vmlinux` for the
   * kernel itself). Names that several functions share are in it as often.
   */
  match(pattern: string): TraceableFunction[] {
    const colon = pattern.lastIndexOf(':')
    const inModule = colon < 0 ? () => true : globMatcher(pattern.slice(0, colon))
    const namePattern = pattern.slice(colon + 1)
    const candidates = isGlob(namePattern) ? this.all() : this.named(namePattern)
    const matches = globMatcher(namePattern)
    return candidates.filter(f => matches(f.name) && inModule(f.module ?? 'vmlinux'))
  }
}

/**
 * Reads available_filter_functions of tracefs, where it is mounted and readable, else kallsyms. Takes some 50 ms.
 * @param root of tracefs; where it is found unless told
 */
export function readTraceableFunctions(root: string | undefined = findTraceFs()): TraceableFunctions {
  try {
    if (root !== undefined)
      return new TraceableFunctions('ftrace', readFileSync(`${root}/available_filter_functions`, 'latin1'))
  } catch {
    // built without dynamic ftrace, or closed to us (lockdown)
  }
  return new TraceableFunctions('kallsyms', functionsOfSymbols(readKernelSymbols(), readKprobeBlacklist()))
}

/** The same from a file in the form of available_filter_functions. Throws BeetraceError when it cannot be read. */
export function readTraceableFunctionsFile(path: string): TraceableFunctions {
  try {
    return new TraceableFunctions('ftrace', readFileSync(path, 'latin1'))
  } catch (cause) {
    throw new BeetraceError('FUNCTION_LIST', `cannot read '${path}': ${(cause as Error).message}`, { cause })
  }
}

/** Lines `name` or `name [module]`; places that ftrace could not name are left out. */
export function parseFilterFunctions(text: string): TraceableFunction[] {
  const functions: TraceableFunction[] = []
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('\n', start)
    if (end < 0) end = text.length
    const line = text.slice(start, end)
    start = end + 1
    if (line === '' || line.startsWith('__ftrace_invalid_address__')) continue
    const space = line.search(/[\t ]/)
    if (space < 0) functions.push({ name: line })
    else
      functions.push({ name: line.slice(0, space), module: line.slice(space + 2, line.indexOf(']', space)) })
  }
  return functions
}

/**
 * Text symbols in the shape of available_filter_functions, without those of loaded BPF programs, without what compilers add
 * (`.cold` parts, padding before functions) and without names in the blacklist.
 */
export function functionsOfSymbols(symbols: KernelSymbols, blacklist: ReadonlySet<string>): string {
  const lines: string[] = []
  for (const { name, type, module } of symbols) {
    if (!/^[TtWw]$/.test(type) || module === 'bpf') continue
    if (/\.cold(\.\d+)?$|^__pfx_|^__cfi_|^\./.test(name) || blacklist.has(name)) continue
    lines.push(module === undefined ? name : `${name} [${module}]`)
  }
  return lines.join('\n')
}

/** Functions kprobes may not be set in, as debugfs lists them; empty where debugfs is not mounted. */
export function readKprobeBlacklist(): ReadonlySet<string> {
  try {
    return parseKprobeBlacklist(readFileSync('/sys/kernel/debug/kprobes/blacklist', 'latin1'))
  } catch {
    return new Set()
  }
}

/** Lines `0xffffffff81c00010-0xffffffff81c00020<tab>name`. */
export const parseKprobeBlacklist = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^0x\w+-0x\w+\t(\S+)/gm)].map(match => match[1]!))

function groupByName(functions: readonly TraceableFunction[]): Map<string, TraceableFunction[]> {
  const groups = new Map<string, TraceableFunction[]>()
  for (const f of functions) {
    const group = groups.get(f.name)
    if (group === undefined) groups.set(f.name, [f])
    else group.push(f)
  }
  return groups
}
