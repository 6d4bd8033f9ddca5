// The loader while it is written: instructions, and the bytes that they work with, which are the value of the loader's one map.
//
//     r6   the context         r7   what the last call gave: a descriptor, or an errno below 0

import {
  call,
  exit,
  type Insn,
  jumpIfImm,
  jumpIfReg,
  LD_IMM64,
  ldImm64,
  load,
  type MemSize,
  movImm,
  movReg,
  R0,
  R1,
  R2,
  R3,
  R6,
  R7,
  store,
  storeImm,
  withLabel,
} from '../../asm/index.ts'
import { errno } from '../../errors/index.ts'
import { BPF_PSEUDO_MAP_IDX, BPF_PSEUDO_MAP_IDX_VALUE } from '../../sys/index.ts'
import { CTX_STEP, type LoaderStep } from './layout.ts'

/** where to go to give up */
const OUT = 'out'

export class LoaderCode {
  readonly steps: LoaderStep[] = []
  readonly #insns: Insn[] = []
  readonly #data: Uint8Array[] = []
  #dataBytes = 0
  #labels: string[] = []
  #labelCount = 0

  /** Puts bytes into the data; where they start, a multiple of 8. */
  data(bytes: Uint8Array): number {
    const start = this.#dataBytes
    const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8)
    padded.set(bytes)
    this.#data.push(padded)
    this.#dataBytes += padded.length
    return start
  }

  room(byteLength: number): number {
    return this.data(new Uint8Array(byteLength))
  }

  /** With the NUL behind it. */
  text(text: string): { readonly at: number; readonly byteLength: number } {
    const bytes = Buffer.from(`${text}\0`)
    return { at: this.data(bytes), byteLength: bytes.length }
  }

  emit(...insns: Insn[]): void {
    for (const insn of insns) {
      this.#insns.push(this.#labels.length === 0 ? insn : withLabel(insn, ...this.#labels))
      this.#labels = []
    }
  }

  newLabel(): string {
    return `l${this.#labelCount++}`
  }

  /** The next instruction is there. */
  place(label: string): void {
    this.#labels.push(label)
  }

  /** What comes now is this, should it fail. Takes r0: a number by itself is not stored in a context before Linux 6.3. */
  step(...step: LoaderStep): void {
    this.emit(movImm(R0, this.steps.push(step) - 1), store(4, R6, CTX_STEP, R0))
  }

  /** Address of a byte of the data. */
  address(register: number, at: number): void {
    this.emit(inMap(register, BPF_PSEUDO_MAP_IDX_VALUE, at))
  }

  /** Takes r0 and r1, as the following do. */
  pointer(at: number, to: number): void {
    this.address(R0, to)
    this.storeTo(at, 8, R0)
  }

  storeTo(at: number, size: MemSize, register: number): void {
    this.address(R1, at)
    this.emit(store(size, R1, 0, register))
  }

  /** Takes r1. */
  storeImmTo(at: number, size: MemSize, value: number): void {
    this.address(R1, at)
    this.emit(storeImm(size, R1, 0, value))
  }

  loadFrom(register: number, at: number, size: MemSize): void {
    this.address(R1, at)
    this.emit(load(size, register, R1, 0))
  }

  copy(at: number, from: number, size: MemSize): void {
    this.loadFrom(R0, from, size)
    this.storeTo(at, size, R0)
  }

  fromContext(at: number, place: number, size: MemSize): void {
    this.emit(load(size, R0, R6, place))
    this.storeTo(at, size, R0)
  }

  /** The same unless it is 0 there. */
  fromContextIfSet(at: number, place: number): void {
    const skip = this.newLabel()
    this.emit(load(4, R0, R6, place), jumpIfImm('eq', R0, 0, skip))
    this.storeTo(at, 4, R0)
    this.place(skip)
  }

  /** Copies from memory of the process, where the context says, unless that is 0. */
  copyFromUser(at: number, byteLength: number, place: number): void {
    const skip = this.newLabel()
    this.emit(load(8, R3, R6, place), jumpIfImm('eq', R3, 0, skip))
    this.address(R1, at)
    this.emit(movImm(R2, byteLength), call('copy_from_user'), movReg(R7, R0))
    this.giveUpOnError()
    this.place(skip)
  }

  /** Hands a descriptor over: it is not closed in the end. */
  toContext(place: number, at: number): void {
    this.address(R1, at)
    this.emit(load(4, R0, R1, 0), store(4, R6, place, R0), storeImm(4, R1, 0, 0))
  }

  /** bpf(2) */
  bpf(command: number, attr: number, attrBytes: number): void {
    this.emit(movImm(R1, command))
    this.address(R2, attr)
    this.emit(movImm(R3, attrBytes), call('sys_bpf'), movReg(R7, R0))
  }

  giveUpOnError(): void {
    this.emit(jumpIfImm('slt', R7, 0, OUT))
  }

  /** bpf(2), which must do it, and keeps the descriptor that it gives. */
  bpfFd(command: number, attr: number, attrBytes: number, slot: number): void {
    this.bpf(command, attr, attrBytes)
    this.giveUpOnError()
    this.storeTo(slot, 4, R7)
  }

  /** Closes what is open there, if anything is, and forgets it. */
  close(slot: number): void {
    const skip = this.newLabel()
    this.loadFrom(R1, slot, 4)
    this.emit(jumpIfImm('eq', R1, 0, skip), call('sys_close'))
    this.address(R1, slot)
    this.emit(storeImm(4, R1, 0, 0))
    this.place(skip)
  }

  /**
   * The whole program: it closes what is still in one of the slots, and gives what is in r7 back, 0 when it got here.
   * @param hash of the data: with it, the loader does nothing with other data
   */
  finish(slots: Iterable<number>, hash: ((data: Uint8Array) => Uint8Array) | undefined) {
    this.emit(movImm(R7, 0))
    this.place(OUT)
    for (const slot of slots) this.close(slot)
    this.emit(movReg(R0, R7), exit())
    const data = new Uint8Array(Buffer.concat(this.#data))
    const begin = movReg(R6, R1)
    if (hash === undefined) return { insns: [begin, ...this.#insns], data }
    return { insns: [begin, ...compareHash(hash(data)), ...this.#insns, ...REFUSE_DATA], data }
  }
}

/** where to go with data that is not what was signed: descriptors in it would not be ours, so nothing is closed */
const DIFFERS = 'differs'

/**
 * Compares the hash of the map, which the kernel keeps at the start of struct bpf_map once it was asked for (Linux 6.18), with the one
 * that is signed along with these instructions.
 */
function compareHash(hash: Uint8Array): Insn[] {
  const view = new DataView(hash.buffer, hash.byteOffset, hash.length)
  const insns = [inMap(R1, BPF_PSEUDO_MAP_IDX, 0)]
  for (let at = 0; at < hash.length; at += 8)
    insns.push(
      load(8, R2, R1, at),
      ldImm64(R3, view.getBigUint64(at, true)),
      jumpIfReg('ne', R2, R3, DIFFERS),
    )
  return insns
}

const REFUSE_DATA: readonly Insn[] = [withLabel(movImm(R0, -errno.EBADMSG), DIFFERS), exit()]

/** Of the map whose descriptor stands first in the array that comes with the program. */
const inMap = (register: number, kind: number, offset: number): Insn => ({
  code: LD_IMM64,
  dst: register,
  src: kind,
  off: 0,
  imm: 0,
  imm64: BigInt(offset) << 32n,
})
