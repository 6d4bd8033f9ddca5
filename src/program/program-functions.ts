// The functions of programs that are loaded, by the BTF they were loaded with: what can be traced or replaced of them.

import type { Btf } from '../btf/index.ts'
import { btfById } from '../kernel/index.ts'
import {
  bpfGetFdById,
  bpfGetNextId,
  bpfObjGetInfoByFd,
  checkSyscall,
  closeFd,
  LITTLE_ENDIAN,
  linux,
  setU64,
} from '../sys/index.ts'

export interface LoadedFunction {
  readonly programId: number
  readonly name: string
}

/** struct bpf_prog_info: 128 btf_id  132 func_info_rec_size  136 func_info  144 nr_func_info */
const PROGRAM_INFO_BYTES = 232

/**
 * The functions of every loaded program that has BTF, or of the one with that id; the program itself is its first.
 * Programs that end meanwhile are left out. Throws SyscallError where programs cannot be listed (CAP_SYS_ADMIN).
 */
export function loadedFunctions(id?: number): readonly LoadedFunction[] {
  if (id !== undefined) return withProgram(id, fd => functionsOf(id, fd)) ?? []
  const found: LoadedFunction[] = []
  for (let next = bpfGetNextId('prog', 0); next >= 0; next = bpfGetNextId('prog', next)) {
    const programId = next
    found.push(...(withProgram(programId, fd => functionsOf(programId, fd)) ?? []))
  }
  return found
}

/** The BTF of a loaded program; undefined when it has none or is gone. */
export function loadedProgramBtf(id: number): Btf | undefined {
  return withProgram(id, fd => {
    const { btfId } = functionTypeIds(fd)
    return btfId === 0 ? undefined : btfById(btfId)
  })
}

/** A descriptor of that program while `use` runs. */
export function withProgram<T>(id: number, use: (fd: number) => T): T | undefined {
  const fd = bpfGetFdById('prog', id)
  if (fd < 0) return undefined
  try {
    return use(fd)
  } finally {
    closeFd(fd)
  }
}

function functionsOf(programId: number, fd: number): readonly LoadedFunction[] {
  const { btfId, typeIds } = functionTypeIds(fd)
  if (btfId === 0 || typeIds.length === 0) return []
  const btf = btfById(btfId)
  return typeIds.flatMap(typeId => {
    const type = btf.type(typeId)
    return type.kind === 'func' ? [{ programId, name: type.name }] : []
  })
}

/** Of the program's own functions, in order: their ids in the BTF. */
function functionTypeIds(fd: number): { readonly btfId: number; readonly typeIds: readonly number[] } {
  const action = 'read program information'
  const info = new Uint8Array(new ArrayBuffer(PROGRAM_INFO_BYTES))
  const data = new DataView(info.buffer)
  const read = () => checkSyscall(bpfObjGetInfoByFd(fd, info), 'bpf(BPF_OBJ_GET_INFO_BY_FD)', action)
  read()
  const btfId = data.getUint32(128, LITTLE_ENDIAN)
  const recordBytes = data.getUint32(132, LITTLE_ENDIAN)
  const count = data.getUint32(144, LITTLE_ENDIAN)
  if (count === 0) return { btfId, typeIds: [] }
  const records = new Uint8Array(new ArrayBuffer(recordBytes * count))
  info.fill(0)
  data.setUint32(132, recordBytes, LITTLE_ENDIAN)
  setU64(data, 136, linux().address(records))
  data.setUint32(144, count, LITTLE_ENDIAN)
  read()
  const view = new DataView(records.buffer)
  // struct bpf_func_info: u32 insn_off, u32 type_id
  const typeIds = Array.from({ length: count }, (_, i) => view.getUint32(i * recordBytes + 4, LITTLE_ENDIAN))
  return { btfId, typeIds }
}
