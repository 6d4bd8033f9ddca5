// Instructions to bytes and back: struct bpf_insn of include/uapi/linux/bpf.h.
//
//     byte 0   1                       2-3   4-7
//          code  dst low, src high *   off   imm     * nibbles swapped on a big-endian target
import { AsmError } from '../errors/asm-error.ts'
import type { Insn } from './insn.ts'
import { LD_IMM64, slotCount } from './opcode.ts'

export interface Encoding {
  /** byte order of the machine that runs the program; little unless given */
  readonly endian?: 'little' | 'big'
}

/**
 * Packs instructions into the array of struct bpf_insn that bpf(2) takes: 8 bytes a slot.
 * @throws AsmError ASM_UNRESOLVED on an instruction that still has a `ref`, ASM_OPERAND on a field out of range
 */
export function encode(insns: readonly Insn[], { endian = 'little' }: Encoding = {}): Uint8Array {
  const slots = insns.reduce((sum, insn) => sum + slotCount(insn), 0)
  const view = new DataView(new ArrayBuffer(slots * 8))
  const little = endian === 'little'
  let at = 0
  for (let index = 0; index < insns.length; index++) {
    const insn = insns[index]!
    if (!isEncodable(insn)) checkEncodable(insn, index)
    view.setUint8(at, insn.code)
    view.setUint8(at + 1, little ? insn.dst | (insn.src << 4) : (insn.dst << 4) | insn.src)
    view.setInt16(at + 2, insn.off, little)
    if (insn.code === LD_IMM64) {
      const imm64 = insn.imm64 ?? BigInt(insn.imm)
      view.setInt32(at + 4, Number(BigInt.asIntN(32, imm64)), little)
      view.setInt32(at + 12, Number(BigInt.asIntN(32, imm64 >> 32n)), little)
      at += 16
    } else {
      view.setInt32(at + 4, insn.imm, little)
      at += 8
    }
  }
  return new Uint8Array(view.buffer)
}

/**
 * Unpacks an array of struct bpf_insn. Opcodes are not judged: what a kernel does not know is the verifier's to refuse.
 * Jumps keep their offsets in slots and get no labels.
 * @throws AsmError ASM_BYTES when the length is not a whole number of slots or a 64-bit load has no proper second slot
 */
export function decode(bytes: Uint8Array, { endian = 'little' }: Encoding = {}): Insn[] {
  if (bytes.length % 8 !== 0)
    throw new AsmError('ASM_BYTES', `${bytes.length} bytes are not a whole number of instructions`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = endian === 'little'
  const insns: Insn[] = []
  for (let at = 0; at < bytes.length; at += 8) {
    const code = bytes[at]!
    const regs = bytes[at + 1]!
    const [dst, src] = little ? [regs & 15, regs >> 4] : [regs >> 4, regs & 15]
    const off = view.getInt16(at + 2, little)
    const imm = view.getInt32(at + 4, little)
    if (code !== LD_IMM64) {
      insns.push({ code, dst, src, off, imm })
      continue
    }
    at += 8
    if (at >= bytes.length) {
      throw new AsmError('ASM_BYTES', 'the last instruction is half of a 64-bit load', {
        index: insns.length,
      })
    }
    if (view.getUint32(at) !== 0) {
      throw new AsmError('ASM_BYTES', `second half of the 64-bit load in slot ${at / 8 - 1} is not empty`, {
        index: insns.length,
      })
    }
    const imm64 = (BigInt(view.getUint32(at + 4, little)) << 32n) | BigInt(imm >>> 0)
    insns.push({ code, dst, src, off, imm: 0, imm64 })
  }
  return insns
}

/** The same as `checkEncodable` without the words: an object has tens of thousands of instructions, and all are right. */
function isEncodable({ code, dst, src, off, imm, ref }: Insn): boolean {
  return (
    ref === undefined &&
    (code & 255) === code &&
    (dst & 15) === dst &&
    (src & 15) === src &&
    (off << 16) >> 16 === off &&
    (imm | 0) === imm
  )
}

function checkEncodable(insn: Insn, index: number): void {
  if (insn.ref !== undefined) {
    throw new AsmError(
      'ASM_UNRESOLVED',
      `instruction ${index} refers to ${insn.ref.kind} "${insn.ref.name}", which is not resolved`,
      {
        index,
      },
    )
  }
  const field = (name: string, value: number, min: number, max: number) => {
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new AsmError('ASM_OPERAND', `instruction ${index}: ${name} ${value} is out of range`, { index })
    }
  }
  field('code', insn.code, 0, 255)
  field('dst', insn.dst, 0, 15)
  field('src', insn.src, 0, 15)
  field('off', insn.off, -0x8000, 0x7fff)
  field('imm', insn.imm, -0x80000000, 0x7fffffff)
}
