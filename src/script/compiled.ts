// What the compiler hands to the run loop: the kernel objects to make, what to attach, and what each ring record
// means. Plain data: `lower` makes it without a kernel, `run` and the printers need nothing else of the compiler.

import type { MapSpec, ProgramSpec } from '../spec/spec.ts'
import type { Span } from './span.ts'
import type { ScriptType } from './type.ts'

/** A compiled script. */
export interface CompiledScript {
  /** every map of the kernel, the script's own and ours; programs name them */
  readonly mapSpecs: readonly MapSpec[]
  readonly programs: readonly ScriptProgram[]
  /** the script's maps, in the order of their first mention */
  readonly maps: readonly ScriptMap[]
  /** what a record of the ring asks for, by the u32 at its start */
  readonly actions: readonly Action[]
  /** formats of `strftime`, by index */
  readonly timeFormats: readonly string[]
  /** patterns of `cgroup_path`, by index */
  readonly cgroupPatterns: readonly string[]
  readonly stacks: readonly StackStore[]
}

/** A program and the places it is attached to. One program serves many places where the kernel has cookies. */
export interface ScriptProgram {
  readonly spec: ProgramSpec
  readonly places: readonly Place[]
  /** what is attached instead of the places, when one event stands for all of them */
  readonly through?: Place
  /** where in the script its probe stands */
  readonly span: Span
}

/** One place to attach to, found and checked. `probe` is the full name that the builtin `probe` prints. */
export type Place = { readonly probe: string; readonly cookie?: bigint } & (
  | { readonly kind: 'begin' | 'end' }
  /** run only by `--test` and `--bench` */
  | { readonly kind: 'test' | 'bench'; readonly title: string }
  | { readonly kind: 'self'; readonly signal: string }
  | { readonly kind: 'interval'; readonly periodNs: bigint }
  | { readonly kind: 'profile'; readonly periodNs: bigint; readonly pid?: number }
  /** PERF_TYPE_* and its config, one event every `count` */
  | {
      readonly kind: 'perf'
      readonly type: number
      readonly config: bigint
      readonly count: bigint
      readonly pid?: number
    }
  | { readonly kind: 'tracepoint'; readonly category: string; readonly name: string }
  | { readonly kind: 'rawtracepoint'; readonly name: string; readonly module: string }
  /** kprobe or kretprobe of `function`, of a module where it says so, or at a bare address */
  | {
      readonly kind: 'kprobe'
      readonly returns: boolean
      readonly module?: string
      readonly function: string
      readonly offset: number
      readonly address?: bigint
    }
  /** the attach target is in the program's spec as well */
  | {
      readonly kind: 'fentry' | 'fexit'
      readonly module: string
      readonly function: string
      /** the BPF program that has the function, by its id */
      readonly programId?: number
    }
  | { readonly kind: 'iter'; readonly iterator: string; readonly pin?: string }
  | {
      readonly kind: 'uprobe'
      readonly returns: boolean
      readonly path: string
      readonly fileOffset: bigint
      /** semaphore of a USDT probe: its offset in the file */
      readonly refCtrOffset?: bigint
      readonly pid?: number
    }
  | {
      readonly kind: 'watchpoint'
      readonly address: bigint
      readonly length: 1 | 2 | 4 | 8
      readonly mode: 'r' | 'w' | 'rw' | 'x'
      readonly pid?: number
    }
)

/** One of the script's maps. */
export interface ScriptMap {
  /** with its `@` */
  readonly name: string
  /** absent for a map without keys; several keys are one tuple */
  readonly key?: ScriptType
  readonly value: ScriptType
  readonly store: MapStore
}

/** Where a map's values live. */
export type MapStore =
  /** a kernel map of this name, key and value laid out as their types say */
  | { readonly kind: 'map'; readonly map: string; readonly perCpu: boolean }
  /**
   * A map without keys, at a direct address: `offset` into the single value of `map`, an array map that user space
   * has mapped (BPF_F_MMAPABLE). Where `cpuStrideBytes` is not 0 every CPU has its own share, that many bytes after
   * the one before. `present` is the offset of a byte that is 1 once the script has written the map (for each CPU).
   */
  | {
      readonly kind: 'global'
      readonly map: string
      readonly cpuStrideBytes: number
      readonly offset: number
      readonly present: number
    }

/**
 * Where stacks of one kind (mode and limit) are kept. Bit 63 of a stack id says which map holds it: clear, a key of
 * the BPF_MAP_TYPE_STACK_TRACE map `traces`; set, a hash key of `overflow`, which takes the stacks whose bucket in
 * `traces` was already another's. All ones: there was no stack.
 */
export interface StackStore {
  readonly kind: 'kstack' | 'ustack'
  readonly mode: 'bpftrace' | 'perf' | 'raw' | 'build_id'
  readonly limit: number
  readonly traces: string
  readonly overflow: string
}

export const NO_STACK = 0xffff_ffff_ffff_ffffn
export const STACK_OVERFLOW_BIT = 1n << 63n

/** Clock of a timestamp value. */
export const TIME_BOOT = 0
export const TIME_MONOTONIC = 1
/** nanoseconds since the epoch (`nsecs(sw_tai)` less its offset, `nsecs(tai)`) */
export const TIME_TAI = 2

/**
 * What to do with a record: a u32 index into `actions`, a u32 of zero, then the arguments laid out as a tuple of
 * `args`, from byte 8. Strings and buffers may be cut to their content when they stand last.
 * `errorf` and `warnf` go to stderr with the place in front.
 */
export type Action = {
  readonly span: Span
} /** `errorf` and `warnf` go to stderr with the place in front */ & (
  | {
      readonly kind: 'printf' | 'errorf' | 'warnf'
      readonly format: string
      readonly args: readonly ScriptType[]
    }
  /** contents of `/proc`-like files; the path is a format */
  | { readonly kind: 'cat' | 'system'; readonly format: string; readonly args: readonly ScriptType[] }
  | { readonly kind: 'print-value'; readonly args: readonly [ScriptType] }
  /** args: u32 top, u32 div */
  | { readonly kind: 'print-map'; readonly map: number; readonly args: readonly ScriptType[] }
  /** one element of a map: its key, then its value as read by the kernel half */
  | { readonly kind: 'print-element'; readonly map: number; readonly args: readonly [ScriptType, ScriptType] }
  | { readonly kind: 'clear' | 'zero'; readonly map: number; readonly args: readonly [] }
  | { readonly kind: 'time'; readonly format: string; readonly args: readonly [] }
  /** strings read one after another, NUL-ended, from byte 8 */
  | { readonly kind: 'join'; readonly separator: string; readonly args: readonly ScriptType[] }
  /** args: s32 exit code */
  | { readonly kind: 'exit'; readonly args: readonly ScriptType[] }
  /** whose records come through PACKETS_MAP (run/packets.ts) */
  | { readonly kind: 'skboutput'; readonly file: string; readonly args: readonly ScriptType[] }
  /** an index out of bounds, a division by zero */
  | { readonly kind: 'mistake'; readonly text: string; readonly args: readonly [] }
  /** a helper failed: args: s32 error */
  | { readonly kind: 'helper-error'; readonly helper: string; readonly args: readonly ScriptType[] }
)

// What both halves share beside the script's own maps.

/** the ring buffer of records */
export const RING_MAP = 'ring'
/** perf event array of packets, `skboutput` */
export const PACKETS_MAP = 'packets'
/** an array of one value, BPF_F_MMAPABLE, CONTROL_BYTES long */
export const CONTROL_MAP = 'control'
/** u32: the reader sleeps and wants to be woken (events/waiting-flag.ts) */
export const CONTROL_WAITING = 0
/** u32: 1 once `exit()` ran, with the code behind it: its record may have found the ring full */
export const CONTROL_EXITED = 4
/** s32 */
export const CONTROL_EXIT_CODE = 8
/** u64: records that found no room in the ring */
export const CONTROL_LOST = 64
/** u64: when the run began, CLOCK_BOOTTIME in nanoseconds, for `elapsed`; the run loop writes it before `begin` runs */
export const CONTROL_START_TIME = 72
export const CONTROL_BYTES = 128
