// The arguments of `bee run X.bpf.o`: options of ours, and an option for each global variable of the object.

import type { BtfValue } from '../btf/index.ts'
import { UsageError } from '../errors/index.ts'
import type { BpfObject, GlobalVariable } from '../object/index.ts'
import { bpfMapTypeNames } from '../sys/index.ts'
import { RUN_OPTIONS } from './object-help.ts'
import { type MapSample, parseMapSample } from './sampled-maps.ts'

export interface ObjectRunOptions {
  readonly file: string
  readonly json: boolean
  readonly help: boolean
  /** leave out programs and maps that the kernel refuses */
  readonly lenient: boolean
  readonly types: Readonly<Record<string, string>>
  /** a file with the kernel's types */
  readonly btf: string | undefined
  /** struct of every map's records */
  readonly type: string | undefined
  /** C headers that say what the records are */
  readonly headers: readonly string[]
  /** maps to show; undefined: nobody said */
  readonly maps: readonly MapSample[] | undefined
  /** show what the programs print by bpf_printk */
  readonly printk: boolean
  /** what is left: options named for globals, to be read once the object is open */
  readonly rest: readonly string[]
}

/** What follows `--` is all the object's, for globals with the name of an option. Throws UsageError. */
export function parseObjectArguments(argv: readonly string[]): ObjectRunOptions {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  const rest: string[] = []
  const types: Record<string, string> = {}
  const maps: MapSample[] = []
  const headers: string[] = []
  let file: string | undefined
  let type: string | undefined
  let btf: string | undefined
  const flags = { json: false, help: false, lenient: false, printk: false }
  for (let i = 0; i < own.length; i++) {
    const arg = own[i]!
    const given = (option: string, example: string): string | undefined => {
      if (arg !== option && !arg.startsWith(`${option}=`)) return undefined
      const value = arg === option ? own[++i] : arg.slice(option.length + 1)
      if (value === undefined || value === '')
        throw new UsageError(`${option} needs a value: ${option} ${example}`)
      return value
    }
    const eventType = given('--event-type', 'event')
    const header = eventType === undefined ? given('--header', 'tool.h') : undefined
    const map = (eventType ?? header) === undefined ? given('--map', 'counts:1') : undefined
    if (eventType !== undefined) {
      const at = eventType.indexOf('=')
      if (at < 0) type = eventType
      else types[eventType.slice(0, at)] = eventType.slice(at + 1)
    } else if (header !== undefined) headers.push(header)
    else if (map !== undefined) maps.push(parseMapSample(map))
    else if (arg === '--btf' || arg.startsWith('--btf=')) btf = given('--btf', 'vmlinux.btf')
    else if (arg === '-j' || arg === '--json') flags.json = true
    else if (arg === '-h' || arg === '--help') flags.help = true
    else if (arg === '--lenient') flags.lenient = true
    else if (arg === '--printk') flags.printk = true
    else if (file === undefined && !arg.startsWith('-')) file = arg
    else rest.push(arg)
  }
  if (file === undefined) throw new UsageError('bee run needs a compiled object: bee run tool.bpf.o')
  rest.push(...argv.slice(own.length + 1))
  return { file, ...flags, btf, types, type, headers, rest, maps: maps.length === 0 ? undefined : maps }
}

/** Sets the globals that options name. Throws UsageError for one that is none, BtfError for a value that does not fit. */
export function setGlobals(object: BpfObject, argv: readonly string[]): void {
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    if (!arg.startsWith('--')) throw new UsageError(`"${arg}" is neither an option nor the value of one`)
    const at = arg.indexOf('=')
    const name = (at < 0 ? arg.slice(2) : arg.slice(2, at)).replaceAll('-', '_')
    const global = object.globals.get(name)
    if (global === undefined) {
      const all = [...settable(object)].map(each => `--${each.name}`).join(' ')
      throw new UsageError(
        `the object has no global variable "${name}": ${all === '' ? 'it has none' : `it has ${all}`}`,
      )
    }
    const isBool = typeof global.value === 'boolean'
    let text = at < 0 ? undefined : arg.slice(at + 1)
    if (text === undefined && !(isBool && (argv[i + 1] ?? '--').startsWith('--'))) text = argv[++i]
    if (text === undefined && !isBool) throw new UsageError(`--${name} needs a value`)
    global.value = parseValue(global, text ?? 'true')
  }
}

/** Globals that somebody may want to set: what has a name and a type. */
export function* settable(object: BpfObject): Generator<GlobalVariable> {
  for (const global of object.globals.values())
    if (
      global.variable.typeId !== 0 &&
      !global.variable.isStatic &&
      !global.section.startsWith('.rodata.str')
    )
      yield global
}

/** Throws UsageError for text that says no value of its type. */
export function parseValue(global: GlobalVariable, text: string): BtfValue {
  const now = global.value
  switch (typeof now) {
    case 'boolean':
      if (/^(true|yes|on|1)$/i.test(text)) return true
      if (/^(false|no|off|0)$/i.test(text)) return false
      throw new UsageError(`--${global.name} is true or false, not "${text}"`)
    case 'number':
    case 'bigint':
      if (/^-?(0x[\da-f]+|\d+)$/i.test(text)) {
        const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
        return typeof now === 'number' ? Number(value) : value
      }
      throw new UsageError(`--${global.name} is a number, not "${text}"`)
    case 'string':
      // an enumerator's name, or the text of an array of char
      return /^-?\d+$/.test(text) && isEnum(global) ? Number(text) : text
    default:
      if (Array.isArray(now)) return text.split(',').map(each => (/^-?\d+$/.test(each) ? Number(each) : each))
      throw new UsageError(`--${global.name} is ${global.typeName}, which an option cannot say`)
  }
}

const isEnum = (global: GlobalVariable): boolean => /^enum /.test(global.typeName)

/** Help of one object: what it has and what can be set. */
export function objectHelp(object: BpfObject): string {
  const lines = [
    `usage: bee run ${object.source.file} [OPTION …] [--GLOBAL VALUE …]`,
    '',
    RUN_OPTIONS.trimEnd(),
  ]
  const globals = [...settable(object)]
  if (globals.length > 0) lines.push('', 'globals:')
  const width = Math.max(0, ...globals.map(each => each.name.length))
  for (const global of globals)
    lines.push(`  --${global.name.padEnd(width)}  ${global.typeName}${defaultOf(global)}`)
  const maps = [...object.maps.values()].filter(map => map.source.role === 'map')
  if (maps.length > 0) lines.push('', 'maps:')
  for (const { label, source } of maps) lines.push(`  ${label} (${mapTypeName(source.type)})`)
  if (object.programs.size > 0) lines.push('', 'programs:')
  for (const { name, section } of object.programs.values()) lines.push(`  ${name} (${section})`)
  return `${lines.join('\n')}\n`
}

/** `ringbuf`, as bpftool has it. */
const mapTypeName = (type: number): string =>
  bpfMapTypeNames[type]?.replace('BPF_MAP_TYPE_', '').toLowerCase() ?? `type ${type}`

function defaultOf(global: GlobalVariable): string {
  const { value } = global
  const text = typeof value === 'object' ? '' : String(value)
  return text === '' ? '' : `, ${text}`
}
