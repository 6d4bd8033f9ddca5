// Plain descriptions of what to load into the kernel. Every front end and file format produces these; the
// floors above turn them into kernel objects. Nothing here knows a kernel or owns a descriptor.

import type { Insn } from '../asm/insn.ts'
import type { GlobalFunction, ProgramInfo } from '../btf/program-info.ts'

/** A map to create. Names of fields are those of `union bpf_attr` for BPF_MAP_CREATE. */
export interface MapSpec {
  readonly name: string
  /** BPF_MAP_TYPE_* */
  readonly type: number
  /** bytes; 0 where the type takes no key */
  readonly keySize: number
  /** bytes; 0 where the type takes no value */
  readonly valueSize: number
  /** number of entries; for a ring buffer its size in bytes (a power of two, a multiple of the page size) */
  readonly maxEntries: number
  /** BPF_F_* */
  readonly flags?: number
  readonly numaNode?: number
  readonly mapExtra?: bigint
  /** template of the inner map of array_of_maps and hash_of_maps */
  readonly inner?: MapSpec
  /** BTF of key and value: raw BTF bytes with the two type ids in them */
  readonly btf?: { readonly data: Uint8Array; readonly keyTypeId: number; readonly valueTypeId: number }
  /** entries written after creation, before any program is loaded */
  readonly contents?: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]
  /** BPF_MAP_FREEZE after `contents` were written: read-only for user space, constants for the verifier */
  readonly frozen?: boolean
  /** pin by name under the bpffs root */
  readonly pinned?: boolean
}

/** A program to load. */
export interface ProgramSpec {
  readonly name: string
  /** BPF_PROG_TYPE_* */
  readonly type: number
  /** main program first, subprograms after it, each starting at the label of its name */
  readonly insns: readonly Insn[]
  /** the subprograms among them that the verifier is to check once and by themselves; the others are static */
  readonly globals?: readonly GlobalFunction[]
  /** "GPL" unlocks the helpers that need it */
  readonly license: string
  /** BPF_F_* of BPF_PROG_LOAD */
  readonly flags?: number
  readonly expectedAttachType?: number
  /** what a tracing, LSM or extension program attaches to: a kernel function or type name, resolved at load */
  readonly attachTo?: string
  /** BTF with function and line info that came with the instructions; made from `source` and labels otherwise */
  readonly info?: ProgramInfo
  /** LINUX_VERSION_CODE, which kprobe programs had to give before Linux 5.0 */
  readonly kernelVersion?: number
}

/** Programs and the maps they name. */
export interface ObjectSpec {
  readonly maps: readonly MapSpec[]
  readonly programs: readonly ProgramSpec[]
}
