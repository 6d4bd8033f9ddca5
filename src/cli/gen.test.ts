// `bee gen`: its words, and the files that it writes. What they are good for is test/kernel/gen.test.ts.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeCertificate } from '../../test/object/certificate.ts'
import { CALLS_PATH, LINK_PATHS, SAMPLE_PATH, SHAPES_PATH } from '../../test/object/sample.ts'
import { BeetraceError, ElfError, ObjectError, UsageError } from '../errors/index.ts'
import { gen } from './gen.ts'

const folder = mkdtempSync(join(tmpdir(), 'beetrace-gen-'))
after(() => rmSync(folder, { recursive: true }))

const printed = (...argv: string[]): string => {
  let text = ''
  assert.equal(
    gen(argv, part => {
      text += part
    }),
    0,
  )
  return text
}

test('a skeleton is printed, under another name, beside its object, with other records', () => {
  assert.equal(printed('skeleton', CALLS_PATH), readFileSync('examples/calls.skel.ts', 'utf8'))
  const text = printed('skeleton', SAMPLE_PATH, 'beside', 'name', 'mine', 'event', 'events=counts')
  assert.match(text, /export interface Mine extends Skeleton/)
  assert.match(text, /readonly events: SkeletonRecords<Counts>/)
  assert.match(
    text,
    /\nconst OBJECT = \{ name: 'mine', file: 'sample\.bpf\.o', beside: import\.meta\.url \}\n$/,
  )
})

test('a light skeleton holds a loader in place of the object, a signed one the signature, too', () => {
  const text = printed('skeleton', '-L', CALLS_PATH, 'name', 'mine')
  assert.match(text, /\n {2}return openLightSkeleton<Mine>\(OBJECT, \{ records: \{ events: 'event' \} \}\)\n/)
  assert.match(text, /\nconst OBJECT: LightObject = \{\n {2}name: 'mine',\n/)
  assert.doesNotMatch(text, /signature/)
  const { key, certificate } = makeCertificate('ec')
  const files = { key: join(folder, 'key.pem'), certificate: join(folder, 'cert.der') }
  writeFileSync(files.key, key)
  writeFileSync(files.certificate, certificate)
  const signed = printed('skeleton', '-S', '-k', files.key, '-i', files.certificate, CALLS_PATH)
  assert.match(signed, /\n {2}signature: \[\n {4}'MI/)
})

test('objects are linked into a file, types cut down to one', () => {
  const [both, small] = [join(folder, 'both.o'), join(folder, 'small.btf')]
  assert.equal(printed('object', both, ...LINK_PATHS), '')
  assert.match(printed('skeleton', both), /readonly one: ObjectProgram[\s\S]*readonly two: ObjectProgram/)
  // an object's own types do for a kernel's
  assert.equal(printed('min_core_btf', both, small, both), '')
  assert.equal(readFileSync(small).readUInt16LE(), 0xeb9f)
  assert.ok(readFileSync(small).length < 200)
})

test('help says all forms', () => {
  for (const word of ['help', '--help', '-h'])
    assert.match(printed(word), /skeleton[\s\S]*object[\s\S]*min_core_btf/)
})

const refuse = (argv: string[], type: typeof BeetraceError | typeof ElfError, message: RegExp) =>
  test(`refused: bee gen ${argv.join(' ')}`, () => {
    assert.throws(
      () => gen(argv, () => assert.fail('nothing is printed')),
      (error: unknown) => error instanceof type && message.test((error as Error).message),
    )
  })

const usage = UsageError as unknown as typeof BeetraceError
refuse([], usage, /^bee gen makes a skeleton, a subskeleton, an object or a min_core_btf$/)
refuse(['nothing'], usage, /^bee gen makes no "nothing"$/)
refuse(['skeleton', '-L', CALLS_PATH, 'beside'], usage, /^usage: bee gen skeleton \[-L/)
refuse(['skeleton', '-S', CALLS_PATH], usage, /-S needs a private key/)
refuse(['skeleton', '-L', '-i', 'x', CALLS_PATH], usage, /add -S$/)
refuse(['skeleton', '-S', '-k', 'none', '-i', 'none', CALLS_PATH], ElfError, /^none: there is no such file/)
refuse(['skeleton'], usage, /^usage: bee gen skeleton/)
refuse(['skeleton', SAMPLE_PATH, 'name'], usage, /^usage/)
refuse(['skeleton', SAMPLE_PATH, 'name', '9x'], usage, /"9x" is no name/)
refuse(
  ['skeleton', SAMPLE_PATH, 'event', 'nothing'],
  ObjectError as unknown as typeof BeetraceError,
  /no struct "nothing"/,
)
refuse(['subskeleton', SAMPLE_PATH, 'beside'], usage, /^usage: bee gen subskeleton/)
refuse(['skeleton', '/nowhere.o'], ElfError, /no such file/)
refuse(['skeleton', 'package.json'], ElfError, /is no compiled object/)
refuse(['object', join(folder, 'x.o')], usage, /^usage: bee gen object/)
refuse(['object', '/nowhere/x.o', SHAPES_PATH], BeetraceError, /^cannot write \/nowhere\/x\.o/)
refuse(['min_core_btf', SAMPLE_PATH, 'x'], usage, /^usage: bee gen min_core_btf/)
refuse(['min_core_btf', 'package.json', 'x', SAMPLE_PATH], BeetraceError, /^package\.json: /)
const empty = join(folder, 'empty')
writeFileSync(empty, '')
refuse(['object', join(folder, 'x.o'), empty], BeetraceError, /is no compiled object/)
