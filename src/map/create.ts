// From a MapSpec to a map descriptor: sizes rounded, mandatory flags added, BTF loaded, the inner template made.

import { BtfBuilder } from '../btf/index.ts'
import { type CapabilityName, errno, NotSupportedError, SyscallError } from '../errors/index.ts'
import {
  askFeature,
  features,
  mapTypeFeatures,
  pageSizeBytes,
  possibleCpus,
  requireFeature,
  withMemlock,
} from '../kernel/index.ts'
import type { MapSpec } from '../spec/spec.ts'
import { bpfBtfLoad, bpfMapCreate, bpfMapTypeNames, closeFd, type MapCreateAttr } from '../sys/index.ts'
import { MAP_TYPE_RULES } from './map-type.ts'

export interface MapCreateOptions {
  /** id in vmlinux BTF of `struct bpf_struct_ops_NAME`, for a struct_ops map */
  readonly vmlinuxValueTypeId?: number
  /** a module's BTF that `vmlinuxValueTypeId` is in instead; the caller's */
  readonly valueTypeBtfFd?: number
  /** descriptor of an inner map to use as the template; the caller's */
  readonly innerMapFd?: number
  /**
   * a descriptor of the BTF that `spec` and its inner map have, or that a struct_ops map's program has, when it is loaded
   * already; the caller's. Types are the same to the kernel only in one loaded BTF
   */
  readonly btfFd?: number
  /** hash of the instructions of the only program that may use the map (`instructionHash`). Linux 6.18 */
  readonly exclusiveHash?: Uint8Array
}

/** What the kernel is asked for: the spec with the demands of its type met. Descriptors are left out. */
export const mapCreateAttr = (spec: MapSpec): MapCreateAttr => {
  const rule = MAP_TYPE_RULES[spec.type] ?? {}
  let maxEntries = spec.maxEntries
  if (rule.ring) maxEntries = ringBytes(maxEntries, pageSizeBytes())
  if (rule.entryPerCpu && maxEntries === 0) maxEntries = Math.max(...possibleCpus()) + 1
  return {
    mapType: spec.type,
    // a ring has neither: a value type in its declaration only says what the records are
    keySize: rule.ring ? 0 : spec.keySize,
    valueSize: rule.ring ? 0 : spec.valueSize,
    maxEntries,
    mapFlags: (spec.flags ?? 0) | (rule.flags ?? 0),
    mapName: spec.name,
    ...(spec.numaNode === undefined ? {} : { numaNode: spec.numaNode }),
    ...(spec.mapExtra === undefined ? {} : { mapExtra: spec.mapExtra }),
  }
}

/** The size a ring buffer gets: a power of two, a page at least. */
export const ringBytes = (wanted: number, pageBytes: number): number => {
  let size = pageBytes
  while (size < wanted) size *= 2
  return size
}

/** A descriptor of a new map. Throws SyscallError or NotSupportedError. */
export const createMap = (spec: MapSpec, options: MapCreateOptions = {}): number => {
  const rule = MAP_TYPE_RULES[spec.type] ?? {}
  const owned: number[] = []
  try {
    let innerMapFd = rule.inner ? options.innerMapFd : undefined
    if (rule.inner && innerMapFd === undefined && spec.inner !== undefined) {
      innerMapFd = createMap(spec.inner, options.btfFd === undefined ? {} : { btfFd: options.btfFd })
      owned.push(innerMapFd)
    }
    const base: MapCreateAttr = {
      ...mapCreateAttr(spec),
      ...(innerMapFd === undefined ? {} : { innerMapFd }),
      ...(options.vmlinuxValueTypeId === undefined
        ? {}
        : { btfVmlinuxValueTypeId: options.vmlinuxValueTypeId, btfFd: options.btfFd ?? 0 }),
      ...(options.valueTypeBtfFd === undefined ? {} : { valueTypeBtfObjFd: options.valueTypeBtfFd }),
      ...(options.exclusiveHash === undefined ? {} : { exclProgHash: options.exclusiveHash }),
    }
    const btf = spec.btf ?? (rule.btf ? plainBtf(spec.keySize, spec.valueSize) : undefined)
    if (btf !== undefined) {
      const btfFd =
        spec.btf !== undefined && options.btfFd !== undefined ? options.btfFd : bpfBtfLoad(btf.data)
      if (btfFd >= 0 && btfFd !== options.btfFd) owned.push(btfFd)
      if (btfFd < 0 && rule.btf) throw failed(spec, btfFd, 'bpf(BPF_BTF_LOAD)')
      if (btfFd >= 0) {
        const typed = { ...base, btfFd, btfKeyTypeId: btf.keyTypeId, btfValueTypeId: btf.valueTypeId }
        const fd = withMemlock(() => bpfMapCreate(typed))
        // some types take no BTF (perf_event_array, stack_trace, maps of maps …): then it is only lost decoration
        if (fd >= 0 || rule.btf) return checkCreated(spec, fd, options)
      }
    }
    const fd = withMemlock(() => bpfMapCreate(base))
    return checkCreated(spec, fd, options)
  } finally {
    for (const fd of owned) closeFd(fd)
  }
}

const checkCreated = (spec: MapSpec, fd: number, { exclusiveHash }: MapCreateOptions): number => {
  if (fd >= 0) return fd
  if (exclusiveHash !== undefined) requireFeature(features.exclusiveMaps)
  throw failed(spec, fd, 'bpf(BPF_MAP_CREATE)')
}

const NET_ADMIN_TYPES = /DEVMAP|CPUMAP|XSKMAP|SOCK(MAP|HASH)/

const failed = (spec: MapSpec, result: number, syscall: string): Error => {
  const typeName = bpfMapTypeNames[spec.type] ?? `map type ${spec.type}`
  const capabilities: CapabilityName[] = NET_ADMIN_TYPES.test(typeName)
    ? ['CAP_BPF', 'CAP_NET_ADMIN']
    : ['CAP_BPF']
  const hint =
    result === -errno.E2BIG
      ? 'too many entries or too large a value'
      : result === -errno.ENOMEM
        ? 'ask for fewer entries'
        : undefined
  const error = new SyscallError(syscall, -result, `create map "${spec.name}" (${typeName})`, {
    capabilities,
    ...(hint === undefined ? {} : { hint }),
  })
  // a type the kernel does not know is EINVAL, like a wrong size: a probe that is known to be right tells them apart
  const feature = mapTypeFeatures[typeName]
  return result === -errno.EINVAL && feature !== undefined && askFeature(feature).kind === 'missing'
    ? new NotSupportedError(typeName, { since: feature.since, cause: error })
    : error
}

/** BTF of an int key and a value of plain bytes, for the types that demand some. */
const plainBtf = (keySize: number, valueSize: number): NonNullable<MapSpec['btf']> => {
  const builder = new BtfBuilder()
  const int = (name: string, sizeBytes: number) =>
    builder.add({
      kind: 'int',
      name,
      sizeBytes,
      encoding: 'unsigned',
      offsetBits: 0,
      sizeBits: sizeBytes * 8,
    })
  const keyTypeId = int('key', keySize)
  const byteId = int('byte', 1)
  const valueTypeId = builder.add({
    kind: 'array',
    name: '',
    elementTypeId: byteId,
    indexTypeId: keyTypeId,
    count: valueSize,
  })
  return { data: builder.build(), keyTypeId, valueTypeId }
}
