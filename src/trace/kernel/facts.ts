// What the tracer's programs must know of the kernel they run on: where some fields lie. A plain value, so that it can
// be handed to them through `config`.

import { type Btf, fieldPath, sizeOf } from '../../btf/index.ts'
import { NotSupportedError } from '../../errors/index.ts'

export interface KernelFacts {
  /** how to tell that the current task is in a 32-bit call: this bit of this u32 of task_struct */
  readonly compatFlag: { readonly offset: number; readonly mask: number }
  /** bytes into struct task_struct */
  readonly taskPid: number
  readonly taskTgid: number
  readonly taskFlags: number
  readonly taskExitCode: number
  readonly taskMm: number
  readonly taskSignal: number
  readonly taskGroupLeader: number
  readonly taskThreadPid: number
  /** u64: nanoseconds on a processor, as of when the scheduler last looked: at each switch, and at each tick */
  readonly taskExecRuntime: number
  /** u64 each: how often the thread has given up its processor, and was made to */
  readonly taskVoluntarySwitches: number
  readonly taskForcedSwitches: number
  /** bytes into struct pid of its id in the initial pid namespace; that of each deeper one is `upidBytes` behind */
  readonly pidNumber: number
  readonly upidBytes: number
  /** bytes into struct signal_struct of the count of threads that have not ended */
  readonly signalLive: number
  readonly signalFlags: number
  readonly signalGroupExitCode: number
  /** bytes into struct mm_struct */
  readonly mmArgStart: number
  readonly mmArgEnd: number
  readonly mmEnvEnd: number
  /** bpf_get_current_task_btf (Linux 5.11): fields of the current task by plain loads */
  readonly hasCurrentTaskBtf: boolean
  /** bpf_task_pt_regs (Linux 5.15): the same for its registers */
  readonly hasTaskPtRegs: boolean
  /**
   * Raw tracepoint programs run preemptibly (7.x). While a thread is preempted inside one, the kernel skips that program
   * for all others on that CPU, and what they do is lost: `TraceProgram` says what is done about it.
   */
  readonly rawTracepointsPreemptible: boolean
}

/** TS_COMPAT of arch/x86/include/asm/thread_info.h: set for the time of an `int 0x80` or sysenter call */
const TS_COMPAT = 2
/** 1 << TIF_32BIT of arch/arm64/include/asm/thread_info.h */
const TIF_32BIT_MASK = 1 << 22

/**
 * Reads the facts out of the kernel's BTF. Throws NotSupportedError for an architecture without tables, BtfError
 * when this kernel's types lack a field.
 */
export function readKernelFacts(btf: Btf, machine: string): KernelFacts {
  const at = offsetsIn(btf)
  // an enumerator of enum bpf_func_id: asked for by its name alone, which takes no walk through the types
  const hasHelper = (name: string) => btf.nameOffset(`BPF_FUNC_${name}`) !== undefined
  return {
    compatFlag: compatFlag(machine, at),
    taskPid: at('task_struct', 'pid'),
    taskTgid: at('task_struct', 'tgid'),
    taskFlags: at('task_struct', 'flags'),
    taskExitCode: at('task_struct', 'exit_code'),
    taskMm: at('task_struct', 'mm'),
    taskSignal: at('task_struct', 'signal'),
    taskGroupLeader: at('task_struct', 'group_leader'),
    taskThreadPid: at('task_struct', 'thread_pid'),
    taskExecRuntime: at('task_struct', 'se.sum_exec_runtime'),
    taskVoluntarySwitches: at('task_struct', 'nvcsw'),
    taskForcedSwitches: at('task_struct', 'nivcsw'),
    pidNumber: at('pid', 'numbers') + at('upid', 'nr'),
    upidBytes: sizeOf(btf, structIn(btf, 'upid')),
    signalLive: at('signal_struct', 'live.counter'),
    signalFlags: at('signal_struct', 'flags'),
    signalGroupExitCode: at('signal_struct', 'group_exit_code'),
    mmArgStart: at('mm_struct', 'arg_start'),
    mmArgEnd: at('mm_struct', 'arg_end'),
    mmEnvEnd: at('mm_struct', 'env_end'),
    hasCurrentTaskBtf: hasHelper('get_current_task_btf'),
    hasTaskPtRegs: hasHelper('get_current_task_btf') && hasHelper('task_pt_regs'),
    // __DO_TRACE (include/linux/tracepoint.h) holds this guard instead of disabling preemption; and the function came with
    // the change that took the preempt_disable out of __BPF_DECLARE_TRACE_SYSCALL (include/trace/bpf_probe.h)
    rawTracepointsPreemptible: ['class_srcu_fast_notrace_t', 'trace_call_bpf_faultable'].some(
      name => btf.nameOffset(name) !== undefined,
    ),
  }
}

/** From a descriptor to its path: bytes into the structs that lie on the way. */
const FILE_PATHS = {
  taskFiles: ['task_struct', 'files'],
  taskFs: ['task_struct', 'fs'],
  filesFdt: ['files_struct', 'fdt'],
  fdtMaxFds: ['fdtable', 'max_fds'],
  fdtFd: ['fdtable', 'fd'],
  filePath: ['file', 'f_path'],
  fsRoot: ['fs_struct', 'root'],
  fsPwd: ['fs_struct', 'pwd'],
  mountMnt: ['mount', 'mnt'],
  mountParent: ['mount', 'mnt_parent'],
  mountMountpoint: ['mount', 'mnt_mountpoint'],
  vfsmountRoot: ['vfsmount', 'mnt_root'],
  dentryParent: ['dentry', 'd_parent'],
  dentryName: ['dentry', 'd_name.name'],
  dentryHash: ['dentry', 'd_hash.pprev'],
  dentryInode: ['dentry', 'd_inode'],
  inodeNumber: ['inode', 'i_ino'],
  inodeSuper: ['inode', 'i_sb'],
  superMagic: ['super_block', 's_magic'],
} as const

export type FileFacts = Readonly<Record<keyof typeof FILE_PATHS, number>>

export const FILE_FIELDS = Object.keys(FILE_PATHS) as readonly (keyof FileFacts)[]

/** Throws as readKernelFacts does. Apart from it, because each struct takes time to find. */
export function readFileFacts(btf: Btf): FileFacts {
  const at = offsetsIn(btf)
  return Object.fromEntries(
    Object.entries(FILE_PATHS).map(([field, [type, path]]) => [field, at(type, path)]),
  ) as FileFacts
}

/** What gives the bytes into a struct of a field. */
function offsetsIn(btf: Btf): (type: string, path: string) => number {
  return (type, path) => fieldPath(btf, structIn(btf, type), path).offsetBytes
}

function structIn(btf: Btf, type: string) {
  const struct = btf.find(type, 'struct')
  if (struct === undefined) throw new NotSupportedError(`struct ${type} in the kernel's BTF`)
  return struct
}

function compatFlag(machine: string, at: (type: string, path: string) => number): KernelFacts['compatFlag'] {
  switch (machine) {
    case 'x64':
      return { offset: at('task_struct', 'thread_info.status'), mask: TS_COMPAT }
    case 'arm64':
      return { offset: at('task_struct', 'thread_info.flags'), mask: TIF_32BIT_MASK }
    default:
      throw new NotSupportedError(`tracing system calls on ${machine} (x64 and arm64 are known)`)
  }
}
