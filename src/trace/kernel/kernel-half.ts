// The compiled kernel half in the form it has in a file: made when the package is built (scripts/build.mjs), read when
// a trace starts. Where there is no file, as in a run of the tests, it is compiled then.

import { machineOf } from '../../kernel/uapi/index.ts'
import { capturesOf } from '../decode/captures.ts'
import { syscallArguments, syscallNames } from '../tables/index.ts'
import { callTable } from './call-table.ts'
import type { ScratchSize } from './layout.ts'
import { type TraceProgram, tracePrograms } from './object.ts'
import type { Arch } from './registers.ts'

export interface KernelHalf {
  readonly programs: readonly TraceProgram[]
  /** as `callTable` makes it */
  readonly calls: Uint8Array
}

/** Compiles it: some 100 ms. */
export function buildKernelHalf(arch: Arch, size: ScratchSize): KernelHalf {
  const machine = machineOf(arch)
  const calls = (['native', 'compat'] as const).flatMap((abi, index) =>
    [...syscallNames(machine, index).entries()]
      .filter(([, name]) => name !== undefined && name !== '')
      .map(([nr, name]) => ({
        abi,
        nr,
        executes: name === 'execve' || name === 'execveat',
        argCount: syscallArguments(machine, index, name)?.length,
        captures: capturesOf(machine, index, nr),
      })),
  )
  return { programs: tracePrograms(arch, size), calls: callTable(calls) }
}
