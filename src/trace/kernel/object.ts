// The tracer's kernel half as one description: maps and compiled programs, ready to be loaded.

import { compileSpec } from '../../ir/index.ts'
import type { ObjectSpec, ProgramSpec } from '../../spec/spec.ts'
import type { TraceOptions } from '../options.ts'
import type { Capture } from '../record.ts'
import { sysEnter, sysExit, type TracePlan } from './calls.ts'
import type { KernelFacts } from './facts.ts'
import {
  CALL_DESC_EXEC,
  CALL_DESC_WANTED,
  CALL_NUMBERS,
  CALL_UNKNOWN,
  encodeCallDescriptor,
} from './layout.ts'
import { traceMaps } from './maps.ts'
import { processExec, processExit, processFork, signalDeliver } from './tasks.ts'

/** What the kernel half must know of one call. */
export interface CallCaptures {
  readonly abi: 'native' | 'compat'
  readonly nr: number
  /** execve or execveat: what a spawned command is awaited at */
  readonly executes: boolean
  readonly captures: readonly Capture[]
}

/** A program and the raw tracepoint it belongs to. */
export interface TraceProgram {
  readonly tracepoint: string
  readonly spec: ProgramSpec
}

export interface TraceObject extends ObjectSpec {
  /** in the order to attach: sys_enter last, so that whoever is seen entering is seen leaving */
  readonly attachments: readonly TraceProgram[]
}

/** Builds maps and programs for these options on this kernel. */
export function traceObject(
  options: TraceOptions,
  facts: KernelFacts,
  calls: readonly CallCaptures[],
): TraceObject {
  const wanted = calls.filter(call => options.wanted?.[call.abi].has(call.nr) ?? true)
  const has = (when: 'entry' | 'exit') =>
    !options.summary && wanted.some(call => call.captures.some(capture => capture.when === when))
  const maps = traceMaps(options, facts.cpuCount, descriptors(options, calls))
  const plan: TracePlan = { options, facts, maps, captures: { entry: has('entry'), exit: has('exit') } }
  const programs = [
    { tracepoint: 'sched_process_exit', program: processExit(plan) },
    { tracepoint: 'sched_process_exec', program: processExec(plan) },
    { tracepoint: 'sched_process_fork', program: processFork(plan) },
    ...(options.summary ? [] : [{ tracepoint: 'signal_deliver', program: signalDeliver(plan) }]),
    { tracepoint: 'sys_exit', program: sysExit(plan) },
    { tracepoint: 'sys_enter', program: sysEnter(plan) },
  ]
  const attachments = programs.map(({ tracepoint, program }) => ({
    tracepoint,
    spec: compileSpec(program),
  }))
  return { maps: Object.values(maps), programs: attachments.map(a => a.spec), attachments }
}

function descriptors(options: TraceOptions, calls: readonly CallCaptures[]): Uint8Array[] {
  const unknown = encodeCallDescriptor(options.wanted === undefined ? CALL_DESC_WANTED : 0, [], 0)
  const all: Uint8Array[] = new Array(CALL_UNKNOWN + 1).fill(unknown)
  for (const { abi, nr, executes, captures } of calls) {
    if (nr >= CALL_NUMBERS) continue
    const isWanted = options.wanted?.[abi].has(nr) ?? true
    const flags = (isWanted ? CALL_DESC_WANTED : 0) | (executes ? CALL_DESC_EXEC : 0)
    const index = nr + (abi === 'compat' ? CALL_NUMBERS : 0)
    all[index] = encodeCallDescriptor(
      flags,
      isWanted && !options.summary ? captures : [],
      options.stringLimit,
    )
  }
  return all
}
