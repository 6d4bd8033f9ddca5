// What can be said when an object is opened, loaded and attached.

import type { AttachOptions } from './attach.ts'
import type { ObjectMap } from './object-map.ts'
import type { ObjectProgram } from './object-program.ts'

export interface OpenOptions {
  /** what messages call an object that is given as bytes; its start names the maps of data */
  readonly name?: string
}

export interface ObjectLoadOptions {
  /** the kernel's types, where it has none or others are wanted (BTFHub): raw BTF, or the path of a file with it */
  readonly kernelBtf?: Uint8Array | string
  /** lines `CONFIG_X=y` instead of what /proc/config.gz or /boot has */
  readonly kernelConfig?: string
  /** directory of a BPF file system for maps that are pinned by name; its root unless told */
  readonly pinRoot?: string
  /**
   * a BPF file system that passes on the right to load (Linux 6.9); '' for none. Unless told what LIBBPF_BPF_TOKEN_PATH says, else
   * /sys/fs/bpf if it does
   */
  readonly tokenPath?: string
  readonly onRefused?: OnRefused
  /** of a signed light skeleton: the keyring in which the kernel looks for the key; the session's unless told */
  readonly keyring?: Keyring
  /**
   * what the verifier is to tell of each program, to be read at its `program.verifierLog`: 1 its reasoning, 2 more of it, 4
   * statistics, or their sum; nothing unless told
   */
  readonly logLevel?: number
}

/** The kernel's own, with those it trusts added or without, those of the machine; this process's or user's; or a serial number. */
export type Keyring = 'builtin' | 'secondary' | 'platform' | 'session' | 'user' | 'userSession' | number

/**
 * Told of each program and map that cannot be had on this kernel: returning true leaves it out, and the rest goes on. Programs
 * that would reach a map that was left out are refused in their turn.
 */
export type OnRefused = (refused: ObjectProgram | ObjectMap, error: unknown) => boolean

export interface ObjectAttachOptions extends AttachOptions {
  /** the same for what cannot be attached */
  readonly onRefused?: OnRefused
}
