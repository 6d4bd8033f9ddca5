// Settings: every kind of value, where they come from, and what is said about bad ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultConfig, readConfig, type ScriptConfig } from './config.ts'
import { printDiagnostics } from './diagnostics/index.ts'
import { parseScript } from './parse/index.ts'

function read(settings: string, environment: Record<string, string> = {}) {
  const { script, sources, diagnostics } = parseScript('stdin', `config = { ${settings} } begin { }`)
  const config = readConfig(script.config, environment, diagnostics)
  const changed: Record<string, unknown> = {}
  for (const key of Object.keys(config) as (keyof ScriptConfig)[]) {
    if (config[key] !== defaultConfig[key]) changed[key] = config[key]
  }
  const said = printDiagnostics(sources, diagnostics).split('\n')
  return { changed, said: said.filter(line => /ERROR|WARNING|HINT/.test(line)) }
}

const values: readonly (readonly [string, Record<string, unknown>])[] = [
  ['', {}],
  ['max_map_keys = 2; max_strlen = 1_00;', { max_map_keys: 2, max_strlen: 100 }],
  ['BPFTRACE_STACK_MODE = PERF', { stack_mode: 'perf' }],
  [
    'print_maps_on_exit = 0; cpp_demangle = false; use_blazesym = true',
    { print_maps_on_exit: false, cpp_demangle: false, use_blazesym: true },
  ],
  ['lazy_symbolication = "no"', { lazy_symbolication: false }],
  ['license = "Dual BSD/GPL"', { license: 'Dual BSD/GPL' }],
  ['missing_probes = warn', { missing_probes: 'warn' }],
  ['cache_user_symbols = PER_PROGRAM', { cache_user_symbols: 'per_program' }],
  ['cache_user_symbols = 0', { cache_user_symbols: 'none' }],
  [
    'unstable_tseries = enable; unstable_typeinfo = true; unstable_dw_ustack = 0',
    { unstable_tseries: 'enable', unstable_typeinfo: 'enable', unstable_dw_ustack: 'error' },
  ],
  ['str_trunc_trailer = "!"', { str_trunc_trailer: '!' }],
]

test('values', () => {
  for (const [settings, changed] of values) assert.deepEqual(read(settings), { changed, said: [] }, settings)
})

const bad: readonly (readonly [string, string[]])[] = [
  ['bad_config=raw', ['stdin:1:12-26: ERROR: bad_config: not a known configuration option']],
  [
    'max_strln = 1',
    ['stdin:1:12-25: ERROR: max_strln: not a known configuration option', 'HINT: did you mean "max_strlen"?'],
  ],
  ['max_strlen = abc', ['stdin:1:12-28: ERROR: max_strlen: expecting a number, got abc']],
  [
    'stack_mode = x',
    [
      'stdin:1:12-26: ERROR: stack_mode: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.',
    ],
  ],
  ['btf = "x"', ['stdin:1:12-21: ERROR: btf: can only be set as an environment variable']],
  ['unstable_macro = 1', ['stdin:1:12-30: WARNING: unstable_macro is deprecated and has no effect']],
  [
    'cat_bytes_max = 10240',
    ['stdin:1:12-33: WARNING: cat_bytes_max has been renamed, please use max_cat_bytes'],
  ],
]

test('what is said about bad ones', () => {
  for (const [settings, said] of bad) assert.deepEqual(read(settings), { changed: {}, said }, settings)
  assert.match(
    read('license = Potato').said[0]!,
    /Found: Potato\. Valid values: Dual MIT\/GPL, .*, GPL v2, GPL\. Read/,
  )
})

test('the environment wins', () => {
  const environment = { BPFTRACE_STACK_MODE: 'raw', BPFTRACE_MAX_PROBES: 'x' }
  assert.deepEqual(read('stack_mode = perf', environment), {
    changed: { stack_mode: 'raw' },
    said: ['ERROR: max_probes: expecting a number, got x'],
  })
})
