// ELF files are foreign bytes: whatever they are, the answer is a result or an ElfError, in bounded time and memory,
// and nothing outside of the file is read.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressToOffset,
  type ByteSource,
  buildId,
  debugLink,
  dynamicInfo,
  ET_DYN,
  elfNotes,
  FunctionIndex,
  parseElf,
  parseLdCache,
  readRelocations,
  readSymbols,
  SHT_DYNSYM,
  SHT_NOTE,
  SHT_PROGBITS,
  SHT_STRTAB,
  SHT_SYMTAB,
  sectionData,
  symbolSections,
  symbolVersions,
  usdtLocations,
} from '../../src/elf/index.ts'
import { buildElf, FieldWriter, symbolBytes } from '../../src/elf/testing/build-elf.ts'
import { ElfError } from '../../src/errors/index.ts'
import { findBinaries } from '../../src/kernel/index.ts'

/** Runs `use`; an ElfError is a good answer, anything else thrown is not. */
function allowed(use: () => unknown): void {
  try {
    use()
  } catch (error) {
    if (!(error instanceof ElfError)) throw error
  }
}

/** A source that insists on being read within its bounds. */
const strict = (bytes: Uint8Array): ByteSource => ({
  name: 'fuzz',
  sizeBytes: bytes.length,
  read(offset, length) {
    assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length, `${offset} + ${length}`)
    return bytes.subarray(offset, offset + length)
  },
})

/** Asks everything there is to ask. */
function exercise(bytes: Uint8Array): void {
  allowed(() => {
    const elf = parseElf(strict(bytes))
    allowed(() => [...elfNotes(elf)].length)
    allowed(() => buildId(elf))
    allowed(() => debugLink(elf))
    allowed(() => dynamicInfo(elf))
    allowed(() => usdtLocations(elf))
    for (const section of elf.sections.slice(0, 100)) {
      allowed(() => sectionData(elf, section))
      allowed(() => readRelocations(elf, section))
    }
    for (const section of symbolSections(elf).slice(0, 8))
      allowed(() => {
        const table = readSymbols(elf, section)
        const version = symbolVersions(elf, section)
        for (let i = 0; i < Math.min(table.count, 200); i++) {
          table.find(table.name(i))
          version(i)
          addressToOffset(elf, table.value[i]!)
        }
        new FunctionIndex([table]).at(table.value[table.count >> 1] ?? 0)
      })
  })
}

/** Words that are near to valid, and any. */
const word = fc.oneof(
  fc.nat(64),
  fc.nat(0xffff_ffff),
  fc.constantFrom(0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x6fff_ffff),
)

/** `bytes` with words written over it, most of them where headers are: the start, and the last part. */
const damaged = (bytes: Uint8Array, headerAt: number) =>
  fc.array(
    fc.tuple(
      fc.oneof(fc.nat(64), fc.integer({ min: headerAt, max: bytes.length - 4 }), fc.nat(bytes.length - 4)),
      word,
    ),
    { minLength: 1, maxLength: 8 },
  )

function damage(bytes: Uint8Array, writes: readonly (readonly [number, number])[]): Uint8Array {
  const copy = Buffer.from(bytes)
  for (const [at, value] of writes) copy.writeUInt32LE(value, Math.min(at, copy.length - 4))
  return copy
}

for (const encoding of [
  { is64: true, littleEndian: true },
  { is64: false, littleEndian: false },
])
  test(`a damaged small file of ${encoding.is64 ? 64 : 32} bits`, () => {
    const note = new FieldWriter(encoding)
      .u32(8, 30, 3)
      .text('stapsdt\0')
      .word(16, 0, 0)
      .text('a\0b\x004@%eax\0')
      .align(4)
    const symbol = { nameAt: 1, value: 16, sizeBytes: 4, info: 0x12, section: 1 }
    const file = buildElf({
      ...encoding,
      type: ET_DYN,
      machine: 62,
      sections: [
        { name: '.text', type: SHT_PROGBITS, flags: 6, address: 0, data: new Uint8Array(64) },
        { name: '.strtab', type: SHT_STRTAB, data: Buffer.from('\0main\0') },
        { name: '.symtab', type: SHT_SYMTAB, link: 2, data: symbolBytes(encoding, [symbol, symbol]) },
        { name: '.dynsym', type: SHT_DYNSYM, link: 2, data: symbolBytes(encoding, [symbol]) },
        {
          name: '.gnu.version',
          type: 0x6fffffff,
          link: 4,
          data: new FieldWriter(encoding).u16(0, 2).finish(),
        },
        {
          name: '.gnu.version_d',
          type: 0x6ffffffd,
          link: 2,
          info: 1,
          data: new FieldWriter(encoding).u16(1, 0, 2, 1).u32(0, 20, 0, 1, 0).finish(),
        },
        {
          name: '.gnu.version_r',
          type: 0x6ffffffe,
          link: 2,
          info: 1,
          data: new FieldWriter(encoding).u16(1, 1).u32(1, 16, 0, 0).u16(0, 2).u32(1, 0).finish(),
        },
        { name: '.note.stapsdt', type: SHT_NOTE, data: note.finish() },
        { name: '.gnu_debuglink', type: SHT_PROGBITS, data: Buffer.from('a.debug\0\0\0\0\0') },
        { name: '.rela.text', type: 4, info: 1, link: 3, data: new Uint8Array(48) },
        { name: '.debug_z', type: SHT_PROGBITS, flags: 0x800, data: new Uint8Array(40) },
        { name: '.dynamic', type: 6, data: new FieldWriter(encoding).word(1, 1, 5, 0, 10, 6, 0, 0).finish() },
      ],
      segments: [{ type: 1, flags: 5, offset: 0, address: 0, fileBytes: 500 }],
    })
    fc.assert(
      fc.property(damaged(file, file.length - 700), writes => exercise(damage(file, writes))),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.nat(file.length), end => exercise(file.subarray(0, end))),
      { numRuns: 200 },
    )
  })

const [library] = findBinaries('libm')
test('a damaged library of the system', { skip: library === undefined ? 'there is no libm' : false }, () => {
  const file = readFileSync(library!.path)
  exercise(file)
  fc.assert(
    fc.property(damaged(file, file.length - 4000), writes => exercise(damage(file, writes))),
    { numRuns: 150 },
  )
})

test('any bytes behind a magic number', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(1, 2),
      fc.constantFrom(1, 2),
      (rest, elfClass, order) =>
        exercise(Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, elfClass, order]), rest])),
    ),
    { numRuns: 1000 },
  )
})

test('a damaged cache of the dynamic loader', () => {
  const le = { is64: true, littleEndian: true }
  const strings = 'libc.so.6\0/lib/libc.so.6\0'
  const table = new FieldWriter(le).text('glibc-ld.so.cache1.1').u32(1, strings.length, 0, 0, 0, 0, 0)
  table.u32(0x303, 72, 82, 0).word(0).text(strings)
  const file = table.finish()
  const old = new FieldWriter(le).text('ld.so-1.7.0\0').u32(1, 0x303, 0, 10).text(strings).finish()
  for (const cache of [file, old])
    assert.deepEqual(parseLdCache(cache), [{ soname: 'libc.so.6', path: '/lib/libc.so.6', flags: 0x303 }])
  for (const cache of [file, old])
    fc.assert(
      fc.property(damaged(cache, 0), fc.nat(cache.length), (writes, end) => {
        allowed(() => parseLdCache(damage(cache, writes)))
        allowed(() => parseLdCache(cache.subarray(0, end)))
      }),
    )
})
