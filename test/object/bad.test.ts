// Objects that cannot be read: each is refused with a word on what is wrong with it and, where there is one, what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesSource, parseElf, readObject } from '../../src/elf/index.ts'
import { ElfError, ObjectError } from '../../src/errors/index.ts'
import { sampleBytes } from './sample.ts'

const sections = parseElf(bytesSource('sample', sampleBytes())).sections
const sectionTable = Number(
  new DataView(sampleBytes().buffer, sampleBytes().byteOffset).getBigUint64(40, true),
)
const names = sections.find(each => each.name === '.strtab')!

/** The header of a section, which the sample has one of. */
function headerOf(name: string): number {
  return sectionTable + sections.find(each => each.name === name)!.index * 64
}

/** Takes a section's name away. */
const unname = (bytes: Uint8Array, name: string): void =>
  new DataView(bytes.buffer).setUint32(headerOf(name), 0, true)

const refused = (
  what: string,
  spoil: (bytes: Uint8Array) => unknown,
  type: typeof ElfError | typeof ObjectError,
  message: RegExp,
) =>
  test(what, () => {
    const bytes = Uint8Array.from(sampleBytes())
    const answer = spoil(bytes)
    const spoilt = answer instanceof Uint8Array ? answer : bytes
    assert.throws(
      () => readObject(spoilt, 'tool.bpf.o'),
      (error: unknown) => error instanceof type && message.test(error.message),
    )
  })

refused('nothing', () => new Uint8Array(0), ElfError, /is no compiled object: it is empty/)
refused(
  'text',
  () => Buffer.from('int main() {}'),
  ElfError,
  /is no compiled object: it does not start as an ELF file/,
)
refused('bitcode', () => Uint8Array.of(0x42, 0x43, 0xc0, 0xde, 0, 0), ElfError, /bitcode of LLVM.*-flto/)
refused('a header without the rest', bytes => bytes.subarray(0, 64), ElfError, /is it cut off\?/)
refused(
  'a file that is cut off',
  bytes => bytes.subarray(0, 3000),
  ElfError,
  /the file ends at 3000: is it cut off\?/,
)
refused(
  'another machine',
  bytes => void bytes.set([62, 0], 18),
  ElfError,
  /is made for x86-64, not for BPF: was it compiled without -target bpf/,
)
refused('32 bits', bytes => void bytes.set([1], 4), ElfError, /32 bits|cut off|header/)
refused(
  'a shared library',
  bytes => void bytes.set([3, 0], 16),
  ElfError,
  /of type 3 and no relocatable object/,
)
refused(
  'no BTF',
  bytes => unname(bytes, '.BTF'),
  ObjectError,
  /section \.maps: .*BTF, which the object lacks: compile with -g/,
)
refused(
  'DWARF alone',
  bytes => {
    unname(bytes, '.BTF')
    const at = Buffer.from(bytes.buffer).indexOf('.llvm_addrsig', names.offset, 'latin1')
    bytes.set(Buffer.from('.debug_info\0\0', 'latin1'), at)
  },
  ObjectError,
  /has DWARF only, so use clang 10 or newer with -g, and do not strip \.BTF/,
)
refused(
  'no symbols',
  bytes => {
    new DataView(bytes.buffer).setUint32(headerOf('.symtab') + 4, 1, true)
  },
  ElfError,
  /stripped object cannot be loaded/,
)
refused(
  'a section of data larger than can be meant',
  bytes => {
    new DataView(bytes.buffer).setUint32(headerOf('.bss') + 32, 0x7fff_ffff, true)
  },
  ObjectError,
  /section \.bss: \d+ bytes of data are more than/,
)
