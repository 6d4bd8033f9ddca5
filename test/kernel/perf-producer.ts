// A perf event array, and a program that writes numbered records to it: what tests and benchmarks of the consumer read.

import {
  aluImm,
  call,
  exit,
  type Insn,
  ldMap,
  load,
  movImm,
  movReg,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R9,
  R10,
  store,
  storeImm,
} from '../../src/asm/index.ts'
import { possibleCpus } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { Program } from '../../src/program/index.ts'
import {
  BPF_F_TEST_RUN_ON_CPU,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
} from '../../src/sys/index.ts'

/** Records are `{ u64 number, u64 0, … }`, of a multiple of 8 bytes, and go to the CPU that the program is run on. */
export function perfProducer(recordsPerRun: number, recordBytes: number) {
  const events = BpfMap.create({
    name: 'events',
    type: BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: possibleCpus().length,
  })
  const insns: Insn[] = [movReg(R9, R1), load(8, R6, R1, 0)]
  for (let offset = -recordBytes; offset < 0; offset += 8) insns.push(storeImm(8, R10, offset, 0))
  for (let i = 0; i < recordsPerRun; i++)
    insns.push(
      store(8, R10, -recordBytes, R6),
      movReg(R1, R9),
      ldMap(R2, 'events'),
      movImm(R3, -1), // BPF_F_CURRENT_CPU is the low 32 bits
      aluImm('lsh', R3, 32),
      aluImm('rsh', R3, 32),
      movReg(R4, R10),
      aluImm('add', R4, -recordBytes),
      movImm(R5, recordBytes),
      call('bpf_perf_event_output'),
      aluImm('add', R6, 1),
    )
  insns.push(movImm(0, 0), exit())
  const spec = { name: 'produce', type: BPF_PROG_TYPE_RAW_TRACEPOINT, insns, license: 'GPL' }
  const program = Program.load(spec, { maps: { events } })
  const ctx = new BigUint64Array(1)
  return {
    events,
    program,
    run: (first: number, cpu: number) => {
      ctx[0] = BigInt(first)
      program.testRun({ ctx: new Uint8Array(ctx.buffer), flags: BPF_F_TEST_RUN_ON_CPU, cpu })
    },
    [Symbol.dispose]: () => {
      program.close()
      events.close()
    },
  }
}
