// The settings of a script: its config block and BPFTRACE_… in the environment, which wins. Names, defaults and words
// are bpftrace's (its src/config.cpp).

import { nearNames } from '../btf/near-names.ts'
import type { Config, ConfigSetting } from './ast.ts'
import type { Diagnostics } from './diagnostics/diagnostics.ts'
import { messages } from './diagnostics/message.ts'
import { parseInteger } from './parse/integer.ts'
import type { Span } from './span.ts'
import type { StackMode } from './type.ts'

export interface ScriptConfig {
  /** how long user symbols are kept: as long as the process, the program, or not at all */
  cache_user_symbols: 'per_pid' | 'per_program' | 'none'
  cpp_demangle: boolean
  lazy_symbolication: boolean
  license: string
  /** bytes of the verifier's log */
  log_size: number
  max_bpf_progs: number
  /** bytes */
  max_cat_bytes: number
  max_map_keys: number
  max_probes: number
  /** bytes, the NUL included */
  max_strlen: number
  missing_probes: 'ignore' | 'warn' | 'error'
  /** bytes: larger values live in map memory */
  on_stack_limit: number
  /** 0 lets us choose */
  perf_rb_pages: number
  print_maps_on_exit: boolean
  show_debug_info: boolean
  stack_mode: StackMode
  /** a byte string, put behind a string that was cut */
  str_trunc_trailer: string
  unstable_dw_ustack: Unstable
  unstable_import_statement: Unstable
  unstable_tseries: Unstable
  unstable_typeinfo: Unstable
  use_blazesym: boolean
}

/** What using an unstable feature leads to. */
export type Unstable = 'enable' | 'warn' | 'error'

export const defaultConfig: Readonly<ScriptConfig> = {
  cache_user_symbols: 'per_pid',
  cpp_demangle: true,
  lazy_symbolication: true,
  license: 'GPL',
  log_size: 1_000_000,
  max_bpf_progs: 1024,
  max_cat_bytes: 10_240,
  max_map_keys: 4096,
  max_probes: 1024,
  max_strlen: 1024,
  missing_probes: 'error',
  on_stack_limit: 32,
  perf_rb_pages: 0,
  print_maps_on_exit: true,
  show_debug_info: false,
  stack_mode: 'bpftrace',
  str_trunc_trailer: '..',
  unstable_dw_ustack: 'warn',
  unstable_import_statement: 'error',
  unstable_tseries: 'warn',
  unstable_typeinfo: 'error',
  use_blazesym: false,
}

const say = messages('config', {
  problem: '{name}: {problem}',
  license:
    'Invalid value for license. Found: {found}. Valid values: {valid}. Read more about BPF programs and licensing: https://docs.kernel.org/bpf/bpf_licensing.html#using-bpf-programs-in-the-linux-kernel',
  renamed: { warning: '{name} has been renamed, please use {now}' },
  deprecated: { warning: '{name} is deprecated and has no effect' },
})

/** include/linux/license.h */
const licenses = [
  'Dual MIT/GPL',
  'Dual BSD/GPL',
  'Dual MPL/GPL',
  'GPL and additional rights',
  'GPL v2',
  'GPL',
]

const renamed: Readonly<Record<string, keyof ScriptConfig>> = {
  strlen: 'max_strlen',
  no_cpp_demangle: 'cpp_demangle',
  cat_bytes_max: 'max_cat_bytes',
  map_keys_max: 'max_map_keys',
}

const deprecated = new Set([
  'symbol_source',
  'max_type_res_iterations',
  'unstable_addr',
  'unstable_import',
  'unstable_macro',
  'unstable_map_decl',
])

const environmentOnly = new Set(['btf', 'kernel_build', 'kernel_source', 'vmlinux'])

/** The settings that hold for a script; what is wrong is reported, and the default then stands. */
export function readConfig(
  config: Config | null,
  environment: Readonly<Record<string, string | undefined>>,
  diagnostics: Diagnostics,
): ScriptConfig {
  const result = { ...defaultConfig }
  for (const setting of config?.settings ?? []) applySetting(result, setting, diagnostics)
  for (const key of Object.keys(defaultConfig) as (keyof ScriptConfig)[]) {
    const value = environment[`BPFTRACE_${key.toUpperCase()}`]
    if (value !== undefined) assign(result, key, key, value, undefined, diagnostics)
  }
  return result
}

function applySetting(result: ScriptConfig, setting: ConfigSetting, diagnostics: Diagnostics): void {
  const { name, span, value } = setting
  if (deprecated.has(name)) {
    diagnostics.report(say.deprecated, span, { name })
    return
  }
  const key = name.toLowerCase().replace(/^bpftrace_/, '')
  const now = Object.hasOwn(renamed, key) ? renamed[key] : undefined
  if (now !== undefined) diagnostics.report(say.renamed, span, { name, now })
  if (now !== undefined || Object.hasOwn(defaultConfig, key)) {
    assign(result, now ?? (key as keyof ScriptConfig), name, value, span, diagnostics)
    return
  }
  const problem = environmentOnly.has(key)
    ? 'can only be set as an environment variable'
    : 'not a known configuration option'
  const near = nearNames(key, Object.keys(defaultConfig)).map(n => `"${n}"`)
  const hints = near.length === 0 ? [] : [`did you mean ${near.join(' or ')}?`]
  diagnostics.report(say.problem, span, { name, problem }, { hints })
}

/** Booleans count as 0 and 1. */
function assign(
  result: ScriptConfig,
  key: keyof ScriptConfig,
  name: string,
  value: ConfigSetting['value'],
  span: Span | undefined,
  diagnostics: Diagnostics,
): void {
  const given = typeof value === 'boolean' ? BigInt(value) : value
  const fields = result as unknown as Record<string, unknown>
  if (key === 'license') {
    if (typeof given === 'string' && licenses.includes(given)) result.license = given
    else diagnostics.report(say.license, span, { found: `${given}`, valid: licenses.join(', ') })
    return
  }
  const standard = defaultConfig[key]
  const read =
    typeof standard === 'number'
      ? readNumber(given)
      : typeof standard === 'boolean'
        ? readBoolean(given)
        : key === 'str_trunc_trailer'
          ? { value: `${given}` }
          : readWord(key, given)
  if ('problem' in read) diagnostics.report(say.problem, span, { name, problem: read.problem })
  else fields[key] = read.value
}

type Read = { readonly value: string | number | boolean } | { readonly problem: string }

function readNumber(given: bigint | string): Read {
  if (typeof given === 'bigint') return { value: Number(given) }
  const number = parseInteger(given)
  return number.ok ? { value: Number(number.value) } : { problem: `expecting a number, got ${given}` }
}

function readBoolean(given: bigint | string): Read {
  if (typeof given === 'bigint') return { value: given !== 0n }
  const known = truth(given)
  return known === undefined
    ? { problem: 'Invalid bool value: valid values are true, false, 1 or 0.' }
    : { value: known }
}

function truth(given: string): boolean | undefined {
  const word = given.toLowerCase()
  if (word === '1' || word === 'true' || word === 'on' || word === 'yes') return true
  return word === '0' || word === 'false' || word === 'off' || word === 'no' ? false : undefined
}

function readWord(key: keyof ScriptConfig, given: bigint | string): Read {
  const word = `${given}`.toLowerCase()
  const isOneOf = (...words: string[]) => typeof given === 'string' && words.includes(word)
  if (key === 'stack_mode') {
    return isOneOf('bpftrace', 'perf', 'raw', 'build_id')
      ? { value: word }
      : { problem: 'Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.' }
  }
  if (key === 'missing_probes') {
    return isOneOf('ignore', 'warn', 'error')
      ? { value: word }
      : { problem: 'Invalid value for missing_probes: valid values are ignore, warn, and error.' }
  }
  if (key === 'cache_user_symbols') {
    if (word === '0') return { value: 'none' }
    if (typeof given === 'bigint' || word === '1') return { value: defaultConfig.cache_user_symbols }
    return isOneOf('per_pid', 'per_program', 'none')
      ? { value: word }
      : { problem: 'Invalid value for cache_user_symbols: valid values are PER_PID, PER_PROGRAM, and NONE.' }
  }
  if (isOneOf('enable', 'warn', 'error')) return { value: word }
  const known = typeof given === 'bigint' ? given !== 0n : truth(word)
  return known === undefined
    ? { problem: 'Invalid value for unstable config: valid values are enable, warn, and error.' }
    : { value: known ? 'enable' : 'error' }
}
