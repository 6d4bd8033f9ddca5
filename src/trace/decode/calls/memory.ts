// Calls on the address space.
import type { Sink } from '../../write/sink.ts'
import { call } from '../argument.ts'
import type { Call } from '../call.ts'
import { fd, flags, flagsOr, hex, int, oneOf, pointer, size, uint } from '../scalars.ts'
import { mapFlags } from '../structs/map-flags.ts'
import { pageOffset } from './i386.ts'

const MREMAP_FIXED = 2
const MREMAP_DONTUNMAP = 4
const prot = flagsOr('PROT_FLAGS', 'PROT_NONE')
const mremapTarget = { ...pointer, shown: (c: Call) => (c.lo[3]! & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0 }

export const MEMORY_CALLS = {
  mmap: call('desc memory', [pointer, size, prot, mapFlags, fd, hex], 'hex'),
  mmap2: call('desc memory', [pointer, size, prot, mapFlags, fd, pageOffset], 'hex'),
  munmap: call('memory', [pointer, size]),
  mprotect: call('memory', [pointer, size, prot]),
  pkey_mprotect: call('memory', [pointer, size, prot, int]),
  pkey_alloc: call('', [hex, flags('PKEY_ACCESS')]),
  pkey_free: call('', [int]),
  mremap: call('memory', [pointer, size, size, flags('MREMAP_FLAGS'), mremapTarget], 'hex'),
  madvise: call('memory', [pointer, size, oneOf('MADVISE')]),
  msync: call('memory', [pointer, size, flags('MSYNC_FLAGS')]),
  mincore: call('memory', [pointer, size, pointer]),
  mlock: call('memory', [pointer, size]),
  mlock2: call('memory', [pointer, size, flags('MLOCK2_FLAGS')]),
  munlock: call('memory', [pointer, size]),
  mlockall: call('memory', [flags('MLOCKALL_FLAGS')]),
  munlockall: call('memory'),
  brk: call('memory', [pointer], 'hex'),
  remap_file_pages: call('memory', [pointer, size, prot, size, mapFlags]),
  mseal: call('memory', [pointer, size, hex]),
  map_shadow_stack: call('memory', [pointer, size, hex], 'hex'),
  mbind: call('memory', [pointer, size, oneOf('MPOL_MODES'), pointer, size, hex]),
  set_mempolicy: call('memory', [oneOf('MPOL_MODES'), pointer, size]),
  get_mempolicy: call('memory', [pointer, pointer, size, pointer, hex]),
  set_mempolicy_home_node: call('memory', [pointer, size, size, hex]),
  migrate_pages: call('memory', [int, size, pointer, pointer]),
  move_pages: call('memory', [int, size, pointer, pointer, pointer, hex]),
  membarrier: call(
    '',
    [oneOf('MEMBARRIER_COMMANDS'), flags('MEMBARRIER_FLAGS'), int],
    membarrierResult,
    [0, 1],
  ),
  modify_ldt: call('', [int, pointer, size]),
  cacheflush: call('', [pointer, uint, int]),
} as const

/** MEMBARRIER_CMD_QUERY answers with the commands there are. */
function membarrierResult(w: Sink, c: Call): void {
  if (c.lo[0] !== 0 || c.retLo === 0) {
    w.i32(c.retLo | 0)
    return
  }
  w.resultHex(c.retLo, 0)
  const commands = c.families.flags('MEMBARRIER_COMMANDS')
  w.openMeaning()
  commands.print(w, c.retLo)
  w.closeMeaning()
}
