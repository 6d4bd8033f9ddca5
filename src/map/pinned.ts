// Maps pinned by name: several loads share one map, as libbpf's LIBBPF_PIN_BY_NAME has it.

import { BeetraceError, errno, SyscallError } from '../errors/index.ts'
import type { MapSpec } from '../spec/spec.ts'
import { BPF_F_RDONLY_PROG, BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH, bpfObjGet } from '../sys/index.ts'
import { BpfMap } from './bpf-map.ts'
import { type MapCreateOptions, mapCreateAttr } from './create.ts'

/**
 * The map pinned under `root` (a directory of a BPF file system) by the spec's name, or a new one, pinned there. Throws when the pinned one has another
 * type, size or flags than the spec.
 */
export const openOrCreatePinned = (
  spec: MapSpec,
  root: string,
  options: MapCreateOptions & { /** where it is not the spec's name */ readonly fileName?: string } = {},
): BpfMap => {
  const path = `${root}/${options.fileName ?? spec.name}`
  const fd = bpfObjGet(path)
  if (fd === -errno.ENOENT) {
    const map = BpfMap.create(spec, options)
    try {
      map.pin(path)
    } catch (error) {
      map.close()
      throw error
    }
    return map
  }
  if (fd < 0) throw new SyscallError('bpf(BPF_OBJ_GET)', -fd, `open pinned map ${path}`)
  const map = new BpfMap(fd, spec.name)
  const wanted = mapCreateAttr(spec)
  // the kernel adds this flag to maps of devices, whoever makes them
  const added =
    map.type === BPF_MAP_TYPE_DEVMAP || map.type === BPF_MAP_TYPE_DEVMAP_HASH ? BPF_F_RDONLY_PROG : 0
  const differing = [
    ['type', map.type, wanted.mapType],
    ['key size', map.keySize, wanted.keySize],
    ['value size', map.valueSize, wanted.valueSize],
    ['max_entries', map.maxEntries, wanted.maxEntries],
    ['flags', map.flags & ~added, (wanted.mapFlags ?? 0) & ~added],
    ['map_extra', map.info().mapExtra, wanted.mapExtra ?? 0n],
  ].find(([, has, want]) => has !== want)
  if (differing === undefined) return map
  map.close()
  const [what, has, want] = differing
  throw new BeetraceError(
    'MAP_INCOMPATIBLE',
    `the map pinned at ${path} has ${what} ${has}, but the program expects ${want}: remove the pin or use another name`,
  )
}
