// What the verifier takes: versions of the instruction set, loops, program size, functions.

import {
  aluImm,
  aluReg,
  exit,
  type Insn,
  jumpIf32Imm,
  jumpIfImm,
  jumpIfReg,
  jumpLong,
  movImm,
  movsx,
  R0,
  R1,
  resolveLabels,
  withLabel,
} from '../asm/index.ts'
import * as bpf from '../sys/bpf-constants.generated.ts'
import type { Feature } from './feature.ts'
import { answer, tryProgram } from './probe.ts'

const socketFilter = (name: string, since: string, insns: () => readonly Insn[]): Feature => ({
  name,
  since,
  probe: () =>
    answer(tryProgram({ type: bpf.BPF_PROG_TYPE_SOCKET_FILTER, insns: resolveLabels(insns()) }).errno),
})

const end = (label: string): Insn[] => [withLabel(exit(), label)]

export const instructionFeatures = {
  /** `<`, `<=` and their signed forms */
  isaV2: socketFilter('instruction set v2', '4.14', () => [
    movImm(R0, 0),
    jumpIfReg('lt', R0, R0, 'end'),
    ...end('end'),
  ]),
  /** 32-bit jumps */
  isaV3: socketFilter('instruction set v3', '5.1', () => [
    movImm(R0, 0),
    jumpIf32Imm('lt', R0, 1, 'end'),
    ...end('end'),
  ]),
  /** sign-extending moves and loads, signed division, byte swaps, 32-bit jump offsets */
  isaV4: socketFilter('instruction set v4', '6.6', () => [
    movImm(R0, 0),
    movsx(R0, R0, 8),
    movImm(R1, 1),
    aluReg('sdiv', R0, R1),
    jumpLong('end'),
    ...end('end'),
  ]),
  /** more than 4096 instructions */
  largePrograms: socketFilter('programs of more than 4096 instructions', '5.2', () => [
    ...Array.from({ length: 4096 }, () => movImm(R0, 1)),
    exit(),
  ]),
  /** a backward jump that the verifier can follow to its end */
  boundedLoops: socketFilter('bounded loops', '5.3', () => [
    movImm(R0, 10),
    withLabel(aluImm('sub', R0, 1), 'again'),
    jumpIfImm('ne', R0, 0, 'again'),
    exit(),
  ]),
} satisfies Record<string, Feature>
