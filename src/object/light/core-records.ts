// CO-RE relocations as BPF_PROG_LOAD takes them (Linux 5.17): the kernel answers them itself.
//
//     struct bpf_core_relo   u32 insn_off   u32 type_id   u32 access_str_off   u32 kind

import type { CompiledObject, CompiledProgram } from '../../elf/index.ts'
import { ObjectError } from '../../errors/index.ts'

/** Throws ObjectError for one that stands at no instruction. */
export function coreRecords({ file, btfBytes }: CompiledObject, program: CompiledProgram): Uint8Array {
  const { relocations, name, section } = program
  // of several at one instruction the last one holds
  const last = relocations.filter((each, i) => relocations[i + 1]?.slot !== each.slot)
  const records = new Uint32Array(last.length * 4)
  const offsets = new Map<string, number>()
  for (const [i, { slot, typeId, accessStr, kind }] of last.entries()) {
    let offset = offsets.get(accessStr)
    if (offset === undefined) offsets.set(accessStr, (offset = stringOffset(btfBytes!, accessStr)))
    if (!Number.isInteger(slot) || offset < 0)
      throw new ObjectError(file, 'has a CO-RE relocation at no instruction', { program: name, section })
    records.set([slot * 8, typeId, offset, kind], i * 4)
  }
  return new Uint8Array(records.buffer)
}

/** Where a string is among the BTF's: it may be the end of a longer one. -1 when it is not there. */
function stringOffset(btf: Uint8Array, text: string): number {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength)
  const start = view.getUint32(4, true) + view.getUint32(16, true)
  const strings = Buffer.from(btf.buffer, btf.byteOffset + start, view.getUint32(20, true))
  return strings.indexOf(`${text}\0`)
}
