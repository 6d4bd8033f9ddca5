// Packages are foreign text: whatever it is, the answer is a description or a typed error, in bounded time and memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readObject } from '../../src/elf/index.ts'
import { BeetraceError } from '../../src/errors/index.ts'
import {
  exportOfMembers,
  exportOfPackage,
  exportOfType,
  packageHelp,
  packageOptions,
  parsePackageArguments,
  RecordText,
  readDocComments,
  readPackage,
  recordJson,
} from '../../src/package/index.ts'
import { makePackage, SAMPLE, textPackage } from './make-package.ts'

const refusedOr = (work: () => void): void => {
  try {
    work()
  } catch (error) {
    if (!(error instanceof BeetraceError)) throw error
  }
}

/** All that is done with a package before anything is loaded. */
function use(text: string, argv: readonly string[] = []): void {
  const spec = readPackage(text, 'fuzz')
  packageHelp(spec)
  const options = packageOptions(spec)
  refusedOr(() => parsePackageArguments(options, argv))
  const { btf } = readObject(spec.object, 'fuzz')
  const record = new Uint8Array(256)
  const show = (exported: ReturnType<typeof exportOfType>) => {
    if (exported.sizeBytes > record.length) return
    const values = exported.decode(record)
    new RecordText(exported).line('00:00:00', values)
    JSON.parse(recordJson(exported, values))
  }
  for (const type of spec.exportTypes) refusedOr(() => show(exportOfPackage('fuzz', btf, type)))
  for (const { exportConfig } of spec.maps) {
    if (btf === undefined) continue
    if (exportConfig.kind === 'members') refusedOr(() => show(exportOfMembers(btf, exportConfig.members)))
    if (exportConfig.kind === 'type') refusedOr(() => show(exportOfType(btf, btf.type(exportConfig.typeId))))
  }
}

test('any JSON in any place', () => {
  const names = [
    'name',
    'ident',
    'type',
    'variables',
    'sample',
    'interval',
    'cmdarg',
    'default',
    'short',
    'export_config',
    'custom_members',
    'offset',
    'btf_type_id',
    'intepreter',
    'stack_trace',
    '__proto__',
    'constructor',
    'doc',
    'attach',
  ]
  const key = fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 4 }))
  const { value } = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(
        null,
        true,
        0,
        1,
        -1,
        1.5,
        1e300,
        '',
        'int',
        'char[16]',
        'default',
        'log2_hist',
        'no_export',
      ),
      fc.string(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('data_sections', 'maps', 'progs', 'doc', 'obj_name'), value),
      meta => {
        refusedOr(() => use(textPackage(JSON.parse(JSON.stringify(meta)))))
      },
    ),
    { numRuns: 500 },
  )
})

test('a changed package', () => {
  const text = makePackage(SAMPLE, { structs: ['event'] })
  // where it describes; the object is fuzzed with the loader
  const start = text.indexOf('"meta"')
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.integer({ min: start, max: text.length - 1 }),
          fc.constantFrom('0', '9', '"', '}', ']', ',', ':', '-', 'e', 'n'),
        ),
        {
          maxLength: 4,
        },
      ),
      fc.nat(text.length),
      fc.boolean(),
      fc.array(fc.string(), { maxLength: 4 }),
      (changes, length, cut, argv) => {
        const letters = [...text]
        for (const [at, letter] of changes) letters[at] = letter
        refusedOr(() => use(letters.join('').slice(0, cut ? length : undefined), argv))
      },
    ),
    { numRuns: 200 },
  )
})

test('a damaged stream', () => {
  const whole = JSON.parse(makePackage(SAMPLE))
  const packed = Buffer.from(whole.bpf_object, 'base64')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      changes => {
        const bytes = Buffer.from(packed)
        for (const [at, value] of changes) bytes[at] = value
        refusedOr(() => use(JSON.stringify({ ...whole, bpf_object: bytes.toString('base64') })))
      },
    ),
    { numRuns: 200 },
  )
})

test('any text as C', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/// @sample {"interval": 1}\n',
      '/** text */',
      'struct {',
      '}',
      ' name SEC(".maps");',
      'int f(void) {',
      '"',
      "'",
      '//',
      '/*',
      '#define x \\\n',
      ';',
      '@',
      '\\',
    ),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
      assert.ok(readDocComments(pieces.join('')).size >= 0)
    }),
    { numRuns: 500 },
  )
})
