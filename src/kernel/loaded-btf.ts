// BTF that the kernel holds, by id: its own, that of modules, and what programs and maps were loaded with.

import { type Btf, parseBtf } from '../btf/index.ts'
import { errno } from '../errors/index.ts'
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
import { vmlinuxBtf } from './vmlinux-btf.ts'

export interface LoadedBtf {
  readonly id: number
  /** `vmlinux`, or of a module; '' for what was loaded by a process. Linux 5.11 */
  readonly name: string
  /** of the kernel itself or one of its modules */
  readonly isKernel: boolean
  readonly sizeBytes: number
}

/** struct bpf_btf_info: 0 btf  8 btf_size  12 id  16 name  24 name_len  28 kernel_btf */
const INFO_BYTES = 32
const NAME_BYTES = 64

/** All of them, by id. Those that go away meanwhile are left out. Needs CAP_SYS_ADMIN. Throws SyscallError. */
export function* loadedBtfs(): Generator<LoadedBtf> {
  for (let id = 0; ; ) {
    id = bpfGetNextId('btf', id)
    if (id === -errno.ENOENT) return
    checkSyscall(id, 'bpf(BPF_BTF_GET_NEXT_ID)', 'list BTF', { capabilities: ['CAP_SYS_ADMIN'] })
    const fd = bpfGetFdById('btf', id)
    if (fd < 0) continue
    try {
      const found = btfInfo(fd)
      if (found !== undefined) yield found
    } finally {
      closeFd(fd)
    }
  }
}

/** The types of one; a module's on top of the kernel's. Needs CAP_SYS_ADMIN. Throws SyscallError, BtfError. */
export function btfById(id: number): Btf {
  const action = `read BTF with id ${id}`
  const fd = checkSyscall(bpfGetFdById('btf', id), 'bpf(BPF_BTF_GET_FD_BY_ID)', action, {
    capabilities: ['CAP_SYS_ADMIN'],
  })
  try {
    const { isKernel, name, sizeBytes } = btfInfo(fd) ?? { isKernel: false, name: '', sizeBytes: 0 }
    const bytes = new Uint8Array(new ArrayBuffer(sizeBytes))
    const info = new Uint8Array(new ArrayBuffer(INFO_BYTES))
    const data = new DataView(info.buffer)
    setU64(data, 0, linux().address(bytes))
    data.setUint32(8, bytes.length, LITTLE_ENDIAN)
    checkSyscall(bpfObjGetInfoByFd(fd, info), 'bpf(BPF_OBJ_GET_INFO_BY_FD)', action)
    return parseBtf(bytes, isKernel && name !== 'vmlinux' ? vmlinuxBtf() : undefined)
  } finally {
    closeFd(fd)
  }
}

/** Undefined when the kernel would not say. */
export function btfInfo(fd: number): LoadedBtf | undefined {
  const info = new Uint8Array(new ArrayBuffer(INFO_BYTES))
  const name = new Uint8Array(new ArrayBuffer(NAME_BYTES))
  const data = new DataView(info.buffer)
  setU64(data, 16, linux().address(name))
  data.setUint32(24, NAME_BYTES, LITTLE_ENDIAN)
  if (bpfObjGetInfoByFd(fd, info) < 0) {
    // before 5.11 there were no names, and no types but what programs brought
    info.fill(0)
    if (bpfObjGetInfoByFd(fd, info) < 0) return undefined
  }
  return {
    id: data.getUint32(12, LITTLE_ENDIAN),
    name: Buffer.from(name).toString('latin1', 0, name.indexOf(0)),
    isKernel: data.getUint32(28, LITTLE_ENDIAN) !== 0,
    sizeBytes: data.getUint32(8, LITTLE_ENDIAN),
  }
}
