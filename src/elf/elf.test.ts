// Files of both classes and byte orders, written by the test and read back; and what a damaged one says.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import zlib from 'node:zlib'
import { ElfError } from '../errors/index.ts'
import {
  addressToOffset,
  buildId,
  bytesSource,
  debugLink,
  debugLinkPaths,
  dynamicInfo,
  EM_AARCH64,
  EM_X86_64,
  ET_DYN,
  ET_REL,
  findSection,
  offsetToAddress,
  PT_LOAD,
  parseElf,
  readRelocations,
  readSymbols,
  relocationSectionsFor,
  SHF_ALLOC,
  SHF_COMPRESSED,
  SHT_DYNSYM,
  SHT_GNU_VERDEF,
  SHT_GNU_VERSYM,
  SHT_NOTE,
  SHT_PROGBITS,
  SHT_REL,
  SHT_RELA,
  SHT_STRTAB,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  sectionData,
  symbolVersions,
} from './index.ts'
import { buildElf, FieldWriter, type SectionSpec, symbolBytes } from './testing/build-elf.ts'

const ENCODINGS = [
  { is64: true, littleEndian: true },
  { is64: true, littleEndian: false },
  { is64: false, littleEndian: true },
  { is64: false, littleEndian: false },
]
const open = (bytes: Uint8Array) => parseElf(bytesSource('test.elf', bytes))
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

for (const encoding of ENCODINGS) {
  const { is64, littleEndian } = encoding
  const file = (sections: readonly SectionSpec[], type = ET_REL) =>
    open(buildElf({ ...encoding, type, machine: EM_X86_64, sections }))

  describe(`${is64 ? 64 : 32} bits, ${littleEndian ? 'little' : 'big'}-endian`, () => {
    test('header and sections', () => {
      const elf = file([
        { name: '.text', type: SHT_PROGBITS, flags: 6, address: 0x40, data: Buffer.from('code') },
      ])
      assert.equal(elf.is64, is64)
      assert.equal(elf.littleEndian, littleEndian)
      assert.equal(elf.machine, EM_X86_64)
      assert.equal(elf.entry, 0x1000)
      assert.deepEqual(
        elf.sections.map(section => section.name),
        ['', '.text', '.shstrtab'],
      )
      const { index, flags, address, sizeBytes, alignBytes } = findSection(elf, '.text')!
      assert.deepEqual(
        { index, flags, address, sizeBytes, alignBytes },
        { index: 1, flags: 6, address: 0x40, sizeBytes: 4, alignBytes: 4 },
      )
      assert.equal(text(sectionData(elf, findSection(elf, '.text')!)), 'code')
    })

    test('symbols, also one in a section beyond 16 bits', () => {
      const symbols = [
        { nameAt: 1, value: 0x40, sizeBytes: 16, info: 0x12, section: 1 },
        { nameAt: 5, value: 0x50, sizeBytes: 4, info: 0x21, section: 0xffff },
        { nameAt: 3, value: is64 ? -0x7f00_0000 : 0x8100_0000, sizeBytes: 0, info: 0x00, section: 0 },
      ]
      const elf = file([
        { name: '.strtab', type: SHT_STRTAB, data: Buffer.from('\0main\0') },
        { name: '.symtab', type: SHT_SYMTAB, link: 1, info: 1, data: symbolBytes(encoding, symbols) },
        {
          name: '.symtab_shndx',
          type: SHT_SYMTAB_SHNDX,
          link: 2,
          data: new FieldWriter(encoding).u32(0, 0, 70_000, 0).finish(),
        },
      ])
      const table = readSymbols(elf, findSection(elf, '.symtab')!)
      const rows = Array.from({ length: table.count }, (_, i) => [
        table.name(i),
        table.value[i],
        table.sizeBytes[i],
        table.binding(i),
        table.type(i),
        table.section[i],
      ])
      assert.deepEqual(rows, [
        ['', 0, 0, 0, 0, 0],
        ['main', 0x40, 16, 1, 2, 1],
        ['', 0x50, 4, 2, 1, 70_000],
        ['in', is64 ? -0x7f00_0000 : 0x8100_0000, 0, 0, 0, 0],
      ])
      assert.deepEqual(table.find('main'), [1])
      assert.deepEqual(table.find('in'), [3])
      assert.deepEqual(table.find('mai'), [])
      assert.deepEqual(table.find(''), [])
      assert.equal(table.isFunction(1), true)
      assert.equal(table.isFunction(2), false)
    })

    test('relocations with and without addend', () => {
      const info = (symbol: number, type: number) => (is64 ? symbol * 2 ** 32 + type : symbol * 256 + type)
      const rela = new FieldWriter(encoding).word(8, info(3, 10), -4).word(24, info(1, 1), 0x100).finish()
      const rel = new FieldWriter(encoding).word(16, info(2, 1)).finish()
      const elf = file([
        { name: '.text', type: SHT_PROGBITS, data: new Uint8Array(32) },
        { name: '.rela.text', type: SHT_RELA, link: 9, info: 1, data: rela },
        { name: '.rel.text', type: SHT_REL, link: 9, info: 1, data: rel },
      ])
      const [first, second] = relocationSectionsFor(elf, 1).map(section => readRelocations(elf, section))
      assert.deepEqual(
        [
          [...first!.offset],
          [...first!.symbol],
          [...first!.type],
          [...first!.addend!],
          first!.target,
          first!.symbols,
        ],
        [[8, 24], [3, 1], [10, 1], [-4, 0x100], 1, 9],
      )
      assert.deepEqual([[...second!.offset], [...second!.symbol], second!.addend], [[16], [2], undefined])
    })

    test('notes, debug link', () => {
      const note = new FieldWriter(encoding)
      note.u32(2, 1, 7).text('X\0').align(4).u8(9).align(4)
      note.u32(4, 4, 3).text('GNU\0').u8(0xde, 0xad, 0xbe, 0xef)
      const link = new FieldWriter(encoding).text('a.debug\0').align(4).u32(0x12345678).finish()
      const elf = file([
        { name: '.note.x', type: SHT_NOTE, data: note.finish() },
        { name: '.gnu_debuglink', type: SHT_PROGBITS, data: link },
      ])
      assert.equal(buildId(elf), 'deadbeef')
      assert.deepEqual(debugLink(elf), { file: 'a.debug', crc32: 0x12345678 })
      assert.deepEqual(debugLinkPaths('/usr/bin/a', debugLink(elf)!), [
        '/usr/bin/a.debug',
        '/usr/bin/.debug/a.debug',
        '/usr/lib/debug/usr/bin/a.debug',
      ])
    })

    test('segments, and what is loaded where', () => {
      const elf = open(
        buildElf({
          ...encoding,
          type: ET_DYN,
          machine: EM_AARCH64,
          sections: [],
          segments: [
            { type: PT_LOAD, flags: 5, offset: 0x40, address: 0x400040, fileBytes: 0x20 },
            { type: PT_LOAD, flags: 6, offset: 0x60, address: 0x500060, fileBytes: 0x10 },
          ],
        }),
      )
      assert.deepEqual(
        elf.segments.map(s => [s.type, s.flags, s.fileBytes, s.memoryBytes, s.alignBytes]),
        [
          [PT_LOAD, 5, 0x20, 0x20, 4096],
          [PT_LOAD, 6, 0x10, 0x10, 4096],
        ],
      )
      assert.equal(addressToOffset(elf, 0x400050), 0x50)
      assert.equal(addressToOffset(elf, 0x400060), undefined)
      assert.equal(offsetToAddress(elf, 0x60), 0x500060)
      assert.equal(offsetToAddress(elf, 0x70), undefined)
    })

    test('a compressed section', () => {
      const plain = Buffer.from('the same again and '.repeat(50))
      const packed = (promised: number, type = 1) => {
        const head = new FieldWriter(encoding).u32(type)
        if (is64) head.u32(0)
        return file([
          {
            name: '.debug_x',
            type: SHT_PROGBITS,
            flags: SHF_COMPRESSED,
            data: head.word(promised, 1).bytes(zlib.deflateSync(plain)).finish(),
          },
        ])
      }
      const elf = packed(plain.length)
      assert.equal(text(sectionData(elf, elf.sections[1]!)), plain.toString())
      for (const bad of [
        packed(plain.length - 1),
        packed(plain.length + 1),
        packed(2 ** 31),
        packed(plain.length, 9),
      ])
        assert.throws(
          () => sectionData(bad, bad.sections[1]!),
          (error: unknown) => {
            assert.ok(error instanceof ElfError)
            assert.equal(error.section, '.debug_x')
            return true
          },
        )
    })

    test('the dynamic section', () => {
      const strings = Buffer.from('\0libx.so.1\0libc.so.6\0$ORIGIN:/opt\0')
      const dynamic = new FieldWriter(encoding).word(
        1,
        11,
        14,
        1,
        29,
        21,
        5,
        0x1000,
        10,
        strings.length,
        0,
        0,
        1,
        1,
      )
      const elf = file([
        { name: '.dynstr', type: SHT_STRTAB, flags: SHF_ALLOC, address: 0x1000, data: strings },
        { name: '.dynamic', type: 6, data: dynamic.finish() },
      ])
      assert.deepEqual(dynamicInfo(elf), {
        soname: 'libx.so.1',
        needed: ['libc.so.6'],
        runPath: ['$ORIGIN', '/opt'],
      })
      assert.equal(dynamicInfo(file([])), undefined)
    })

    test('versions of dynamic symbols', () => {
      const strings = Buffer.from('\0f\0V_1\0V_2\0base\0')
      const f = { nameAt: 1, value: 8, sizeBytes: 1, info: 0x12, section: 1 }
      const definitions = new FieldWriter(encoding)
      for (const [i, [flags, name]] of [
        [1, 11],
        [0, 3],
        [0, 7],
      ].entries())
        definitions.u16(1, flags!, i + 1, 1).u32(0, 20, i === 2 ? 0 : 28, name!, 0)
      const elf = file([
        { name: '.dynstr', type: SHT_STRTAB, data: strings },
        { name: '.dynsym', type: SHT_DYNSYM, link: 1, data: symbolBytes(encoding, [f, f, f]) },
        {
          name: '.gnu.version',
          type: SHT_GNU_VERSYM,
          link: 2,
          data: new FieldWriter(encoding).u16(0, 0x8002, 3, 1).finish(),
        },
        { name: '.gnu.version_d', type: SHT_GNU_VERDEF, link: 1, info: 3, data: definitions.finish() },
      ])
      const version = symbolVersions(elf, findSection(elf, '.dynsym')!)
      assert.deepEqual([0, 1, 2, 3, 4].map(version), [
        undefined,
        { name: 'V_1', isDefault: false },
        { name: 'V_2', isDefault: true },
        undefined,
        undefined,
      ])
    })
  })
}

/** A file that is damaged at one place fails with words that contain `expected`. */
const refuses = (title: string, damage: (bytes: Uint8Array) => Uint8Array | undefined, expected: string) =>
  test(`a file ${title}`, () => {
    const bytes = buildElf({ is64: true, littleEndian: true, type: ET_REL, machine: EM_X86_64, sections: [] })
    const damaged = damage(bytes) ?? bytes
    assert.throws(
      () => open(damaged),
      (error: unknown) => {
        assert.ok(error instanceof ElfError, String(error))
        assert.ok(error.message.startsWith('test.elf: ') && error.message.includes(expected), error.message)
        return true
      },
    )
  })

refuses('without content', () => new Uint8Array(0), 'not an ELF file')
refuses('of text', () => Buffer.from('#!/bin/sh\n'.repeat(20)), 'not an ELF file')
refuses('of another class', bytes => void (bytes[4] = 3), 'class 3')
refuses('of no byte order', bytes => void (bytes[5] = 0), 'byte order 0')
refuses('that is cut off', bytes => bytes.subarray(0, bytes.length - 1), 'is it cut off?')
refuses('cut off in its header', bytes => bytes.subarray(0, 60), 'is it cut off?')
refuses('with small section headers', bytes => void (bytes[58] = 8), 'section headers of 8 bytes')
refuses('with names in no section', bytes => void (bytes[62] = 9), 'section 9 of 2')
refuses('with sections far away', bytes => void (bytes[47] = 0xff), 'first section header')
