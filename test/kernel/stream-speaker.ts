// A program that says something on a stream of its own (Linux 6.17): what the tests of streams read.

import {
  aluImm,
  callKfunc,
  exit,
  ldMapValue,
  movImm,
  movReg,
  R1,
  R2,
  R3,
  R4,
  R5,
  R10,
  storeImm,
} from '../../src/asm/index.ts'
import { errno } from '../../src/errors/index.ts'
import { vmlinuxBtf } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { Program } from '../../src/program/index.ts'
import { BPF_F_RDONLY_PROG, BPF_MAP_TYPE_ARRAY, BPF_PROG_TYPE_SOCKET_FILTER } from '../../src/sys/index.ts'

/** once for each run */
export const SPOKEN = 'run 42 of it\n'

export interface StreamSpeaker extends Disposable {
  readonly program: Program
  /** why nothing was said */
  readonly refusal: string | undefined
}

/** Loads the program and runs it; `stream`: BPF_STREAM_* */
export function streamSpeaker(stream: number, runs: number): StreamSpeaker {
  using text = BpfMap.create({
    ...{ name: 'text', type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 16, maxEntries: 1 },
    ...{ flags: BPF_F_RDONLY_PROG, frozen: true },
    contents: [{ key: new Uint8Array(4), value: Buffer.from('run %d of it\n'.padEnd(16, '\0')) }],
  })
  const insns = [
    storeImm(8, R10, -8, 42),
    movImm(R1, stream),
    ldMapValue(R2, 'text', 0),
    movReg(R3, R10),
    aluImm('add', R3, -8),
    movImm(R4, 8),
    movImm(R5, 0), // the program itself, which the verifier puts there
    callKfunc('bpf_stream_vprintk'),
    exit(),
  ]
  const program = Program.load(
    { name: 'speaks', type: BPF_PROG_TYPE_SOCKET_FILTER, insns, license: 'GPL' },
    { maps: { text }, kfunc: () => ({ btfId: streamPrinter() }) },
  )
  const { retval } = program.testRun({ data: new Uint8Array(64), repeat: runs })
  return {
    program,
    // of memory that is had without locks, which not every build of a kernel gives
    refusal:
      (retval | 0) === -errno.ENOMEM
        ? 'this kernel has no memory for streams: ENOMEM of its own function'
        : undefined,
    [Symbol.dispose]: () => program.close(),
  }
}

/** Linux 6.18 and 6.19 call it by another name. */
const streamPrinter = (): number =>
  (vmlinuxBtf().find('bpf_stream_vprintk', 'func') ?? vmlinuxBtf().find('bpf_stream_vprintk_impl', 'func'))!
    .id
