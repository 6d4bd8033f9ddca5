// A program of machine code with a probe of its own (<sys/sdt.h>), made without a compiler: for each byte that it reads it passes the
// probe's first place three times and its second one once, and writes a byte.

import {
  EM_X86_64,
  ET_DYN,
  ET_EXEC,
  PT_LOAD,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHT_NOTE,
  SHT_PROGBITS,
} from '../../src/elf/index.ts'
import { buildElf, FieldWriter } from '../../src/elf/testing/build-elf.ts'

const CODE = [
  [0x31, 0xc0, 0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, 1, 0, 0, 0, 0x0f, 0x05], // again: eax = read(0, rsp, 1)
  [0x85, 0xc0, 0x7e, 0x30], // if (eax <= 0) goto exit
  [0x31, 0xdb], // ebx = 0
  [0x48, 0x8d, 0x4b, 100], // next: rcx = rbx + 100
  [0x49, 0xc7, 0xc0, 0xfb, 0xff, 0xff, 0xff], // r8 = -5
  [0x90], // the first place
  [0xff, 0xc3, 0x83, 0xfb, 3, 0x75, 0xed], // if (++ebx != 3) goto next
  [0x90], // the second place
  [0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x48, 0x89, 0xe6, 0xba, 1, 0, 0, 0, 0x0f, 0x05], // write(1, rsp, 1)
  [0xeb, 0xc2], // goto again
  [0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05], // exit: exit(0)
]
const FIRST_PLACE = CODE.slice(0, 5).flat().length
const SECOND_PLACE = CODE.slice(0, 7).flat().length

const ENCODING = { is64: true, littleEndian: true }
const CODE_OFFSET = 64 + 2 * 56 // behind the headers of the file and of two segments
const DATA_DISTANCE = 0x10000 // from the code's segment to the one that can be written

/** @param placed `anywhere`: another address in each process, as libraries have it; the byte read is at the stack's end */
export function probedProgram(placed: 'fixed' | 'anywhere'): Uint8Array {
  const base = placed === 'fixed' ? 0x400000 : 0
  const code = Uint8Array.from(CODE.flat())
  const semaphoreOffset = Math.ceil((CODE_OFFSET + code.length) / 8) * 8
  const note = (place: number, args: string) => {
    const about = new FieldWriter(ENCODING)
      .word(base + CODE_OFFSET + place, 0, base + DATA_DISTANCE + semaphoreOffset)
      .text(`test\0hit\0${args}\0`)
      .finish()
    return new FieldWriter(ENCODING).u32(8, about.length, 3).text('stapsdt\0').bytes(about).align(4).finish()
  }
  const notes = [
    note(FIRST_PLACE, '8@%rcx -8@%r8 1@(%rsp)'),
    note(SECOND_PLACE, '8@$7 -8@%r8 1@-3(%rsp,%rbx,1)'),
  ]
  return buildElf({
    ...ENCODING,
    type: placed === 'fixed' ? ET_EXEC : ET_DYN,
    machine: EM_X86_64,
    entry: base + CODE_OFFSET,
    segments: [
      { type: PT_LOAD, flags: 5, offset: 0, address: base, fileBytes: 4096 },
      { type: PT_LOAD, flags: 6, offset: 0, address: base + DATA_DISTANCE, fileBytes: 4096 },
    ],
    sections: [
      {
        name: '.text',
        type: SHT_PROGBITS,
        flags: SHF_ALLOC | SHF_EXECINSTR,
        address: base + CODE_OFFSET,
        data: code,
      },
      { name: '.probes', type: SHT_PROGBITS, data: new Uint8Array(8) },
      { name: '.note.stapsdt', type: SHT_NOTE, data: Buffer.concat(notes) },
    ],
  })
}
