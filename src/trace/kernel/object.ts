// The tracer's kernel half as one description: compiled programs and the table of calls, ready to be loaded on any
// kernel with any options but the size of the longest string.

import { compileSpec } from '../../ir/index.ts'
import { type PreparedProgram, prepareProgram } from '../../program/prepare.ts'
import { DEFAULT_TRACE_OPTIONS } from '../options.ts'
import { sysEnter, sysExit, type TracePlan } from './calls.ts'
import { CONFIG_BYTES } from './config.ts'
import type { ScratchSize } from './layout.ts'
import { traceMaps } from './maps.ts'
import { type Arch, REGISTERS } from './registers.ts'
import { signalDeliver, signalGenerate } from './signals.ts'
import { processExec, processExit, processFork } from './tasks.ts'

/** A program and the raw tracepoint it belongs to. */
export interface TraceProgram {
  readonly tracepoint: string
  readonly program: PreparedProgram
}

/** The programs, in the order to attach: sys_enter last, so that whoever is seen entering is seen leaving. */
export function tracePrograms(arch: Arch, size: ScratchSize): TraceProgram[] {
  // of the maps, programs know the names only: any options will do
  const maps = traceMaps(DEFAULT_TRACE_OPTIONS, 1, new Uint8Array(CONFIG_BYTES))
  const plan: TracePlan = { maps, size, registers: REGISTERS[arch] }
  return [
    { tracepoint: 'sched_process_exit', program: processExit(plan) },
    { tracepoint: 'sched_process_exec', program: processExec(plan) },
    { tracepoint: 'sched_process_fork', program: processFork(plan) },
    { tracepoint: 'signal_deliver', program: signalDeliver(plan) },
    { tracepoint: 'signal_generate', program: signalGenerate(plan) },
    { tracepoint: 'sys_exit', program: sysExit(plan) },
    { tracepoint: 'sys_enter', program: sysEnter(plan) },
  ].map(({ tracepoint, program }) => ({ tracepoint, program: prepareProgram(compileSpec(program)) }))
}
