// The code of a loaded program as the kernel has it: its instructions after the verifier's rewriting, with the source lines and
// function names of its BTF, and what they were compiled to. struct bpf_prog_info of include/uapi/linux/bpf.h:
//
//     16 jited_prog_len  20 xlated_prog_len  24 jited_prog_insns  32 xlated_prog_insns  52 nr_map_ids  56 map_ids
//     128 btf_id  132 func_info_rec_size  136 func_info  144 nr_func_info  148 nr_line_info  152 line_info  172 line_info_rec_size

import { decode, type Insn, slotCount } from '../asm/index.ts'
import type { Btf } from '../btf/index.ts'
import { BtfError } from '../errors/index.ts'
import { btfById } from '../kernel/index.ts'
import { bpfObjGetInfoByFd, checkSyscall, LITTLE_ENDIAN, linux, setU64 } from '../sys/index.ts'

export interface LoadedCode {
  /**
   * labels are names of functions, `source` is the line of the program's source where that is known. Loads of maps have ids of maps, calls of
   * helpers in `imm` how far the kernel's function is from `__bpf_call_base`;
   * empty where the machine forbids to look (kptr_restrict, unprivileged)
   */
  readonly insns: readonly Insn[]
  /** what runs; empty without a compiler, or where the machine forbids to look */
  readonly machineCode: Uint8Array
  readonly mapIds: readonly number[]
}

const INFO_BYTES = 232

/** Throws SyscallError; AsmError for instructions that this package does not know. */
export function readLoadedCode(fd: number): LoadedCode {
  const data = new DataView(new ArrayBuffer(INFO_BYTES))
  const u32 = (offset: number) => data.getUint32(offset, LITTLE_ENDIAN)
  const ask = () =>
    checkSyscall(
      bpfObjGetInfoByFd(fd, new Uint8Array(data.buffer)),
      'bpf(BPF_OBJ_GET_INFO_BY_FD)',
      'read the code of a program',
    )
  ask()
  const btfId = u32(128)
  const [functionBytes, lineBytes] = [u32(132), u32(172)]
  const parts = {
    machine: new Uint8Array(new ArrayBuffer(u32(16))),
    insns: new Uint8Array(new ArrayBuffer(u32(20))),
    maps: new Uint8Array(new ArrayBuffer(u32(52) * 4)),
    functions: new Uint8Array(new ArrayBuffer(u32(144) * functionBytes)),
    lines: new Uint8Array(new ArrayBuffer(u32(148) * lineBytes)),
  }
  new Uint8Array(data.buffer).fill(0)
  const want = (part: Uint8Array, countAt: number, count: number, pointerAt: number) => {
    if (part.length === 0) return
    data.setUint32(countAt, count, LITTLE_ENDIAN)
    setU64(data, pointerAt, linux().address(part))
  }
  want(parts.machine, 16, parts.machine.length, 24)
  want(parts.insns, 20, parts.insns.length, 32)
  want(parts.maps, 52, parts.maps.length / 4, 56)
  data.setUint32(132, functionBytes, LITTLE_ENDIAN)
  want(parts.functions, 144, parts.functions.length / functionBytes, 136)
  data.setUint32(172, lineBytes, LITTLE_ENDIAN)
  want(parts.lines, 148, parts.lines.length / lineBytes, 152)
  ask()
  // where it forbids to look, the kernel takes the pointer away
  const shown = (part: Uint8Array, pointerAt: number) =>
    data.getBigUint64(pointerAt, LITTLE_ENDIAN) === 0n ? new Uint8Array(0) : part
  const insns = decode(shown(parts.insns, 32))
  const btf = btfId === 0 ? undefined : btfById(btfId)
  return {
    insns: btf === undefined ? insns : annotated(insns, btf, parts, functionBytes, lineBytes),
    machineCode: shown(parts.machine, 24),
    mapIds: [...new Uint32Array(parts.maps.buffer)],
  }
}

function annotated(
  insns: readonly Insn[],
  btf: Btf,
  parts: { readonly functions: Uint8Array; readonly lines: Uint8Array },
  functionBytes: number,
  lineBytes: number,
): Insn[] {
  const functions = new Map<number, string>()
  // struct bpf_func_info: u32 insn_off, u32 type_id
  for (const [slot, typeId] of records(parts.functions, functionBytes)) {
    const type = btf.type(typeId!)
    if (type.kind === 'func') functions.set(slot!, type.name)
  }
  const lines = new Map<number, Insn['source']>()
  // struct bpf_line_info: u32 insn_off, u32 file_name_off, u32 line_off, u32 line_col
  for (const [slot, file, text, lineColumn] of records(parts.lines, lineBytes))
    lines.set(slot!, sourceLine(btf, file!, text!, lineColumn!))
  let slot = 0
  let source: Insn['source']
  return insns.map(insn => {
    const label = functions.get(slot)
    source = lines.get(slot) ?? source
    slot += slotCount(insn)
    return {
      ...insn,
      ...(label === undefined ? {} : { labels: [label] }),
      ...(source === undefined ? {} : { source }),
    }
  })
}

function sourceLine(btf: Btf, file: number, text: number, lineColumn: number): Insn['source'] {
  try {
    const [line, column] = [lineColumn >>> 10, lineColumn & 0x3ff]
    return { file: btf.string(file), line, column, text: btf.string(text).trim() }
  } catch (error) {
    if (error instanceof BtfError) return undefined
    throw error
  }
}

/** Their words. */
function* records(bytes: Uint8Array, recordBytes: number): Generator<number[]> {
  const data = new DataView(bytes.buffer)
  for (let at = 0; at + recordBytes <= bytes.length && recordBytes > 0; at += recordBytes)
    yield Array.from({ length: recordBytes / 4 }, (_, i) => data.getUint32(at + i * 4, LITTLE_ENDIAN))
}
