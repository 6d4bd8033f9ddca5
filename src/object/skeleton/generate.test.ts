// The modules that `bee gen skeleton` writes: what C types become, and that the checked-in module of the example is what it
// makes. That modules work is test/kernel/skeleton.test.ts; that they are right to TypeScript is seen where they are compiled.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { CALLS_PATH, SAMPLE_PATH, SHAPES_PATH } from '../../../test/object/sample.ts'
import { Types } from '../../btf/testing/types.ts'
import { linkObjects, readObject } from '../../elf/index.ts'
import { BeetraceError, ObjectError } from '../../errors/index.ts'
import { openObject } from '../object.ts'
import { generateSkeleton, generateSubskeleton, type SkeletonOptions } from './generate.ts'
import { pascalCase, sectionProperty } from './names.ts'
import { openSubskeleton, type Subskeleton } from './skeleton.ts'
import { TypeText } from './type-text.ts'

const generate = (path: string, options: Partial<SkeletonOptions> = {}): string => {
  const bytes = readFileSync(path)
  return generateSkeleton(readObject(bytes, path), { object: { bytes }, ...options })
}

test('the module of the example is what it makes: ./bee gen skeleton examples/calls.bpf.o > examples/calls.skel.ts', () => {
  assert.equal(readFileSync('examples/calls.skel.ts', 'utf8'), generate(CALLS_PATH))
})

/** The lines of a generated module that say `what`. */
const lines = (text: string, what: RegExp): string[] =>
  text
    .split('\n')
    .filter(line => what.test(line))
    .map(line => line.trim())

test('the object can stand beside the module, under a name of its own', () => {
  const text = generate(SHAPES_PATH, { object: { file: "it's.bpf.o" }, name: 'all_shapes' })
  assert.deepEqual(lines(text, /OBJECT|export (interface All|function)/), [
    'export interface AllShapes extends Skeleton {',
    'export function openAllShapes(): AllShapes {',
    'return openSkeleton<AllShapes>(OBJECT)',
    `const OBJECT = { name: 'all_shapes', file: 'it\\'s.bpf.o', beside: import.meta.url }`,
  ])
})

test('the module of a part names what it looks for, and holds no object', () => {
  const text = generateSubskeleton(readObject(readFileSync(CALLS_PATH), CALLS_PATH), { name: 'part' })
  assert.deepEqual(
    lines(text, /^import|export (interface P|function)|return|(programs|maps|variables|records|name):/),
    [
      "import { type ObjectProgram, openSubskeleton, type SkeletonMap, type SkeletonRecords, type Subskeleton } from 'beetrace'",
      'export interface Part extends Subskeleton {',
      'readonly programs: {',
      'readonly maps: {',
      "export function openPart(of: Subskeleton | Subskeleton['object']): Part {",
      'return openSubskeleton<Part>(of, PARTS)',
      "name: 'part',",
      "programs: ['on_call'],",
      "maps: ['counts', 'events'],",
      "variables: ['first', 'only_tgid', 'total'],",
      "records: { events: 'event' },",
    ],
  )
  assert.doesNotMatch(text, /OBJECT|base64/)
})

test('a part is found in what it was linked into, and what is not there is named', () => {
  const files = [CALLS_PATH, SHAPES_PATH].map(file => ({ file, bytes: readFileSync(file) }))
  using whole = openObject(linkObjects(files), { name: 'whole' })
  const parts = { name: 'shapes', programs: ['count'], variables: ['turns'] }
  const part = openSubskeleton<Subskeleton & { programs: object; maps: object; bss: { turns: number } }>(
    whole,
    parts,
  )
  assert.deepEqual(
    [Object.keys(part.programs), Object.keys(part.maps), Object.keys(part.bss)],
    [['count'], [], ['turns']],
  )
  part.bss.turns = 7
  assert.equal(whole.global('turns').value, 7)
  assert.equal(openSubskeleton(part, parts).object, whole)
  assert.throws(
    () => openSubskeleton(whole, { name: 'other', maps: ['lost'] }),
    /whole has no map "lost", which "other" has: was it linked into it/,
  )
})

test('keys and values have the types of the declaration, or go by their size', () => {
  assert.deepEqual(lines(generate(SHAPES_PATH), /SkeletonMap</), [
    'readonly by_cpu: SkeletonMap<number, readonly bigint[]>',
    'readonly queue: SkeletonMap<undefined, PointT>',
    'readonly untyped: SkeletonMap<number, Uint8Array>',
    'readonly routes: SkeletonMap<PointT, Route>',
  ])
})

test('of two variables with a name the one that is not static is shown', () => {
  const text = generate(SHAPES_PATH)
  assert.deepEqual(lines(text, /^ {4}(twice|turns|wide|route):/), [
    'route: Route',
    'wide: readonly bigint[]',
    'turns: number',
  ])
})

test('the records are of the type that the object says, that one is told, or bytes', () => {
  const records = (options: Partial<SkeletonOptions>) =>
    lines(generate(SAMPLE_PATH, options), /SkeletonRecords<|records:/)
  assert.deepEqual(records({}), [
    'readonly events: SkeletonRecords<Event>',
    "return openSkeleton<Sample>(OBJECT, { records: { events: 'event' } })",
  ])
  const told = [
    'readonly events: SkeletonRecords<Counts>',
    "return openSkeleton<Sample>(OBJECT, { records: { events: 'counts' } })",
  ]
  assert.deepEqual(records({ eventTypes: 'counts' }), told)
  assert.deepEqual(records({ eventTypes: { events: 'counts' } }), told)
  assert.throws(() => records({ eventTypes: 'nothing' }), ObjectError)
})

const types = new Types()
  .int('u8', 1)
  .int('u32', 4)
  .int('u64', 8)
  .int('char', 1)
  .add('bool', { kind: 'int', name: 'bool', sizeBytes: 1, encoding: 'bool', offsetBits: 0, sizeBits: 8 })
  .add('double', { kind: 'float', name: 'double', sizeBytes: 8 })
  .array('char[8]', 'char', 8)
  .array('u8[8]', 'u8', 8)
  .array('char[2][8]', 'char[8]', 2)
  .enum('small', [
    ['A', 0],
    ['B', 1],
  ])
  .enum(
    'large',
    Array.from({ length: 100 }, (_, i) => [`V${i}`, i]),
  )
  .array('small[2]', 'small', 2)
  .struct('anon', 8, [
    ['low', 'u32', 0],
    ['high', 'u32', 32],
  ])
  .struct('Map', 16, [
    ['bits', 'u64', 0, 60],
    ['few', 'u64', 60, 4],
    ['', 'anon', 64],
  ])
  .struct('odd', 8, [['class', 'u64', 0]])
types
  .add('alias', { kind: 'typedef', name: 'alias', typeId: types.id('anon') })
  .pointer('odd*', 'odd')
  .struct('list', 16, [
    ['of', 'odd', 0],
    ['next', 'odd*', 64],
  ])
  .add('const u32', { kind: 'const', name: '', typeId: types.id('u32') })
const btf = types.build()

const print = (key: string, ...reserved: string[]) => {
  const text = new TypeText(btf, reserved)
  return [text.of(types.id(key)), ...text.declarations.map(each => each.replace(/\s+/g, ' ').trim())]
}

const check = (key: string, ...expected: string[]) =>
  test(`${key} is ${expected[0]}`, () => assert.deepEqual(print(key), expected))

check('u32', 'number')
check('const u32', 'number')
check('u64', 'bigint')
check('bool', 'boolean')
check('double', 'number')
check('odd*', 'bigint')
check('char[8]', 'string')
check('char[2][8]', 'readonly string[]')
check('u8[8]', 'readonly number[]')
check('small', 'Small', "/** enum small */ export type Small = 'A' | 'B' | number")
check('small[2]', 'readonly Small[]', "/** enum small */ export type Small = 'A' | 'B' | number")
check('large', 'Large', '/** enum large */ export type Large = string | number')
check('anon', '{ readonly low: number; readonly high: number }')
check(
  'alias',
  'Alias',
  '/** alias, 8 bytes */ export interface Alias { readonly low: number readonly high: number }',
)
check(
  'Map',
  'Map',
  '/** struct Map, 16 bytes */ export interface Map { readonly bits: bigint readonly few: number readonly low: number readonly high: number }',
)
check(
  'list',
  'List',
  '/** struct list, 16 bytes */ export interface List { readonly of: Odd readonly next: bigint }',
  '/** struct odd, 8 bytes */ export interface Odd { readonly class: bigint }',
)

test('a name that the module uses is not taken twice', () => {
  assert.equal(print('odd', 'Odd', 'Odd2')[0], 'Odd3')
})

test('names', () => {
  assert.deepEqual(['tcp_conn_lat', 'x', '9lives', 'a.b-c', 'αβ'].map(pascalCase), [
    'TcpConnLat',
    'X',
    '_9lives',
    'ABC',
    '_',
  ])
  assert.deepEqual(['.rodata', '.data.by_cpu', '.bss.a-b'].map(sectionProperty), [
    'rodata',
    'data_by_cpu',
    'bss_a_b',
  ])
})

test('whatever an object is called, its module is one', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (file, name) => {
      const text = bare(generate(CALLS_PATH, { object: { file }, name }))
      assert.match(text, /\nconst OBJECT = \{ name: STRING, file: STRING, beside: import\.meta\.url \}\n$/)
    }),
    { numRuns: 100 },
  )
})

/** A module without its strings and comments: what is left is ours. */
const bare = (text: string): string =>
  text
    .replace(/'(\\.|[^'\\\n])*'/g, 'STRING')
    .replace(/"(\\.|[^"\\\n])*"/g, 'STRING')
    .replace(/\/\*\*.*?\*\/|\/\/.*/g, '')

test('names of a hostile object stay names', () => {
  const bytes = readFileSync(SHAPES_PATH)
  const change = (from: string, to: string) => {
    const at = bytes.indexOf(`\0${from}\0`)
    assert.ok(at > 0, from)
    const copy = Uint8Array.from(bytes)
    // BTF and symbols may both have it
    for (let i = at; i >= 0; i = bytes.indexOf(`\0${from}\0`, i + 1)) copy.set(Buffer.from(to), i + 1)
    return generateSkeleton(readObject(copy, 'x.o'), { object: { file: 'x.o' } })
  }
  const before = bare(change('MODE_ON', 'MODE_ON'))
  for (const evil of ["'|any;//", '*/;bad()', "\\'\n  ;x"])
    for (const name of ['MODE_AUTO', 'MODE_OFF', 'by_cpu', 'untyped', 'routes', 'points'])
      assert.equal(
        bare(change(name, evil.slice(0, name.length).padEnd(name.length, '_'))).replace(
          /STRING|\b(by_cpu|untyped|routes|points)\b/g,
          '',
        ),
        before.replace(/STRING|\b(by_cpu|untyped|routes|points)\b/g, ''),
        `${name} as ${evil}`,
      )
})

test('a changed object has a module or is refused', () => {
  const bytes = readFileSync(SAMPLE_PATH)
  const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 })
  let made = 0
  fc.assert(
    fc.property(changes, list => {
      const copy = Uint8Array.from(bytes)
      for (const [at, value] of list) copy[at] = value
      try {
        generateSkeleton(readObject(copy, 'x.o'), { object: { file: 'x.o' } })
        made++
      } catch (error) {
        if (!(error instanceof BeetraceError)) throw error
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(made > 0)
})
