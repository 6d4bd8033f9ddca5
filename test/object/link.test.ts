// Static linking: what comes of two objects, and what does not go together.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Btf, parseBtf, printDecl } from '../../src/btf/index.ts'
import {
  bytesSource,
  findSection,
  linkObjects,
  parseElf,
  readObject,
  readSymbols,
  sectionData,
  symbolSections,
} from '../../src/elf/index.ts'
import { BeetraceError, ObjectError } from '../../src/errors/index.ts'
import { LINK_PATHS } from './sample.ts'
import { type TinyOptions, type TinyVariable, tinyObject } from './tiny-object.ts'

const files = LINK_PATHS.map(path => ({
  file: path.replace(/.*\//, ''),
  bytes: new Uint8Array(readFileSync(path)),
}))
const linked = readObject(linkObjects(files), 'both.o')

const btfOf = (bytes: Uint8Array): Btf => {
  const elf = parseElf(bytesSource('linked.o', bytes))
  return parseBtf(sectionData(elf, findSection(elf, '.BTF')!))
}

test('the programs of both are there, each with the functions that it calls, whoever has them', () => {
  assert.deepEqual(
    linked.programs.map(({ functions }) => functions.map(each => each.name)),
    [
      ['one', 'defined_there', 'same_name', 'weak_here', 'weak_twice', 'same_name', 'hidden_here'],
      ['two', 'each', 'hidden_here'],
      ['task_here'],
      ['task_there'],
    ],
  )
})

test('static functions of one name stay two', () => {
  const [one] = linked.programs
  assert.equal(new Set(one!.functions.map(each => each.label)).size, one!.functions.length)
})

test('what was extern is defined, and only what is the kernel is left', () => {
  assert.deepEqual(
    linked.externs.map(each => [each.kind, each.name]),
    [['kconfig', 'LINUX_KERNEL_VERSION']],
  )
  assert.deepEqual(
    linked.maps.map(each => each.label),
    ['counts', 'others', '.data', '.bss', '.rodata', '.kconfig'],
  )
})

test('variables lie where the parts of their sections are', () => {
  const variables = linked.maps.flatMap(({ label, variables = [] }) =>
    variables.map(({ name, offsetBytes, typeId }) => [label, name, offsetBytes, typeId !== 0]),
  )
  assert.deepEqual(variables, [
    ['.data', 'shared', 0, true],
    ['.data', 'odd', 16, true],
    ['.data', 'wide', 24, true],
    ['.bss', 'head', 0, true],
    ['.rodata', 'added', 0, true],
    ['.kconfig', 'LINUX_KERNEL_VERSION', 0, true],
  ])
})

test('types are there once, a declaration is the definition', () => {
  const btf = linked.btf!
  const names = Array.from({ length: btf.typeCount }, (_, i) => btf.type(i + 1))
    .filter(({ kind, name }) => name !== '' && kind !== 'var' && kind !== 'func' && kind !== 'datasec')
    .map(({ kind, name }) => `${kind} ${name}`)
  assert.deepEqual(names, [...new Set(names)])
  assert.equal(btf.find('shared', 'fwd'), undefined)
  const { proto } = btf.func('defined_there')!
  assert.deepEqual(
    proto.params.map(each => each.name),
    ['x'],
  )
})

test('sections of variables are in order, and have their size', () => {
  const data = linked.btf!.get('.data', 'datasec')
  assert.equal(data.sizeBytes, 32)
  assert.deepEqual(
    data.vars.map(each => [linked.btf!.type(each.typeId).name, each.offsetBytes]),
    [
      ['shared', 0],
      ['odd', 16],
      ['wide', 24],
    ],
  )
})

test('relocations and lines say what they said', () => {
  for (const [name, line] of [
    ['task_here', 64],
    ['task_there', 62],
  ] as const) {
    const program = linked.programs.find(each => each.name === name)!
    const [relocation] = program.relocations
    assert.equal(linked.btf!.type(relocation!.typeId).name, 'task_struct')
    assert.equal(relocation!.accessStr, '0:0')
    assert.equal(program.lines[3]! >>> 10, line)
    assert.match(linked.btf!.string(program.lines[1]!), /link-(one|two)\.bpf\.c$/)
    assert.equal(program.info?.funcInfo.length, 8)
  }
})

test('one object by itself stays what it is; linked once more, nothing changes', () => {
  for (const { file, bytes } of files) {
    const once = linkObjects([{ file, bytes }])
    assert.deepEqual(linkObjects([{ file, bytes: once }]), once)
  }
})

// Who wins

const u32 = (name: string, more: Partial<TinyVariable> = {}): TinyVariable => ({
  name,
  bytes: 4,
  section: '.data',
  ...more,
})
const extern = (name: string, more: Partial<TinyVariable> = {}): TinyVariable => ({ name, bytes: 4, ...more })

const link = (...objects: (readonly TinyVariable[])[]) =>
  linkObjects(objects.map((variables, i) => ({ file: `${'abcd'[i]}.o`, bytes: tinyObject(variables) })))

/** name, byte that the variable is filled with, binding, visibility */
const symbolsOf = (bytes: Uint8Array) => {
  const elf = parseElf(bytesSource('linked.o', bytes))
  const table = readSymbols(elf, symbolSections(elf)[0]!)
  return Array.from({ length: table.count - 1 }, (_, i) => {
    const section = elf.sections[table.section[i + 1]!]
    const filled = section?.index === 0 ? 'extern' : sectionData(elf, section!)[table.value[i + 1]!]
    return [table.name(i + 1), filled, ['local', 'global', 'weak'][table.binding(i + 1)], table.other[i + 1]]
  })
}

const check = (what: string, objects: (readonly TinyVariable[])[], expected: unknown[][]) =>
  test(what, () => assert.deepEqual(symbolsOf(link(...objects)), expected))

const pad = u32('pad')
check(
  'a definition beats a declaration',
  [[extern('x')], [pad, u32('x')]],
  [
    ['x', 2, 'global', 0],
    ['pad', 1, 'global', 0],
  ],
)
check(
  'in either order',
  [[pad, u32('x')], [extern('x')]],
  [
    ['pad', 1, 'global', 0],
    ['x', 2, 'global', 0],
  ],
)
check(
  'a strong definition beats a weak one',
  [[u32('x', { weak: true })], [pad, u32('x')]],
  [
    ['x', 2, 'global', 0],
    ['pad', 1, 'global', 0],
  ],
)
check(
  'of weak ones the first',
  [[u32('x', { weak: true })], [pad, u32('x', { weak: true })]],
  [
    ['x', 1, 'weak', 0],
    ['pad', 1, 'global', 0],
  ],
)
check(
  'of three, the strong one',
  [[u32('x', { weak: true })], [extern('x')], [pad, u32('x')]],
  [
    ['x', 2, 'global', 0],
    ['pad', 1, 'global', 0],
  ],
)
check(
  'a declaration that is not weak wants it',
  [[extern('x', { weak: true })], [extern('x')]],
  [['x', 'extern', 'global', 0]],
)
check('hidden for one is hidden', [[u32('x')], [extern('x', { hidden: true })]], [['x', 1, 'global', 2]])

test('what stays extern is declared once', () => {
  const btf = btfOf(link([extern('x')], [extern('x')]))
  const declared = Array.from({ length: btf.typeCount }, (_, i) => printDecl(btf, btf.type(i + 1)))
  assert.deepEqual(declared, ['u32;', 'extern u32 x;'])
})

test('objects of the other byte order are linked with their like', () => {
  const object = (variables: TinyVariable[]) => ({
    file: 'big.o',
    bytes: tinyObject(variables, { littleEndian: false }),
  })
  const bytes = linkObjects([object([u32('x')]), object([u32('y')])])
  assert.deepEqual(symbolsOf(bytes), [
    ['x', 1, 'global', 0],
    ['y', 1, 'global', 0],
  ])
  assert.equal(btfOf(bytes).littleEndian, false)
})

// What does not go together: the symbol and both files are named

const refuse = (what: string, objects: [readonly TinyVariable[], TinyOptions?][], message: RegExp) =>
  test(`refused: ${what}`, () => {
    const inputs = objects.map(([variables, options], i) => ({
      file: `${'ab'[i]}.o`,
      bytes: tinyObject(variables, options),
    }))
    assert.throws(
      () => linkObjects(inputs),
      (error: unknown) => error instanceof ObjectError && message.test(error.message),
    )
  })

refuse('two definitions', [[[u32('x')]], [[u32('x')]]], /^b\.o: "x" is defined here and in a\.o$/)
refuse(
  'types of other sizes',
  [[[u32('x')]], [[extern('x', { bytes: 8 })]]],
  /^b\.o: "x" does not fit: u64 of 8 bytes here and of 4 in a\.o$/,
)
refuse(
  'types of other kinds',
  [[[u32('x')]], [[extern('x', { type: { kind: 'struct', name: 's', sizeBytes: 4, members: [] } })]]],
  /^b\.o: "x" does not fit: struct s here and u32 in a\.o$/,
)
refuse(
  'a struct that is only declared',
  [
    [[u32('x', { type: { kind: 'struct', name: 's', sizeBytes: 4, members: [] } })]],
    [[extern('x', { type: { kind: 'fwd', name: 's', target: 'struct' } })]],
  ],
  /^b\.o: "x" does not fit: struct s \(only declared\) here and struct s in a\.o$/,
)
refuse(
  'other licences',
  [
    [[], { license: 'GPL' }],
    [[], { license: 'MIT' }],
  ],
  /^b\.o: section license: it says "MIT" here and "GPL" in a\.o$/,
)
refuse(
  'other byte orders',
  [[[u32('x')]], [[u32('y')], { littleEndian: false }]],
  /^b\.o: is of the other byte order than a\.o$/,
)
refuse(
  'a declaration without a type',
  [[[u32('x')]], [[extern('x')], { bare: true }]],
  /^b\.o: extern "x" has no type/,
)
refuse(
  'a name without a type where it matters',
  [[[u32('x', { weak: true })], { bare: true }], [[u32('x')]]],
  /^a\.o: "x" has no type, and b\.o has the name, too/,
)
refuse(
  'sections of other kinds',
  [[[u32('x')]], [[], { sections: [{ name: '.data', flags: 2 }] }]],
  /^b\.o: section \.data: it has flags 2 here and 3 in a\.o$/,
)
refuse(
  'a section that is unknown',
  [[[], { sections: [{ name: 'odd', type: 14 }] }]],
  /^a\.o: section odd: its type 14 is not known/,
)
refuse(
  'an alignment of no sense',
  [[[], { sections: [{ name: 'odd', alignBytes: 12 }] }]],
  /^a\.o: section odd: it cannot be aligned to 12/,
)

test('refused: nothing, and what is no object', () => {
  assert.throws(() => linkObjects([]), ObjectError)
  assert.throws(
    () => linkObjects([{ file: 'x', bytes: new Uint8Array(9) }]),
    /^ObjectError: x: is no compiled object/,
  )
})

test('changed objects are linked or refused, and what was linked can be read or is refused', () => {
  const [one, two] = files
  let succeeded = 0
  const change = fc.record({
    at: fc.array(fc.tuple(fc.nat(one!.bytes.length - 1), fc.nat(255)), { maxLength: 8 }),
    words: fc.array(
      fc.tuple(fc.nat(one!.bytes.length / 4 - 1), fc.constantFrom(0, 1, 0x7fffffff, 0xffffffff)),
      { maxLength: 3 },
    ),
    length: fc.option(fc.nat(one!.bytes.length), { freq: 10 }),
  })
  fc.assert(
    fc.property(change, fc.boolean(), ({ at, words, length }, isFirst) => {
      const bytes = Uint8Array.from(one!.bytes)
      const view = new DataView(bytes.buffer)
      for (const [place, value] of at) bytes[place] = value
      for (const [word, value] of words) view.setUint32(word * 4, value, true)
      const changed = { file: 'changed.o', bytes: length === null ? bytes : bytes.subarray(0, length) }
      try {
        readObject(linkObjects(isFirst ? [changed, two!] : [two!, changed]), 'linked.o')
        succeeded++
      } catch (error) {
        if (!(error instanceof BeetraceError)) throw error
      }
    }),
    { numRuns: 500 },
  )
  assert.ok(succeeded > 0, 'some changes must not matter, or this tests nothing')
})
