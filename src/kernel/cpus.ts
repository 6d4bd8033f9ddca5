// The processors of this machine. Per-CPU maps have a value for every *possible* CPU, which is neither the
// number online nor what `os.cpus()` says.

import { readFileSync } from 'node:fs'
import { BeetraceError } from '../errors/errors.ts'

let possible: readonly number[] | undefined

/**
 * Ids of the CPUs this kernel could ever have, ascending. Fixed at boot, so read once. The number of values in
 * an entry of a per-CPU map is the length of this list: the kernel copies one value for each possible CPU,
 * in this order, also when the ids have gaps (kernel/bpf/hashtab.c, `for_each_possible_cpu`).
 * @throws BeetraceError `CPU_LIST` when sysfs is missing or says something else than a list
 */
export function possibleCpus(): readonly number[] {
  return (possible ??= readCpuList('/sys/devices/system/cpu/possible'))
}

/** Ids of the CPUs running now, ascending. Read anew on each call: CPUs come and go. */
export function onlineCpus(): readonly number[] {
  return readCpuList('/sys/devices/system/cpu/online')
}

/**
 * A CPU list as the kernel prints it (lib/bitmap.c, `%*pbl`): `0-3,8,10-11` → `[0, 1, 2, 3, 8, 10, 11]`.
 * @throws BeetraceError `CPU_LIST` when it is empty, out of order or not a list
 */
export function parseCpuList(text: string): number[] {
  const bad = () =>
    new BeetraceError('CPU_LIST', `"${text.trim().slice(0, 80)}" is not a list of CPUs such as "0-3,8"`)
  const cpus: number[] = []
  for (const range of text.trim().split(',')) {
    const m = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range)
    if (m === null) throw bad()
    const first = Number(m[1])
    const last = Number(m[2] ?? m[1])
    if (last < first || last > MAX_CPU || (cpus.length > 0 && first <= cpus[cpus.length - 1]!)) throw bad()
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu)
  }
  return cpus
}

/** Far above CONFIG_NR_CPUS' largest value (8192), low enough that a damaged list cannot fill the memory. */
const MAX_CPU = 1 << 16

function readCpuList(path: string): readonly number[] {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (cause) {
    throw new BeetraceError('CPU_LIST', `cannot read ${path}: is sysfs mounted at /sys?`, { cause })
  }
  return parseCpuList(text)
}
