// The kernel half loaded and attached. Most of what takes the kernel time (the ring's memory, the verifier's walks)
// goes on in threads of Node's pool, side by side and beside our own work.

import type { Btf } from '../../btf/index.ts'
import {
  isInitialPidNamespace,
  kernelRelease,
  openTraceFs,
  possibleCpus,
  type TraceFs,
  vmlinuxBtf,
} from '../../kernel/index.ts'
import { attachRawTracepoint, attachTracepoint, type Link } from '../../link/index.ts'
import { BpfMap, updateBatch } from '../../map/index.ts'
import { loadPrepared, Program } from '../../program/index.ts'
import { BPF_PROG_TYPE_TRACEPOINT } from '../../sys/index.ts'
import { chooseCalls } from '../kernel/call-table.ts'
import { encodeConfig } from '../kernel/config.ts'
import { readFileFacts, readKernelFacts } from '../kernel/facts.ts'
import type { KernelHalf } from '../kernel/kernel-half.ts'
import { parseKernelHalf } from '../kernel/kernel-half-file.ts'
import { CALL_DESCRIPTORS, scratchSize } from '../kernel/layout.ts'
import { traceMaps } from '../kernel/maps.ts'
import type { TraceProgram } from '../kernel/object.ts'
import type { Arch } from '../kernel/registers.ts'
import { DEFAULT_TRACE_OPTIONS, type TraceOptions } from '../options.ts'
import { explainOldKernel } from './old-kernel.ts'
import type { PidNamespace } from './pid-namespace.ts'

/** The loaded kernel half, attached link by link with `attach`. */
export interface LoadedHalf {
  readonly maps: Readonly<Record<string, BpfMap>>
  readonly programs: readonly Program[]
  readonly links: readonly Link[]
  /** our pid namespace; undefined for the initial one */
  readonly namespace: PidNamespace | undefined
}

/**
 * Loads and attaches. `built` is the kernel half as a file of dist/kernel-half has it. Throws the errors of its parts,
 * with nothing left open.
 */
export async function loadKernelHalf(options: TraceOptions, built?: string): Promise<LoadedHalf> {
  const half = await kernelHalf(options, built)
  const cpuCount = possibleCpus().length
  const { table, captures } = chooseCalls(half.calls, options)
  const programs = options.summary
    ? half.programs.filter(({ tracepoint }) => !tracepoint.startsWith('signal_'))
    : half.programs
  const owned: { close(): void }[] = []
  const ring = keep(BpfMap.createAsync(traceMaps(options, cpuCount, new Uint8Array(0)).ring), owned)
  try {
    const namespace = isInitialPidNamespace() ? undefined : await ownNamespace(vmlinuxBtf())
    if (namespace !== undefined) owned.push(namespace)
    const facts = readKernelFacts(vmlinuxBtf(), process.arch)
    const tracefs = facts.rawTracepointsPreemptible ? traceFsIfAny() : undefined
    const config = encodeConfig(options, facts, {
      captures,
      pidNamespaceLevel: namespace?.level,
      onPerfEvents: tracefs !== undefined,
      files: options.decodeFds ? readFileFacts(vmlinuxBtf()) : undefined,
    })
    const maps: Record<string, BpfMap> = {}
    for (const [name, spec] of Object.entries(traceMaps(options, cpuCount, config))) {
      if (name !== 'ring') owned.push((maps[name] = BpfMap.create(spec)))
    }
    updateBatch(maps.calls!, indexes(CALL_DESCRIPTORS), table)
    maps.ring = await ring
    const hooks = programs.map(program => hookOf(program, facts.rawTracepointsPreemptible, tracefs))
    const loaded = await settled(
      programs.map(({ program }, i) => {
        const type = hooks[i]!.tracefs === undefined ? program.type : BPF_PROG_TYPE_TRACEPOINT
        return keep(
          loadPrepared({ ...program, type }, maps).then(fd => new Program(fd, program.name)),
          owned,
        )
      }),
    )
    const links = hooks.map(({ tracefs, group, tracepoint }, i) => {
      const link =
        tracefs === undefined
          ? attachRawTracepoint(loaded[i]!, tracepoint)
          : attachTracepoint(loaded[i]!, group, tracepoint, { tracefs })
      owned.push(link)
      return link
    })
    return { maps, programs: loaded, links, namespace }
  } catch (error) {
    await Promise.allSettled([ring])
    for (const owner of owned.reverse()) owner.close()
    throw explainOldKernel(error, kernelRelease())
  }
}

/** What a program is attached to: a raw tracepoint, or with `tracefs` a tracepoint's perf event. */
type Hook =
  | { readonly tracepoint: string; readonly tracefs?: undefined; readonly group?: undefined }
  | { readonly tracepoint: string; readonly tracefs: TraceFs; readonly group: string }

function hookOf(program: TraceProgram, preemptible: boolean, tracefs: TraceFs | undefined): Hook {
  const { tracepoint, ifPreemptible } = program
  if (!preemptible || ifPreemptible === undefined) return { tracepoint }
  if ('tracepoint' in ifPreemptible) return { tracepoint: ifPreemptible.tracepoint }
  return tracefs === undefined ? { tracepoint } : { tracepoint, tracefs, group: ifPreemptible.perfEventGroup }
}

/** Without it the tracer does as well as it can: raw tracepoints need none, and what they lose is counted. */
function traceFsIfAny(): TraceFs | undefined {
  try {
    return openTraceFs()
  } catch {
    return undefined
  }
}

/** Imported when it is needed: it compiles a program. */
async function ownNamespace(btf: Btf): Promise<PidNamespace> {
  const { PidNamespace } = await import('./pid-namespace.ts')
  return new PidNamespace(btf)
}

/** All of them, or the first error when none is under way any more. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

async function keep<T extends { close(): void }>(
  promise: Promise<T>,
  owned: { close(): void }[],
): Promise<T> {
  const owner = await promise
  owned.push(owner)
  return owner
}

/** As it was compiled when the package was built; compiled now where it was not, or for strings beyond the usual. */
async function kernelHalf(options: TraceOptions, built: string | undefined): Promise<KernelHalf> {
  const arch = process.arch as Arch
  const size = scratchSize(options.stringLimit)
  const isUsual = size.fetchBytes === scratchSize(DEFAULT_TRACE_OPTIONS.stringLimit).fetchBytes
  if (isUsual && built !== undefined) return parseKernelHalf(built)
  const { buildKernelHalf } = await import('../kernel/kernel-half.ts')
  return buildKernelHalf(arch, size)
}

function indexes(count: number): Uint8Array {
  return new Uint8Array(Uint32Array.from({ length: count }, (_, i) => i).buffer)
}
