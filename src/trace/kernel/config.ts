// What the programs are told when they are loaded and not when they are compiled: the options of this trace, and
// where some fields lie in this kernel's structs. They read it from a frozen map of one entry, whose contents are
// constants to the verifier: it walks only the branches that these options take, and removes the others. So the
// programs are compiled once, when the package is built, and a trace starts without a compiler.
//
// Every field is a u32.

import type { Builder } from '../../ir/builder.ts'
import type { Value } from '../../ir/operand.ts'
import { u32, u64 } from '../../ir/types.ts'
import { needsTimes, type TraceOptions } from '../options.ts'
import { FILE_FIELDS, type FileFacts, type KernelFacts } from './facts.ts'

/** The fields in their order. Switches are 0 or 1. */
const FIELDS = [
  // options
  'follow',
  'summary',
  'wallClock',
  'times',
  'onlySuccessful',
  'onlyFailed',
  'stringLimit',
  // which kinds of capture the wanted calls have at all
  'entryCaptures',
  'exitCaptures',
  // facts, as in facts.ts
  'compatFlagOffset',
  'compatFlagMask',
  'taskPid',
  'taskTgid',
  'taskFlags',
  'taskExitCode',
  'taskMm',
  'taskSignal',
  'taskGroupLeader',
  'taskThreadPid',
  'taskExecRuntime',
  'taskVoluntarySwitches',
  'taskForcedSwitches',
  'pidNumber',
  'ownPidNamespace',
  'signalLive',
  'signalFlags',
  'signalGroupExitCode',
  'mmArgStart',
  'mmArgEnd',
  'mmEnvEnd',
  'hasCurrentTaskBtf',
  'hasTaskPtRegs',
  'onPerfEvents',
  'forksAtWakeUp',
  // -y, and what it needs: 0 without it
  'decodeFds',
  ...FILE_FIELDS,
] as const

export type ConfigField = (typeof FIELDS)[number]

export const CONFIG_BYTES = 4 * FIELDS.length

/** The value of a field, as a u64. */
export function configured(b: Builder, field: ConfigField): Value {
  return b.convert(b.load(b.mapValue('config'), 4 * FIELDS.indexOf(field), u32, { invariant: true }), u64)
}

/** Whether a switch is on. */
export function isOn(b: Builder, field: ConfigField): Value {
  return b.ne(configured(b, field), 0)
}

/** How this trace is set up, beside its options. */
export interface TraceSetting {
  /** which kinds of capture the wanted calls have at all */
  readonly captures: { readonly entry: boolean; readonly exit: boolean }
  /** how deep our pid namespace lies, undefined for the initial one; in another, ids are shown as it numbers them */
  readonly pidNamespaceLevel: number | undefined
  /** the programs that have a perf event of their own hang on it, and are given its records: see `TraceProgram` */
  readonly onPerfEvents: boolean
  /** with -y */
  readonly files: FileFacts | undefined
}

const NO_FILES = Object.fromEntries(FILE_FIELDS.map(field => [field, 0])) as Record<keyof FileFacts, number>

/** The entry of the map `config`. */
export function encodeConfig(
  options: TraceOptions,
  facts: KernelFacts,
  { captures, pidNamespaceLevel, onPerfEvents, files }: TraceSetting,
): Uint8Array {
  const values: Record<ConfigField, number | boolean> = {
    follow: options.follow,
    summary: options.summary,
    wallClock: options.wallClock,
    times: needsTimes(options),
    onlySuccessful: options.status === 'successful',
    onlyFailed: options.status === 'failed',
    stringLimit: options.stringLimit,
    entryCaptures: captures.entry,
    exitCaptures: captures.exit,
    compatFlagOffset: facts.compatFlag.offset,
    compatFlagMask: facts.compatFlag.mask,
    taskPid: facts.taskPid,
    taskTgid: facts.taskTgid,
    taskFlags: facts.taskFlags,
    taskExitCode: facts.taskExitCode,
    taskMm: facts.taskMm,
    taskSignal: facts.taskSignal,
    taskGroupLeader: facts.taskGroupLeader,
    taskThreadPid: facts.taskThreadPid,
    taskExecRuntime: facts.taskExecRuntime,
    taskVoluntarySwitches: facts.taskVoluntarySwitches,
    taskForcedSwitches: facts.taskForcedSwitches,
    pidNumber: facts.pidNumber + (pidNamespaceLevel ?? 0) * facts.upidBytes,
    ownPidNamespace: pidNamespaceLevel !== undefined,
    signalLive: facts.signalLive,
    signalFlags: facts.signalFlags,
    signalGroupExitCode: facts.signalGroupExitCode,
    mmArgStart: facts.mmArgStart,
    mmArgEnd: facts.mmArgEnd,
    mmEnvEnd: facts.mmEnvEnd,
    hasCurrentTaskBtf: facts.hasCurrentTaskBtf,
    hasTaskPtRegs: facts.hasTaskPtRegs,
    onPerfEvents,
    forksAtWakeUp: facts.rawTracepointsPreemptible,
    decodeFds: files !== undefined,
    ...(files ?? NO_FILES),
  }
  return new Uint8Array(Uint32Array.from(FIELDS, field => Number(values[field])).buffer)
}
