// What the compiler asks of the machine, handed in as values so that every stage stays pure. `run/` makes the real
// ones from `kernel` and `elf`; tests make their own.

import type { Btf } from '../btf/index.ts'
import type { UsdtLocation } from '../elf/index.ts'
import type { TracepointFormat } from '../kernel/tracepoint-format.ts'

/** Facts about the kernel a script is compiled for. All of it is found when first asked for. */
export interface KernelFacts {
  /** BTF of vmlinux; undefined where the kernel has none */
  btf(): Btf | undefined
  /** BTF of a loaded module, on top of that of vmlinux */
  moduleBtf(module: string): Btf | undefined
  /** every tracepoint of tracefs as `category:name`, sorted */
  tracepoints(): readonly string[]
  tracepointFormat(category: string, name: string): TracepointFormat | undefined
  /** raw tracepoints, sorted, with the module when it is one's: `sched_switch` or `xfs:xfs_read` */
  rawTracepoints(): readonly string[]
  /** functions that a kprobe or fentry may take, sorted; `module` is `vmlinux` for the kernel's own */
  functions(): readonly KernelFunction[]
  /** those of that exact name, which costs less than listing all */
  functionsNamed(name: string): readonly KernelFunction[]
  /** functions of loaded BPF programs, or of the one with that id; their `module` is `bpf` */
  programFunctions?(id?: number): readonly ProgramFunction[]
  /** BTF of a loaded BPF program */
  programBtf?(id: number): Btf | undefined
  /** iterators, such as `task` and `task_file`, sorted */
  iterators(): readonly string[]
  /** address of a symbol of kallsyms; undefined when there is none or addresses are hidden */
  symbolAddress(name: string): bigint | undefined
  /** id of the control group at a path below the cgroup mount, or of that mount's own path */
  cgroupId?(path: string): bigint | undefined
  /** what one program for many calls must know; undefined where one cannot be made */
  systemCalls?(): SystemCallFacts | undefined
  /** whether programs of type BPF_PROG_TYPE_* may call this function of the kernel */
  mayCall?(kfunc: string, programType: number): boolean
  has(feature: ScriptFeature): boolean
  /** CPUs that may ever be online: the number of values of a per-CPU map */
  readonly possibleCpus: number
  readonly onlineCpus: readonly number[]
}

export interface SystemCallFacts {
  /** the number of the call that the tracepoints `sys_enter_NAME` and `sys_exit_NAME` are of, where it has one */
  readonly numberOf: (name: string) => number | undefined
  /** this bit of this u32 of task_struct is set while a call of a 32-bit program runs */
  readonly compatFlag: { readonly offset: number; readonly mask: number }
}

export interface KernelFunction {
  readonly name: string
  readonly module: string
}

export interface ProgramFunction {
  readonly programId: number
  readonly name: string
}

/** What the lowering chooses by. */
export type ScriptFeature = AttachFeature | HelperFeature

export type AttachFeature =
  /** bpf_get_attach_cookie, in kprobes, uprobes, tracepoints and perf events (5.15) */
  | 'attach_cookie'
  /** cookies of fentry and raw tracepoints */
  | 'tracing_cookie'
  | 'raw_tracepoint_cookie'
  | 'kprobe'
  | 'kprobe_multi'
  | 'kprobe_session'
  | 'uprobe_multi'
  | 'fentry'
  | 'iter'

/** Helpers that not every kernel has, by their names without `bpf_`. */
export type HelperFeature =
  /** bpf_for_each_map_elem (5.13) */
  | 'for_each_map_elem'
  /** bpf_loop (5.17) */
  | 'loop'
  | 'get_func_ip'
  | 'ktime_get_boot_ns'
  | 'ktime_get_tai_ns'
  | 'jiffies64'
  | 'get_ns_current_pid_tgid'
  | 'get_current_task_btf'
  | 'send_signal'
  | 'send_signal_thread'
  | 'override_return'
  | 'd_path'
  | 'map_lookup_percpu_elem'
  | 'skb_output'

/** Facts about programs of user space, for uprobes and USDT. */
export interface UserFacts {
  /**
   * Files that the target part of a uprobe means: a path as it is or with wildcards, a library or program by its
   * name, everything a process has mapped for `*`. Empty when there is no such file.
   */
  files(target: string, pid: number | undefined): readonly string[]
  /** function symbols of a file whose name matches; `*` and `?` are wildcards */
  functions(path: string, pattern: string): readonly UserFunction[]
  /** file offset of an address of the file's own address space */
  fileOffset(path: string, address: bigint): bigint | undefined
  /** a symbol of any kind: its address in the file's own address space and its size, 0 when the symbol does not say */
  symbol?(path: string, name: string): { readonly address: bigint; readonly size: number } | undefined
  /** address in the file's own address space of a file offset */
  address?(path: string, fileOffset: bigint): bigint | undefined
  /** every place of every USDT probe of a file */
  usdt(path: string): readonly UsdtLocation[]
}

export interface UserFunction {
  readonly name: string
  readonly demangled?: string
  readonly address: bigint
  readonly fileOffset: bigint
  /** bytes; 0 when the symbol does not say */
  readonly size: number
}

/** Facts about this run: what the command line gave. */
export interface RunFacts {
  /** `$1` …; byte strings */
  readonly positional: readonly string[]
  /** `-p`, or the process of `-c` */
  readonly pid?: number
  /** a path that is that process's program: the target of a uprobe that names none */
  readonly pidPath?: string
  /** the process of `-c`, for `cpid` */
  readonly childPid?: number
  /** CLOCK_TAI less CLOCK_BOOTTIME in nanoseconds, for `nsecs(sw_tai)` */
  readonly taiOffsetNs?: bigint
  /** `-- --name=value` of the command line, for `getopt`; byte strings */
  readonly named?: Readonly<Record<string, string>>
  /** the pid namespace that we are in, when it is not the machine's: device and inode of /proc/self/ns/pid */
  readonly pidNamespace?: { readonly dev: bigint; readonly ino: bigint }
  readonly unsafe: boolean
  /** what a running script says of its own failures; `failures` when absent, `everything` is -k */
  readonly tells?: 'nothing' | 'failures' | 'everything'
  /** environment, for the `BPFTRACE_…` settings */
  readonly environment: Readonly<Record<string, string | undefined>>
}
