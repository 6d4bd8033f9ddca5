// The command line of a package: an option for each global variable, as ecli makes them.

import { UsageError } from '../errors/index.ts'
import { isObject, type JsonValue } from './json-value.ts'
import type { PackageSpec, PackageVariable } from './package-spec.ts'

export interface PackageOption {
  readonly variable: PackageVariable
  /** with its dashes: `--pid`, `--disable-color` */
  readonly long: string
  /** `-p` */
  readonly short: string | undefined
  /** what a variable of type bool becomes; others take a value */
  readonly sets: boolean | undefined
  readonly help: string
  /** what it is when nobody says */
  readonly otherwise: JsonValue | undefined
}

/** Variables that ecc adds to keep types, and those that the source says to ignore, have none. */
export function packageOptions({ variables }: PackageSpec): PackageOption[] {
  return variables.filter(each => !each.ignored && !each.name.startsWith('__eunomia_dummy')).map(optionOf)
}

function optionOf(variable: PackageVariable): PackageOption {
  const { argument, name, type, description } = variable
  const long = argument.long ?? name
  const otherwise = argument.default ?? variable.value
  const isBool = type === 'bool' || type === '_Bool'
  const option = {
    variable,
    otherwise,
    short: argument.short === undefined ? undefined : `-${argument.short}`,
    help: argument.help ?? description ?? `Set value of \`${type}\` variable ${name}`,
  }
  if (!isBool) return { ...option, long: `--${long}`, sets: undefined }
  if (otherwise === undefined) return { ...option, long: `--${long}`, sets: true }
  return otherwise === true
    ? { ...option, long: `--disable-${long}`, sets: false }
    : { ...option, long: `--enable-${long}`, sets: true }
}

/** What a command line asks for. */
export interface PackageArguments {
  readonly help: boolean
  readonly version: boolean
  readonly verbose: boolean
  readonly json: boolean
  readonly printk: boolean
  /** by name of the variable, as text; true or false for a bool */
  readonly values: ReadonlyMap<string, string | boolean>
}

/** Throws UsageError for what is no option of the package. */
export function parsePackageArguments(
  options: readonly PackageOption[],
  argv: readonly string[],
): PackageArguments {
  const values = new Map<string, string | boolean>()
  const flags = { help: false, version: false, verbose: false, json: false, printk: false }
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    const at = word.startsWith('--') ? word.indexOf('=') : -1
    const name = at < 0 ? word : word.slice(0, at)
    const option = find(options, name)
    const own = option === undefined && at < 0 ? OWN[name] : undefined
    if (own !== undefined) {
      flags[own] = true
      continue
    }
    if (option === undefined) throw unknown(options, word)
    if (option.sets !== undefined) {
      if (at >= 0) throw new UsageError(`${name} takes no value`)
      values.set(option.variable.name, option.sets)
      continue
    }
    const value = at < 0 ? argv[++i] : word.slice(at + 1)
    if (value === undefined) throw new UsageError(`${name} takes a value`)
    values.set(option.variable.name, value)
  }
  return { ...flags, values }
}

const OWN: Readonly<Record<string, 'help' | 'version' | 'verbose' | 'json' | 'printk'>> = Object.assign(
  Object.create(null),
  {
    '-h': 'help',
    '--help': 'help',
    '-V': 'version',
    '--version': 'version',
    '--verbose': 'verbose',
    '-j': 'json',
    '--json': 'json',
    '--printk': 'printk',
  },
)

const find = (options: readonly PackageOption[], name: string): PackageOption | undefined =>
  options.find(({ long, short }) => name === long || name === short) ??
  // min-us for min_us
  options.find(({ long }) => name.startsWith('--') && name.replaceAll('-', '_') === long.replaceAll('-', '_'))

function unknown(options: readonly PackageOption[], word: string): UsageError {
  if (!word.startsWith('-')) return new UsageError(`"${word}" is neither an option nor the value of one`)
  const names = options.map(({ long }) => long).join(' ')
  return new UsageError(
    `the package has no option ${word}${names === '' ? '' : `: it has ${names}`}; --help describes them`,
  )
}

/** Help of a package, ended by what its author says of it. */
export function packageHelp(spec: PackageSpec): string {
  const { doc } = spec
  const rows = packageOptions(spec).map(
    ({ short, long, sets, variable, help, otherwise }): [string, string] => [
      `${short === undefined ? '    ' : `${short}, `}${long}${sets === undefined ? ` <${variable.name}>` : ''}`,
      `${help}${sets === undefined && otherwise !== undefined ? ` [default: ${shown(otherwise)}]` : ''}`,
    ],
  )
  rows.push(
    ['-j, --json', 'A JSON object a record'],
    ['    --printk', 'Show what the programs print by bpf_printk'],
    ['    --verbose', "Show the verifier's whole log when the kernel refuses a program"],
    ['-h, --help', 'Print help'],
    ['-V, --version', 'Print version'],
  )
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, help]) => `  ${name.padEnd(width)}  ${help.replace(/\s*\n\s*/g, ' ')}`)
  const about = doc.brief ?? doc.description
  return [
    ...(about === undefined ? [] : [about.trim(), '']),
    `Usage: bee run ${spec.file} [OPTIONS]`,
    '',
    'Options:',
    ...lines,
    ...(doc.details === undefined ? [] : ['', doc.details.trim()]),
    '',
  ].join('\n')
}

const shown = (value: JsonValue): string =>
  typeof value === 'string'
    ? value
    : isObject(value) || Array.isArray(value)
      ? JSON.stringify(value)
      : String(value)

/** `execsnoop_bpf 0.1.0` */
export const packageVersion = ({ objectName, doc }: PackageSpec): string =>
  `${objectName} ${doc.version ?? '0.1.0'}\n`
