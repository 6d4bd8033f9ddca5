// Jump tables of a compiled object: read for each function, moved with their code when objects are linked, refused when damaged.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { bytesSource, linkObjects, parseElf, readObject } from '../../src/elf/index.ts'
import { ObjectError } from '../../src/errors/index.ts'

const OBJECT = 'test/object/jump-tables/ways.bpf.o'
const bytes = readFileSync(OBJECT)

const tablesOf = (object: Uint8Array) =>
  readObject(object, 'ways').programs.find(each => each.name === 'ways')!

test('a program has the tables of all its functions', () => {
  const { jumpTables, functions, code } = tablesOf(bytes)
  assert.deepEqual(
    functions.map(({ name, slot }) => [name, slot]),
    [
      ['ways', 0],
      ['more', 34],
    ],
  )
  assert.deepEqual(jumpTables, [
    { label: '.jumptables+48 of ways', targets: [10, 22, 16, 19, 13, 25] },
    { label: '.jumptables+0 of more', targets: [19, 10, 22, 13, 16, 10].map(slot => slot + 34) },
  ])
  const references = code.references.filter(({ ref }) => ref.kind === 'mapValue').map(({ ref }) => ref)
  assert.deepEqual(
    references,
    jumpTables.map(({ label }) => ({ kind: 'mapValue', name: label, offset: 0 })),
  )
})

test('linked behind other code they lead to the same instructions', () => {
  const others = ['link-two', 'link-one'].map(name => `test/object/fixtures/${name}.bpf.o`)
  const linked = linkObjects([...others, OBJECT].map(file => ({ file, bytes: readFileSync(file) })))
  const targets = (object: Uint8Array) => tablesOf(object).jumpTables.map(each => each.targets)
  assert.deepEqual(targets(linked), targets(bytes))
  // each object counts its tables from 0
  assert.throws(
    () =>
      linkObjects([
        { file: 'a', bytes },
        { file: 'b', bytes },
      ]),
    /"(ways|more)"/,
  )
})

const section = parseElf(bytesSource(OBJECT, bytes)).sections.find(each => each.name === '.jumptables')!

const refused = (what: string, at: number, value: bigint, message: RegExp) =>
  test(what, () => {
    const spoilt = Uint8Array.from(bytes)
    new DataView(spoilt.buffer).setBigUint64(section.offset + at, value, true)
    assert.throws(
      () => readObject(spoilt, 'ways'),
      (error: unknown) => error instanceof ObjectError && message.test(error.message),
    )
  })
test('tables that lie over each other are not linked', () => {
  const spoilt = Uint8Array.from(bytes)
  const elf = parseElf(bytesSource(OBJECT, spoilt))
  const table = elf.sections.find(each => each.type === 2)!
  const names = elf.sections[table.link]!
  // st_size of BPF.JT.0.0: one entry more
  for (let at = table.offset; at < table.offset + table.sizeBytes; at += 24) {
    const view = new DataView(spoilt.buffer, at, 24)
    const name = names.offset + view.getUint32(0, true)
    if (Buffer.from(spoilt.buffer, name, 11).toString() === 'BPF.JT.0.0\0') view.setBigUint64(16, 56n, true)
  }
  assert.throws(
    () => linkObjects([{ file: 'ways', bytes: spoilt }]),
    /ways: .*jump table "BPF\.JT\.1\.0" begins within another/,
  )
})

refused('a way out of the function', 8, 4096n, /jump table "BPF\.JT\.0\.0" leads to byte 4096 of the section/)
refused('a way into the middle of an instruction', 8, 81n, /leads to byte 81/)
refused('a way to nowhere', 56, 2n ** 63n, /jump table "BPF\.JT\.1\.0" leads to byte/)
