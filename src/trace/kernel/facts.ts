// What the tracer's programs must know of the kernel they are compiled for: where some fields lie. A plain value,
// so that the programs can be built and tested on any machine.

import { type Btf, fieldPath } from '../../btf/index.ts'
import { NotSupportedError } from '../../errors/index.ts'

export type Arch = 'x64' | 'arm64'

export interface KernelFacts {
  readonly arch: Arch
  /** bytes into struct pt_regs of the six arguments of a native call */
  readonly nativeArgs: readonly number[]
  /** the same for a 32-bit call; undefined where a 64-bit kernel of this architecture has none */
  readonly compatArgs: readonly number[] | undefined
  /** how to tell that the current task is in a 32-bit call: this bit of this u32 of task_struct */
  readonly compatFlag: { readonly offset: number; readonly mask: number } | undefined
  /** bytes into struct task_struct */
  readonly taskPid: number
  readonly taskTgid: number
  readonly taskExitCode: number
  readonly taskMm: number
  readonly taskSignal: number
  /** bytes into struct signal_struct of the count of threads that have not ended */
  readonly signalLive: number
  /** bytes into struct mm_struct */
  readonly mmArgStart: number
  readonly mmArgEnd: number
  /** bytes into struct linux_binprm of the path execve was given */
  readonly binprmFilename: number
  /** number of CPUs that programs may ever run on */
  readonly cpuCount: number
  /** bpf_get_current_task_btf (Linux 5.11): fields of the current task by plain loads */
  readonly hasCurrentTaskBtf: boolean
}

/** TS_COMPAT of arch/x86/include/asm/thread_info.h: set for the time of an `int 0x80` or sysenter call */
const TS_COMPAT = 2
/** 1 << TIF_32BIT of arch/arm64/include/asm/thread_info.h */
const TIF_32BIT_MASK = 1 << 22

/**
 * Reads the facts out of the kernel's BTF. Throws NotSupportedError for an architecture without tables, BtfError
 * when this kernel's types lack a field.
 */
export function readKernelFacts(
  btf: Btf,
  machine: string,
  more: Pick<KernelFacts, 'cpuCount' | 'hasCurrentTaskBtf'>,
): KernelFacts {
  const at = (type: string, path: string): number => {
    const struct = btf.find(type, 'struct')
    if (struct === undefined) throw new NotSupportedError(`struct ${type} in the kernel's BTF`)
    return fieldPath(btf, struct, path).offsetBytes
  }
  return {
    ...registers(machine, at),
    taskPid: at('task_struct', 'pid'),
    taskTgid: at('task_struct', 'tgid'),
    taskExitCode: at('task_struct', 'exit_code'),
    taskMm: at('task_struct', 'mm'),
    taskSignal: at('task_struct', 'signal'),
    signalLive: at('signal_struct', 'live.counter'),
    mmArgStart: at('mm_struct', 'arg_start'),
    mmArgEnd: at('mm_struct', 'arg_end'),
    binprmFilename: at('linux_binprm', 'filename'),
    ...more,
  }
}

type Registers = Pick<KernelFacts, 'arch' | 'nativeArgs' | 'compatArgs' | 'compatFlag'>

function registers(machine: string, at: (type: string, path: string) => number): Registers {
  const fields = (names: string) => names.split(' ').map(name => at('pt_regs', name))
  switch (machine) {
    case 'x64':
      return {
        arch: 'x64',
        nativeArgs: fields('di si dx r10 r8 r9'),
        compatArgs: fields('bx cx dx si di bp'),
        compatFlag: { offset: at('task_struct', 'thread_info.status'), mask: TS_COMPAT },
      }
    case 'arm64': {
      // x0 is overwritten by the result before sys_exit, orig_x0 is not, but the entry sees both alike
      const regs = [0, 1, 2, 3, 4, 5].map(i => at('pt_regs', `regs[${i}]`))
      return {
        arch: 'arm64',
        nativeArgs: regs,
        compatArgs: regs,
        compatFlag: { offset: at('task_struct', 'thread_info.flags'), mask: TIF_32BIT_MASK },
      }
    }
    default:
      throw new NotSupportedError(`tracing system calls on ${machine} (x64 and arm64 are known)`)
  }
}
