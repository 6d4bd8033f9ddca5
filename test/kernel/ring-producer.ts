// A program that fills a ring buffer when it is test-run: what the ring tests and benchmarks read.

import {
  aluImm,
  aluReg,
  call,
  exit,
  type Insn,
  ldMap,
  load,
  movImm,
  movReg,
  R0,
  R1,
  R2,
  R6,
  R7,
  R10,
  store,
  storeImm,
} from '../../src/asm/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { Program } from '../../src/program/index.ts'
import { BPF_MAP_TYPE_RINGBUF, BPF_PROG_TYPE_RAW_TRACEPOINT } from '../../src/sys/index.ts'

export const RECORD_BYTES = 64

export interface RingProducer extends Disposable {
  readonly ring: BpfMap
  readonly program: Program
  readonly recordsPerRun: number
  /** Writes `recordsPerRun` records whose first u64 counts up from `first`; how many did not fit. */
  run(first: number): number
}

/** `byteLength` of each record; `flags`: BPF_RB_* of every submit, `mapFlags`: BPF_F_*. */
export const ringProducer = (
  sizeBytes: number,
  { recordsPerRun = 100, flags = 0, mapFlags = 0, byteLength = RECORD_BYTES } = {},
): RingProducer => {
  const ring = BpfMap.create({
    name: 'ring',
    type: BPF_MAP_TYPE_RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: sizeBytes,
    flags: mapFlags,
  })
  const insns: Insn[] = [load(8, R6, R1, 0), movImm(R7, 0)]
  for (let offset = -RECORD_BYTES; offset < 0; offset += 8) insns.push(storeImm(8, R10, offset, 0x55))
  for (let i = 0; i < recordsPerRun; i++) {
    insns.push(
      store(8, R10, -RECORD_BYTES, R6),
      ldMap(R1, 'ring'),
      movReg(R2, R10),
      aluImm('add', R2, -RECORD_BYTES),
      movImm(3, byteLength),
      movImm(4, flags),
      call('bpf_ringbuf_output'),
      // -EAGAIN when there is no room: one more in R7
      aluImm('rsh', R0, 63),
      aluReg('add', R7, R0),
      aluImm('add', R6, 1),
    )
  }
  insns.push(movReg(R0, R7), exit())
  const program = Program.load(
    { name: 'produce', type: BPF_PROG_TYPE_RAW_TRACEPOINT, insns, license: 'GPL' },
    { maps: { ring } },
  )
  const ctx = new BigUint64Array(1)
  return {
    ring,
    program,
    recordsPerRun,
    run: first => {
      ctx[0] = BigInt(first)
      return program.testRun({ ctx: new Uint8Array(ctx.buffer) }).retval
    },
    [Symbol.dispose]: () => {
      program.close()
      ring.close()
    },
  }
}
