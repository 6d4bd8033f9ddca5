// Options made of variables, and command lines that use them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../errors/index.ts'
import { packageHelp, packageOptions, packageVersion, parsePackageArguments } from './options.ts'
import type { PackageSpec, PackageVariable } from './package-spec.ts'

const variable = (name: string, type: string, more: Partial<PackageVariable> = {}): PackageVariable => ({
  section: '.rodata',
  name,
  type,
  argument: {},
  ignored: false,
  ...more,
})

const SPEC: PackageSpec = {
  file: 'p.json',
  objectName: 'tool_bpf',
  object: new Uint8Array(0),
  doc: { brief: 'A tool.', details: 'More of it.', version: '1.2' },
  variables: [
    variable('target_pid', 'int', {
      argument: { default: 0, short: 'p', long: 'pid' },
      description: 'only this',
    }),
    variable('min_us', 'unsigned long long'),
    variable('verbose_names', 'bool'),
    variable('on', 'bool', { value: true }),
    variable('off', 'bool', { argument: { default: false } }),
    variable('hidden', 'int', { ignored: true }),
    variable('__eunomia_dummy_event_ptr', 'struct event *'),
  ],
  maps: [],
  programs: [],
  exportTypes: [],
  multipleTypes: false,
  perfBufferPages: 64,
}
const options = packageOptions(SPEC)

const lines: [argv: string[], values: Record<string, string | boolean> | RegExp][] = [
  [[], {}],
  [['--pid', '7'], { target_pid: '7' }],
  [['-p', '7', '--min_us=9'], { target_pid: '7', min_us: '9' }],
  [['--min-us', '-1'], { min_us: '-1' }],
  [['--verbose_names', '--disable-on', '--enable-off'], { verbose_names: true, on: false, off: true }],
  [['--on'], /the package has no option --on: it has --pid --min_us/],
  [['--target_pid', '1'], /no option --target_pid/],
  [['--pid'], /--pid takes a value/],
  [['--enable-off=1'], /--enable-off takes no value/],
  [['x'], /"x" is neither an option nor the value of one/],
]
for (const [argv, expected] of lines)
  test(`options: ${argv.join(' ')}`, () => {
    if (expected instanceof RegExp)
      assert.throws(
        () => parsePackageArguments(options, argv),
        (error: unknown) => error instanceof UsageError && expected.test(error.message),
      )
    else assert.deepEqual(Object.fromEntries(parsePackageArguments(options, argv).values), expected)
  })

test('what is ours', () => {
  const { help, version, verbose, json, printk } = parsePackageArguments(options, [
    '-h',
    '-V',
    '--verbose',
    '-j',
    '--printk',
  ])
  assert.deepEqual([help, version, verbose, json, printk], [true, true, true, true, true])
  assert.equal(packageVersion(SPEC), 'tool_bpf 1.2\n')
})

test('help', () => {
  assert.equal(
    packageHelp(SPEC),
    `A tool.

Usage: bee run p.json [OPTIONS]

Options:
  -p, --pid <target_pid>  only this [default: 0]
      --min_us <min_us>   Set value of \`unsigned long long\` variable min_us
      --verbose_names     Set value of \`bool\` variable verbose_names
      --disable-on        Set value of \`bool\` variable on
      --enable-off        Set value of \`bool\` variable off
  -j, --json              A JSON object a record
      --printk            Show what the programs print by bpf_printk
      --verbose           Show the verifier's whole log when the kernel refuses a program
  -h, --help              Print help
  -V, --version           Print version

More of it.
`,
  )
})
