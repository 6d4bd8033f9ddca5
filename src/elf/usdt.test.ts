// Operands of USDT probes as compilers write them, and the notes they stand in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bytesSource,
  EM_AARCH64,
  EM_X86_64,
  ET_DYN,
  PT_LOAD,
  parseElf,
  parseUsdtArguments,
  SHT_NOTE,
  SHT_PROGBITS,
  type UsdtArgument,
  usdtLocations,
} from './index.ts'
import { buildElf, FieldWriter } from './testing/build-elf.ts'

/** One argument in short: `s4 reg 80`, `u8 mem 32-16`, `u8 mem 96+104*4+8`, `s1 = -5`, `u8 sym x+4`, `u8 ?`. */
function short({ sizeBytes, signed, place }: UsdtArgument): string {
  const size = `${signed ? 's' : 'u'}${sizeBytes}`
  const signedText = (n: number) => (n < 0 ? `${n}` : `+${n}`)
  switch (place.kind) {
    case 'constant':
      return `${size} = ${place.value}`
    case 'register':
      return `${size} reg ${place.register.ptRegsOffset}${place.register.shiftBits ? `>>${place.register.shiftBits}` : ''}`
    case 'memory': {
      const index = place.index === undefined ? '' : `+${place.index.ptRegsOffset}*${place.scale}`
      return `${size} mem ${place.base?.ptRegsOffset ?? ''}${index}${signedText(place.displacement)}`
    }
    case 'symbol':
      return `${size} sym ${place.symbol}${signedText(place.displacement)}`
    case 'unknown':
      return `${size} ?`
  }
}

const check = (machine: number, text: string, ...expected: string[]) =>
  test(`machine ${machine}: ${text}`, () => {
    assert.deepEqual(parseUsdtArguments(text, machine).map(short), expected)
  })

check(EM_X86_64, '')
check(EM_X86_64, '-4@%eax', 's4 reg 80')
check(
  EM_X86_64,
  '8@%rdi 8@%rsi 2@%r8w 1@%r15b 4@%r9d',
  'u8 reg 112',
  'u8 reg 104',
  'u2 reg 72',
  'u1 reg 0',
  'u4 reg 64',
)
check(
  EM_X86_64,
  '1@%al 1@%ah 1@%bpl 2@%dx 1@%dil',
  'u1 reg 80',
  'u1 reg 80>>8',
  'u1 reg 32',
  'u2 reg 96',
  'u1 reg 112',
)
check(EM_X86_64, '8@-16(%rbp)', 'u8 mem 32-16')
check(EM_X86_64, '8@(%rsp)', 'u8 mem 152+0')
check(EM_X86_64, '4@$5 -4@$-5 -8@$0x10', 'u4 = 5', 's4 = -5', 's8 = 16')
check(EM_X86_64, '8@$18446744073709551615', 'u8 = 18446744073709551615')
check(EM_X86_64, '8@counter(%rip)', 'u8 sym counter+0')
check(
  EM_X86_64,
  '8@counter+16(%rip) -4@8+table(%rip) 8@plain',
  'u8 sym counter+16',
  's4 sym table+8',
  'u8 sym plain+0',
)
check(EM_X86_64, '8@_ZN3foo3barE-8(%rip)', 'u8 sym _ZN3foo3barE-8')
check(
  EM_X86_64,
  '-4@(%rdx,%rcx,4) 8@8(%rdx,%rcx) 8@-8(,%rax,8)',
  's4 mem 96+88*4+0',
  'u8 mem 96+88*1+8',
  'u8 mem +80*8-8',
)
check(EM_X86_64, '8@0x10(%rax) 4@8+4(%rax)', 'u8 mem 80+16', 'u4 mem 80+12')
check(EM_X86_64, '8f@%xmm0 8@%xmm0 16@%rax 8@%fs:16', 'u8 ?', 'u8 ?', 'u16 ?', 'u8 ?')
check(EM_X86_64, '%rax', 'u8 reg 80')
check(EM_X86_64, '8@%rax 8@(%rax,%rbx,3) 8@$x 4@%ecx', 'u8 reg 80', 'u8 ?', 'u8 ?', 'u4 reg 88')
check(EM_AARCH64, '-4@x0 8@x30 4@w7', 's4 reg 0', 'u8 reg 240', 'u4 reg 56')
check(EM_AARCH64, '8@[sp] 8@[sp, 16] -4@[x29, -20]', 'u8 mem 248+0', 'u8 mem 248+16', 's4 mem 232-20')
check(
  EM_AARCH64,
  '8@[x0, x1] 8@[x0,x1,lsl 3] 8@[x0, x1, lsl #2]',
  'u8 mem 0+8*1+0',
  'u8 mem 0+8*8+0',
  'u8 mem 0+8*4+0',
)
check(EM_AARCH64, '4@5 -4@-5 8@#7', 'u4 = 5', 's4 = -5', 'u8 = 7')
check(EM_AARCH64, '8@[x0, w1, sxtw 3] 8@d0 8@[nope]', 'u8 ?', 'u8 ?', 'u8 ?')
check(62 + 1, '8@%rax', 'u8 ?')

test('any text gives arguments and no exception', () => {
  const operand = fc.string({ unit: fc.constantFrom(...'@%$()[],+-x0158easpr ifl:#\t') })
  fc.assert(
    fc.property(operand, fc.constantFrom(EM_X86_64, EM_AARCH64, 0), (text, machine) => {
      for (const argument of parseUsdtArguments(text, machine)) short(argument)
    }),
  )
})

for (const encoding of [
  { is64: true, littleEndian: true },
  { is64: false, littleEndian: false },
])
  test(`notes of a file of ${encoding.is64 ? 64 : 32} bits that prelink has moved`, () => {
    const note = new FieldWriter(encoding)
    const add = (pc: number, semaphore: number, text: string) => {
      const description = new FieldWriter(encoding).word(pc, 0x2000, semaphore).text(text).finish()
      note.u32(8, description.length, 3).text('stapsdt\0').bytes(description).align(4)
    }
    add(0x1010, 0x1080, 'app\0start\x00-4@%eax 8@(%rdi)\0')
    add(0x1020, 0, 'app\0stop\0\0')
    add(0x9999, 0, 'app\0nowhere\0\0')
    add(0x1030, 0, 'app')
    const bytes = buildElf({
      ...encoding,
      type: ET_DYN,
      machine: EM_X86_64,
      sections: [
        { name: '.stapsdt.base', type: SHT_PROGBITS, address: 0x2100, data: new Uint8Array(1) },
        { name: '.note.stapsdt', type: SHT_NOTE, data: note.finish() },
      ],
      segments: [{ type: PT_LOAD, flags: 5, offset: 0x10, address: 0x1100, fileBytes: 0x100 }],
    })
    const found = usdtLocations(parseElf(bytesSource('app', bytes)))
    assert.deepEqual(
      found.map(l => [
        l.provider,
        l.name,
        l.address,
        l.fileOffset,
        l.semaphoreAddress,
        l.semaphoreFileOffset,
      ]),
      [
        ['app', 'start', 0x1110, 0x20, 0x1180, 0x90],
        ['app', 'stop', 0x1120, 0x30, undefined, undefined],
      ],
    )
    assert.deepEqual(found[0]!.arguments.map(short), ['s4 reg 80', 'u8 mem 112+0'])
    assert.equal(found[0]!.argumentText, '-4@%eax 8@(%rdi)')
  })
