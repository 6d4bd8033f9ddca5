// Type information of loaded modules, which continues the kernel's own.

import { readdirSync, readFileSync } from 'node:fs'
import { type Btf, parseBtf } from '../btf/index.ts'
import { NotSupportedError } from '../errors/index.ts'
import { bpfGetFdById, bpfGetNextId, closeFd } from '../sys/index.ts'
import { btfInfo } from './loaded-btf.ts'
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
