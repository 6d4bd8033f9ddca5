// Arenas: memory that programs and this process share page by page, at addresses that mean the same to both. A program that names
// a place in one is only loaded once this process has it mapped, since that fixes the addresses.

import { BeetraceError, SyscallError } from '../errors/index.ts'
import { pageSizeBytes } from '../kernel/index.ts'
import { BPF_MAP_TYPE_ARENA, linux, MAP_SHARED, PROT_READ, PROT_WRITE } from '../sys/index.ts'
import type { BpfMap } from './bpf-map.ts'

/**
 * Maps an arena, at the address of its map_extra if it has one, and writes `initial` to its start. Linux 6.9.
 * @returns lets go of the mapping, which programs do not need once they are loaded
 * @throws BeetraceError `MAP_USE` for another map; SyscallError
 */
export function mapArena(map: BpfMap, initial: Uint8Array = new Uint8Array(0)): () => void {
  if (map.type !== BPF_MAP_TYPE_ARENA) throw new BeetraceError('MAP_USE', `map "${map.name}" is no arena`)
  const byteLength = map.maxEntries * pageSizeBytes()
  if (initial.length > byteLength)
    throw new BeetraceError(
      'MAP_USE',
      `${initial.length} bytes of data do not fit arena "${map.name}" of ${byteLength}: raise its max_entries`,
    )
  const wanted = Number(map.info().mapExtra)
  const address = linux().mmap(wanted, byteLength, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd, 0)
  if (address < 0) throw new SyscallError('mmap', -address, `map arena "${map.name}"`)
  if (initial.length > 0) new Uint8Array(linux().view(address, initial.length)).set(initial)
  let mapped = true
  return () => {
    if (mapped) linux().munmap(address, byteLength)
    mapped = false
  }
}
