// Light objects: what a loader is made of, what is left to say of programs and maps, and what has no light form. That loaders load is
// test/kernel/light.test.ts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { CALLS_PATH, SAMPLE_PATH, SHAPES_PATH } from '../../../test/object/sample.ts'
import { decode, helperById, type Insn } from '../../asm/index.ts'
import { parseBtf } from '../../btf/index.ts'
import { type CompiledObject, readObject } from '../../elf/index.ts'
import { BeetraceError, ObjectError } from '../../errors/index.ts'
import { generateSkeleton } from '../skeleton/generate.ts'
import { buildLoader, sha256 } from './build-loader.ts'
import { coreRecords } from './core-records.ts'
import { lightObject } from './describe-light.ts'
import { openLightObject } from './open-light.ts'

const FIXTURES = 'test/object/fixtures'
const LIGHT_PATH = `${FIXTURES}/light.bpf.o`

const read = (path: string): CompiledObject => readObject(readFileSync(path), path)

/** With these of its programs. */
const having = (path: string, ...names: string[]): CompiledObject => {
  const object = read(path)
  return {
    ...object,
    programs: object.programs.map(each => ({ ...each, autoload: names.includes(each.name) })),
  }
}

test('the module that is checked in is what it makes: ./bee gen skeleton -L examples/calls.bpf.o', () => {
  const object = read(CALLS_PATH)
  const text = generateSkeleton(object, { object: { light: lightObject(object) } })
  assert.equal(readFileSync(`${FIXTURES}/calls-light.skel.ts`, 'utf8'), text)
})

/** The helpers that it calls, each once, in order. */
const helpersOf = (insns: readonly Insn[]): string[] => [
  ...new Set(insns.filter(({ code }) => code === 0x85).map(({ imm }) => helperById(imm)!.name)),
]

test('the loader asks for one thing after the other, and says how far it is', () => {
  const { instructions, steps } = buildLoader(having(LIGHT_PATH, 'ask', 'enters'))
  assert.deepEqual(steps, [
    ['types', 'light'],
    ['map', 'numbers'],
    ...['.rodata', '.data', '.bss', '.kconfig'].flatMap(label => [
      ['map', label],
      ['value', label],
      ...(label === '.rodata' || label === '.kconfig' ? [['freeze', label]] : []),
    ]),
    ...['bpf_rdonly_cast', 'no_such_function', 'vfs_read', 'no_such_variable', 'no_such_symbol'].map(name => [
      'extern',
      name,
    ]),
    ['program', 'ask'],
    ['target', 'enters'],
    ['program', 'enters'],
  ])
  const insns = decode(instructions)
  assert.deepEqual(helpersOf(insns), [
    ...['bpf_sys_bpf', 'bpf_copy_from_user', 'bpf_btf_find_by_name_kind'],
    ...['bpf_kallsyms_lookup_name', 'bpf_sys_close'],
  ])
  // *(u32 *)(ctx + 4) = the number of the step
  const told = insns.filter(
    (_, i) => insns[i + 1]?.code === 0x63 && insns[i + 1]?.dst === 6 && insns[i + 1]?.off === 4,
  )
  assert.deepEqual(
    told.map(({ imm }) => imm),
    steps.map((_, i) => i),
  )
})

test('what it works with holds the types and the first values', () => {
  const object = read(SAMPLE_PATH)
  const { data, typesAt, valuesAt } = buildLoader(object)
  assert.equal(
    parseBtf(data.subarray(typesAt!, typesAt! + object.btfBytes!.length)).typeCount,
    object.btf!.typeCount,
  )
  for (const { label, data: value } of object.maps.filter(each => each.data !== undefined)) {
    const [at, byteLength] = valuesAt.get(label)!
    assert.deepEqual(data.slice(at, at + byteLength), Uint8Array.from(value!), label)
  }
  assert.equal(data.length % 8, 0)
})

test('sealed, it goes by its data alone, and by no other', () => {
  const object = read(CALLS_PATH)
  const [open, sealed] = [buildLoader(object), buildLoader(object, { sealed: true })]
  const wants = ({ instructions }: typeof open) =>
    helpersOf(decode(instructions)).includes('bpf_copy_from_user')
  assert.deepEqual([wants(open), wants(sealed)], [true, false])
  const hash = Buffer.from(sha256(sealed.data))
  const parts = decode(sealed.instructions).flatMap(({ imm64 }) => imm64 ?? [])
  for (let at = 0; at < 32; at += 8) assert.ok(parts.includes(hash.readBigUInt64LE(at)))
})

test('relocations go to the kernel as records, which find their texts among the strings', () => {
  const object = read(LIGHT_PATH)
  const program = object.programs.find(each => each.name === 'ask')!
  const records = coreRecords(object, program)
  const view = new DataView(records.buffer)
  const all = Array.from({ length: records.length / 16 }, (_, i) => ({
    slot: view.getUint32(i * 16, true) / 8,
    typeId: view.getUint32(i * 16 + 4, true),
    accessStr: object.btf!.string(view.getUint32(i * 16 + 8, true)),
    kind: view.getUint32(i * 16 + 12, true),
  }))
  assert.deepEqual(
    all,
    program.relocations.map(({ slot, typeId, accessStr, kind }) => ({ slot, typeId, accessStr, kind })),
  )
  assert.ok(all.length >= 4)
})

for (const path of [CALLS_PATH, SAMPLE_PATH, SHAPES_PATH, LIGHT_PATH])
  test(`all that can be set and attached is there: ${path}`, () => {
    const object = read(path)
    // a module is text
    const light = JSON.parse(JSON.stringify(lightObject(object))) as ReturnType<typeof lightObject>
    using opened = openLightObject(light)
    const { source } = opened
    const loaded = object.programs.filter(each => each.autoload)
    assert.deepEqual(
      source.programs.map(({ name, section, type, sectionName }) => ({ name, section, type, sectionName })),
      loaded.map(({ name, section, type, sectionName }) => ({ name, section, type, sectionName })),
    )
    assert.deepEqual(
      source.maps.map(({ data, variables = [], valueTypeId, values }) => ({
        data,
        variables,
        valueTypeId,
        values,
      })),
      object.maps.map(({ data, variables = [], valueTypeId, values }) => ({
        ...{ data: data && Uint8Array.from(data), valueTypeId, values },
        variables: variables.map(each => ({ ...each })),
      })),
    )
    for (const [name, variable] of opened.globals)
      assert.equal(variable.typeName !== '', variable.variable.typeId !== 0, name)
  })

const refuse = (object: CompiledObject, message: RegExp) =>
  test(`no light form: ${message.source}`, () => {
    assert.throws(
      () => lightObject(object),
      (error: unknown) => error instanceof ObjectError && message.test(error.message),
    )
  })

const many = `${FIXTURES}/many.bpf.o`
refuse(having(many, 'both'), /program "both" \(fsession\): its section names no target/)
refuse(having(`${FIXTURES}/lacking.bpf.o`, 'unheard_of'), /no type of program/)
const sample = read(SAMPLE_PATH)
const withMap = (change: object) => ({ ...sample, maps: [{ ...sample.maps[0]!, ...change }] })
refuse(withMap({ role: 'structOps' }), /is a struct_ops/)
refuse(withMap({ pinned: true }), /is pinned by name/)
refuse(read(`${FIXTURES}/arena.bpf.o`), /is an arena whose address is not fixed/)
refuse({ ...sample, programs: [{ ...sample.programs[0]!, type: 28 }] }, /replaces a function/)

test('no signed form: what asks for the configuration of the kernel', () => {
  assert.throws(
    () => buildLoader(sample, { sealed: true }),
    /extern "\w+" asks for the kernel's configuration/,
  )
})

test('a changed object has a light form or is refused', () => {
  const bytes = readFileSync(LIGHT_PATH)
  const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 })
  let made = 0
  fc.assert(
    fc.property(changes, list => {
      const copy = Uint8Array.from(bytes)
      for (const [at, value] of list) copy[at] = value
      try {
        openLightObject(lightObject(readObject(copy, 'x.o')))
        made++
      } catch (error) {
        if (!(error instanceof BeetraceError)) throw error
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(made > 0)
})
