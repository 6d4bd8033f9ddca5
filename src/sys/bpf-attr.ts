// The one union bpf_attr this process fills for every bpf(2) command outside the hot paths. The kernel copies it
// in and out before the call returns and calls never overlap, so one block with a known address serves them all.

import { BPF_OBJ_NAME_LEN } from './bpf-constants.generated.ts'
import { allocate, LITTLE_ENDIAN, type Memory, setU64 } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { type Linux, linux } from './linux.ts'

/** Larger than the union of Linux 6.18 (168 bytes). A kernel accepts more bytes than it knows while they are 0. */
const ATTR_BYTES = 192

let owner: Linux | undefined
let memory: Memory
/** what the attribute points to, referenced until the call has returned: else the collector may free it before */
let kept: unknown[] = []

/** The attribute, zeroed, to be filled by the setters below and handed to `callBpf`. */
export const beginAttr = (): DataView => {
  if (owner !== linux()) {
    owner = linux()
    memory = allocate(ATTR_BYTES)
  }
  memory.bytes.fill(0)
  kept = []
  return memory.data
}

/** The attribute begun last, to read what the kernel has put into it. */
export const beganAttr = (): DataView => memory.data

/** bpf(2) with the attribute begun last; `size` is the end of the last field in use. The result, or -errno. */
export const callBpf = (cmd: number, size: number): number => {
  const result = linux().bpf(cmd, memory.address, size)
  kept = []
  return result
}

/** The same in a thread of Node's pool, with a copy of the attribute: others can begin theirs. -1 for any failure. */
export const callBpfAsync = async (cmd: number, size: number): Promise<number> => {
  const own = allocate(size)
  own.bytes.set(memory.bytes.subarray(0, size))
  const held = kept
  kept = []
  const result = await linux().bpfAsync(cmd, own.address, size)
  keepAlive(own, held)
  return result
}

/** __u32 */
export const u32 = (attr: DataView, offset: number, value: number | undefined): void => {
  if (value !== undefined) attr.setUint32(offset, value, LITTLE_ENDIAN)
}

/** __s32 and descriptors */
export const s32 = (attr: DataView, offset: number, value: number | undefined): void => {
  if (value !== undefined) attr.setInt32(offset, value, LITTLE_ENDIAN)
}

/** __u64 */
export const u64 = (attr: DataView, offset: number, value: bigint | number | undefined): void => {
  if (typeof value === 'number') setU64(attr, offset, value)
  else if (value !== undefined) attr.setBigUint64(offset, value, LITTLE_ENDIAN)
}

/** __aligned_u64 pointer to these bytes */
export const pointer = (attr: DataView, offset: number, bytes: ArrayBufferView | undefined): void => {
  if (bytes === undefined) return
  kept.push(bytes)
  setU64(attr, offset, linux().address(bytes))
}

/** Reads back a __u32 the kernel wrote. */
export const getU32 = (attr: DataView, offset: number): number => attr.getUint32(offset, LITTLE_ENDIAN)

/** char[BPF_OBJ_NAME_LEN]: what the kernel takes as a name is letters, digits, `_` and `.`, at most 15 of them */
export const objectName = (attr: DataView, offset: number, name: string | undefined): void => {
  const clean = sanitizeName(name ?? '')
  for (let i = 0; i < clean.length; i++) attr.setUint8(offset + i, clean.charCodeAt(i))
}

/** A name the kernel takes for a program, map or BTF object: bpf_obj_name_cpy refuses other characters (`.` before Linux 5.2). */
export const sanitizeName = (name: string): string =>
  name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, BPF_OBJ_NAME_LEN - 1)
