// Type information of loaded modules, which continues the kernel's own.

import { readdirSync, readFileSync } from 'node:fs'
import { type Btf, parseBtf } from '../btf/index.ts'
import { NotSupportedError } from '../errors/index.ts'
import {
  bpfGetFdById,
  bpfGetNextId,
  bpfObjGetInfoByFd,
  closeFd,
  LITTLE_ENDIAN,
  linux,
  setU64,
} from '../sys/index.ts'
import { vmlinuxBtf } from './vmlinux-btf.ts'

const DIRECTORY = '/sys/kernel/btf'

/** Names of the loaded modules that have BTF, sorted; empty where there is none (before Linux 5.11). */
export function modulesWithBtf(): string[] {
  try {
    return readdirSync(DIRECTORY)
      .filter(name => name !== 'vmlinux')
      .sort()
  } catch {
    return []
  }
}

/**
 * The types of a loaded module, on top of `vmlinuxBtf()`. Read anew on each call: a module may be loaded again otherwise.
 * @throws NotSupportedError when the module is not loaded or has no BTF; BtfError when it is damaged
 */
export function moduleBtf(module: string): Btf {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(`${DIRECTORY}/${module}`)
  } catch (cause) {
    throw new NotSupportedError(`BTF of module ${module}`, {
      reason: `there is no ${DIRECTORY}/${module}: the module is not loaded, or was built without BTF`,
      cause,
    })
  }
  return parseBtf(bytes, vmlinuxBtf())
}

/**
 * A descriptor of the module's BTF as the kernel holds it, which loading a program that attaches to the module takes. The
 * caller closes it. Needs CAP_SYS_ADMIN. Linux 5.11.
 * @throws NotSupportedError when no BTF object has that name
 */
export function openModuleBtf(module: string): number {
  for (let id = bpfGetNextId('btf', 0); id > 0; id = bpfGetNextId('btf', id)) {
    const fd = bpfGetFdById('btf', id)
    if (fd < 0) continue
    const info = btfInfo(fd)
    if (info?.isKernel && info.name === module) return fd
    closeFd(fd)
  }
  throw new NotSupportedError(`BTF of module ${module}`, {
    since: '5.11',
    reason: 'the kernel holds none of that name',
  })
}

/** struct bpf_btf_info: 0 btf  8 btf_size  12 id  16 name  24 name_len  28 kernel_btf */
const INFO_BYTES = 32
const NAME_BYTES = 64

function btfInfo(fd: number): { readonly name: string; readonly isKernel: boolean } | undefined {
  const info = new Uint8Array(new ArrayBuffer(INFO_BYTES))
  const name = new Uint8Array(new ArrayBuffer(NAME_BYTES))
  const data = new DataView(info.buffer)
  setU64(data, 16, linux().address(name))
  data.setUint32(24, NAME_BYTES, LITTLE_ENDIAN)
  if (bpfObjGetInfoByFd(fd, info) < 0) return undefined
  const text = Buffer.from(name).toString('latin1', 0, name.indexOf(0))
  return { name: text, isKernel: data.getUint32(28, LITTLE_ENDIAN) !== 0 }
}
