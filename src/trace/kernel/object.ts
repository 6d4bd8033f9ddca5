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
  /**
   * Where it belongs instead on kernels that run raw tracepoint programs preemptibly and skip them for who comes in
   * between (7.x): the perf event of that name in this group, whose programs run with preemption off, or another raw
   * tracepoint, which is passed with a lock held. Without it: a lock is held already.
   */
  readonly ifPreemptible?: { readonly perfEventGroup: string } | { readonly tracepoint: string }
  readonly program: PreparedProgram
}

/** The programs, in the order to attach: sys_enter last, so that whoever is seen entering is seen leaving. */
export function tracePrograms(arch: Arch, size: ScratchSize): TraceProgram[] {
  // of the maps, programs know the names only: any options will do
  const maps = traceMaps(DEFAULT_TRACE_OPTIONS, 1, new Uint8Array(CONFIG_BYTES))
  const plan: TracePlan = { maps, size, registers: REGISTERS[arch] }
  const sched = { perfEventGroup: 'sched' }
  const rawSyscalls = { perfEventGroup: 'raw_syscalls' }
  return [
    { tracepoint: 'sched_process_exit', ifPreemptible: sched, program: processExit(plan) },
    { tracepoint: 'sched_process_exec', ifPreemptible: sched, program: processExec(plan) },
    {
      tracepoint: 'sched_process_fork',
      // the record of the perf event says too little of the child
      ifPreemptible: { tracepoint: 'sched_wakeup_new' },
      program: processFork(plan),
    },
    { tracepoint: 'signal_deliver', program: signalDeliver(plan) },
    { tracepoint: 'signal_generate', program: signalGenerate(plan) },
    { tracepoint: 'sys_exit', ifPreemptible: rawSyscalls, program: sysExit(plan) },
    { tracepoint: 'sys_enter', ifPreemptible: rawSyscalls, program: sysEnter(plan) },
  ].map(({ program, ...place }) => ({ ...place, program: prepareProgram(compileSpec(program)) }))
}
