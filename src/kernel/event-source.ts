// The sources of perf events that the kernel numbers at boot: kprobe, uprobe and their like have no fixed type.

import { readFileSync } from 'node:fs'
import { NotSupportedError } from '../errors/index.ts'

const DEVICES = '/sys/bus/event_source/devices'
const types = new Map<string, number>()

/**
 * The `type` of perf_event_attr for a source by its name. Fixed until the next boot, so read once.
 * @throws NotSupportedError when this kernel has no such source
 */
export function eventSourceType(name: string): number {
  let type = types.get(name)
  if (type === undefined) {
    try {
      type = Number(readFileSync(`${DEVICES}/${name}/type`, 'latin1'))
    } catch (cause) {
      throw new NotSupportedError(`perf event source ${name}`, {
        reason: `there is no ${DEVICES}/${name}: the kernel was built without it, or sysfs is not mounted`,
        cause,
      })
    }
    types.set(name, type)
  }
  return type
}

/** The bit of `config` that makes a kprobe or uprobe one of returns (format/retprobe, `config:0` on all kernels so far). */
export const RETURN_PROBE_CONFIG = 1n
/** Where in `config` the file offset of a uprobe's semaphore lies (format/ref_ctr_offset, `config:32-63`, Linux 4.20). */
export const REF_CTR_OFFSET_SHIFT = 32n
