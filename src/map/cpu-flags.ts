// How one CPU's part of a per-CPU value is named to the kernel (BPF_F_CPU, Linux 7.0) and found among those of all CPUs.

import { BeetraceError } from '../errors/index.ts'
import { possibleCpus } from '../kernel/index.ts'
import { BPF_F_ALL_CPUS, BPF_F_CPU } from '../sys/index.ts'
import type { BpfMap } from './bpf-map.ts'
import { MAP_TYPE_RULES } from './map-type.ts'

/** The upper half of the flags is the CPU. */
export const cpuFlags = (cpu: number | 'all'): number =>
  cpu === 'all' ? BPF_F_ALL_CPUS : BPF_F_CPU + cpu * 2 ** 32

/** Where a CPU's value starts in what a look-up without flags gives. */
export const cpuOffset = (map: BpfMap, cpu: number): number =>
  possibleCpus().indexOf(cpu) * Math.ceil(map.valueSize / 8) * 8

/** Throws BeetraceError `MAP_USE`. */
export const requirePerCpu = (map: BpfMap, cpu: number | 'all'): void => {
  if (MAP_TYPE_RULES[map.type]?.perCpu !== true)
    throw new BeetraceError('MAP_USE', `map "${map.name}" has no values of CPUs: it is no per-CPU map`)
  if (cpu !== 'all' && !possibleCpus().includes(cpu))
    throw new BeetraceError(
      'MAP_USE',
      `there is no CPU ${cpu} on this machine: it has ${possibleCpus().join(', ')}`,
    )
}
