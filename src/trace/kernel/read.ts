// Reading the kernel's own structures in the tracer's programs.

import type { Builder, Value } from '../../ir/index.ts'
import { type IntType, u32, u64 } from '../../ir/index.ts'
import { type ConfigField, configured, isOn } from './config.ts'

/** The address of the current thread's struct task_struct. */
export function currentTask(b: Builder): Value {
  return b.cast(b.call('get_current_task', []), u64)
}

/** The u32 that is `field` bytes into what `base` points to. */
export function readU32(b: Builder, base: Value, field: ConfigField): Value {
  const slot = b.slot(4, 'u32', 4)
  b.store(slot, 0, 0, u32)
  b.call('probe_read_kernel', [slot, 4, b.add(base, configured(b, field))])
  return b.load(slot, 0, u32)
}

export function readU64(b: Builder, base: Value, field: ConfigField): Value {
  const slot = b.slot(8, 'u64')
  b.store(slot, 0, 0, u64)
  b.call('probe_read_kernel', [slot, 8, b.add(base, configured(b, field))])
  return b.load(slot, 0, u64)
}

/** The integer that is `field` bytes into the current task: by a plain load where the kernel has that. */
export function readCurrentTask(b: Builder, field: ConfigField, type: IntType): Value {
  const read = b.variable(type, 0)
  b.if(
    isOn(b, 'hasCurrentTaskBtf'),
    () => read.set(b.load(b.offset(b.call('get_current_task_btf', []), configured(b, field)), 0, type)),
    () => {
      const task = currentTask(b)
      read.set(type === u32 ? readU32(b, task, field) : readU64(b, task, field))
    },
  )
  return read.get()
}

/**
 * The thread id of a task in our own pid namespace, for a task that is in it or in one below. (What
 * bpf_get_ns_current_pid_tgid gives for the current task, and only when that is in no deeper namespace.)
 */
export function idInOwnNamespace(b: Builder, task: Value): Value {
  return readU32(b, readU64(b, task, 'taskThreadPid'), 'pidNumber')
}
