// The jump tables of a program as maps. The program keeps them: no descriptor is left when it is loaded.

import type { CompiledProgram } from '../elf/index.ts'
import { BpfMap } from '../map/index.ts'
import { BPF_MAP_TYPE_INSN_ARRAY, LITTLE_ENDIAN } from '../sys/index.ts'

/** struct bpf_insn_array_value { u32 orig_off, xlated_off, jitted_off, padding }; the kernel fills in all but the first */
const VALUE_BYTES = 16

/**
 * Makes a map of each table, gives them to `use` by their labels, and lets go of them.
 * @throws NotSupportedError before Linux 6.19; SyscallError
 */
export function withJumpMaps<T>(
  { jumpTables }: CompiledProgram,
  use: (maps: Readonly<Record<string, { readonly fd: number }>>) => T,
): T {
  const maps: Record<string, BpfMap> = {}
  try {
    for (const { label, targets } of jumpTables)
      maps[label] = BpfMap.create({
        name: '.jumptables',
        type: BPF_MAP_TYPE_INSN_ARRAY,
        ...{ keySize: 4, valueSize: VALUE_BYTES, maxEntries: targets.length },
        contents: targets.map((target, i) => ({ key: u32(i, 4), value: u32(target, VALUE_BYTES) })),
        frozen: true,
      })
    return use(maps)
  } finally {
    for (const map of Object.values(maps)) map.close()
  }
}

function u32(value: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(sizeBytes))
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN)
  return bytes
}
