// The attempts that feature probes are made of: create a map, load a program, load BTF, with the kernel's answer
// as an errno and nothing left open.

import { encode, exit, type Insn, movImm, R0 } from '../asm/index.ts'
import { errno, errnoMessage, errnoName } from '../errors/index.ts'
import * as bpf from '../sys/bpf-constants.generated.ts'
import {
  bpfBtfLoad,
  bpfMapCreate,
  bpfMapUpdate,
  bpfMapUpdateBatch,
  bpfProgLoad,
  closeFd,
} from '../sys/index.ts'
import type { FeatureAnswer } from './feature.ts'
import { withMemlock } from './memlock.ts'
import { pageSizeBytes } from './page-size.ts'
import { btfBlob, INT_U32 } from './probe-btf.ts'

/** The smallest map of some type; keys and values are 4 bytes and there is one entry unless said otherwise. */
export interface ProbeMap {
  /** BPF_MAP_TYPE_* */
  readonly type: number
  readonly keySize?: number
  readonly valueSize?: number
  readonly maxEntries?: number | 'page'
  readonly flags?: number
  readonly name?: string
  /** with an inner map, for maps of maps */
  readonly inner?: boolean
  /** with BTF of key and value, which local storage insists on */
  readonly btf?: boolean
  /** of the only program that may use it */
  readonly exclusiveHash?: Uint8Array
  /** btf_vmlinux_value_type_id */
  readonly valueTypeId?: number
}

/** A program to try; without instructions `r0 = 0; exit`. */
export interface ProbeProgram {
  /** BPF_PROG_TYPE_* */
  readonly type: number
  readonly insns?: readonly Insn[]
  readonly flags?: number
  readonly expectedAttachType?: number
  readonly attachBtfId?: number
  /** BTF with its functions: for each the slot it starts at and the id of its type */
  readonly btfFd?: number
  readonly functions?: Uint32Array
}

/** What came of an attempt: 0 or a positive errno, and what the verifier wrote. */
export interface Attempt {
  readonly errno: number
  readonly log: string
}

/** Creates the map and lets go of it. Gives 0 or a positive errno. */
export function tryMap(map: ProbeMap): number {
  return withMapFd(map, () => 0)
}

/** Creates the map and updates its only entry with BPF_MAP_UPDATE_BATCH. Gives 0 or a positive errno. */
export function tryBatchUpdate(map: ProbeMap, valueBytes: number): number {
  return withMapFd(map, mapFd => {
    const batch = { mapFd, keys: new Uint8Array(4), values: new Uint8Array(valueBytes), count: 1 }
    return -bpfMapUpdateBatch(batch).result
  })
}

/** Creates the map and asks `use` with its descriptor; gives what `use` gives, or the errno of the creation. */
export function withMap(map: ProbeMap, use: (fd: number) => number): number {
  return withMapFd(map, use)
}

/** Creates the map and writes its first entry with flags. Gives 0 or a positive errno. */
export function tryElementFlags(map: ProbeMap, flags: number, valueBytes: number): number {
  return withMapFd(map, fd => -bpfMapUpdate(fd, new Uint8Array(4), new Uint8Array(valueBytes), flags))
}

/** Loads the program and lets go of it; when it is refused, asks again for the verifier's words. */
export function tryProgram(program: ProbeProgram): Attempt {
  const error = withFd(loadProgram(program), () => 0)
  if (error === 0) return { errno: 0, log: '' }
  const logBuf = new Uint8Array(LOG_BYTES)
  withFd(loadProgram(program, logBuf), () => 0)
  return { errno: error, log: Buffer.from(logBuf).toString('latin1', 0, logBuf.indexOf(0)) }
}

/** Loads the program and asks `use` with its descriptor; gives what `use` gives, or the errno of the load. */
export function withProgram(program: ProbeProgram, use: (fd: number) => number): number {
  return withFd(loadProgram(program), use)
}

/** Loads the bytes as BTF. Gives 0 or a positive errno. */
export function tryBtf(bytes: Uint8Array): number {
  return withFd(bpfBtfLoad(bytes), () => 0)
}

/** Runs `use` on a descriptor and closes it; a negative descriptor is -errno and comes back as errno. */
export function withFd(fd: number, use: (fd: number) => number): number {
  if (fd < 0) return -fd
  try {
    return use(fd)
  } finally {
    closeFd(fd)
  }
}

/** Errors that speak of something else than what was asked. */
export interface Reading {
  /** errnos that only a kernel with the feature answers */
  readonly proves?: readonly number[]
}

/**
 * An errno as an answer. What the kernel does not know it calls invalid or unsupported, in many spellings, so every
 * errno that is not about privilege or shortage means `missing`.
 */
export function answer(error: number, { proves = [] }: Reading = {}): FeatureAnswer {
  if (error === 0 || proves.includes(error)) return { kind: 'yes' }
  const reason = `${errnoMessage(error)} (${errnoName(error)})`
  if (!UNCERTAIN.has(error)) return { kind: 'missing', reason }
  return { kind: 'refused', reason, denied: error === errno.EPERM }
}

/** Not allowed, or not now: neither says anything about the kernel's abilities. */
const UNCERTAIN: ReadonlySet<number> = new Set([
  errno.EPERM,
  errno.ENOMEM,
  errno.EMFILE,
  errno.ENFILE,
  errno.EAGAIN,
  errno.EINTR,
  errno.EBUSY,
])

/** Room for the log of the small programs here; the verifier ends it with NUL also when it cuts it. */
const LOG_BYTES = 1 << 16

const RETURN_0: readonly Insn[] = [movImm(R0, 0), exit()]

function loadProgram(program: ProbeProgram, logBuf?: Uint8Array): number {
  const { type, insns = RETURN_0, flags, expectedAttachType, attachBtfId } = program
  const attr = {
    progType: type,
    insns: encode(insns),
    license: 'GPL',
    progName: 'beetrace_probe',
    ...(logBuf && { logBuf, logLevel: 1 }),
    ...(flags !== undefined && { progFlags: flags }),
    ...(expectedAttachType !== undefined && { expectedAttachType }),
    ...(attachBtfId !== undefined && { attachBtfId }),
    ...(program.btfFd !== undefined && { progBtfFd: program.btfFd }),
    ...(program.functions !== undefined && {
      funcInfo: { bytes: new Uint8Array(program.functions.buffer), recSize: 8 },
    }),
  }
  return withMemlock(() => bpfProgLoad(attr))
}

function withMapFd(map: ProbeMap, use: (fd: number) => number): number {
  const create = (parts: { innerMapFd?: number; btfFd?: number }) => {
    const attr = {
      mapType: map.type,
      keySize: map.keySize ?? 4,
      valueSize: map.valueSize ?? 4,
      maxEntries: map.maxEntries === 'page' ? pageSizeBytes() : (map.maxEntries ?? 1),
      mapFlags: map.flags ?? 0,
      mapName: map.name ?? 'beetrace_probe',
      ...parts,
      ...(map.btf && { btfKeyTypeId: 1, btfValueTypeId: 1 }),
      ...(map.exclusiveHash !== undefined && { exclProgHash: map.exclusiveHash }),
      ...(map.valueTypeId !== undefined && { btfVmlinuxValueTypeId: map.valueTypeId }),
    }
    return withFd(
      withMemlock(() => bpfMapCreate(attr)),
      use,
    )
  }
  if (map.inner) return withMapFd({ type: bpf.BPF_MAP_TYPE_ARRAY }, innerMapFd => create({ innerMapFd }))
  if (map.btf) return withFd(bpfBtfLoad(btfBlob(INT_U32)), btfFd => create({ btfFd }))
  return create({})
}
