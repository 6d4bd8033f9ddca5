// A program as far as it can be made ready without a kernel: labels placed, instructions and BTF encoded, only the
// descriptors of maps left open. Plain data that can be kept in a file, so that loading it takes no compiler.

import { encode, resolveLabels, resolveRefs } from '../asm/index.ts'
import type { Insn } from '../asm/insn.ts'
import { buildProgramInfo, type ProgramInfo } from '../btf/index.ts'
import type { ProgramSpec } from '../spec/spec.ts'

export interface PreparedProgram {
  readonly name: string
  /** BPF_PROG_TYPE_* */
  readonly type: number
  readonly license: string
  /** array of struct bpf_insn; a load of a map's descriptor or value has the map's place in `maps` for a descriptor */
  readonly insns: Uint8Array
  /** names */
  readonly maps: readonly string[]
  readonly info?: ProgramInfo
}

/** BPF_LD | BPF_IMM | BPF_DW, and the src_reg values that make it load a map: BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE */
const LD_IMM64 = 0x18
const PSEUDO_MAP_FD = 1
const PSEUDO_MAP_VALUE = 2

/** Throws AsmError for a program that refers to kernel functions or variables: their ids are the running kernel's. */
export function prepareProgram(spec: ProgramSpec): PreparedProgram {
  const maps: string[] = []
  const insns = resolveRefs(resolveLabels(spec.insns, { longJumps: false }), {
    map: name => (maps.includes(name) ? maps.indexOf(name) : maps.push(name) - 1),
    kfunc: () => undefined,
    ksym: () => undefined,
  })
  const info = programBtf(spec)
  return {
    name: spec.name,
    type: spec.type,
    license: spec.license,
    insns: encode(insns),
    maps,
    ...(info === undefined ? {} : { info }),
  }
}

/** The instructions with the descriptors of these maps, by name. */
export function withMaps(
  { name, insns, maps: names }: PreparedProgram,
  maps: Readonly<Record<string, { readonly fd: number }>>,
): Uint8Array {
  const bytes = new Uint8Array(insns)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < bytes.length; at += 8) {
    if (bytes[at] !== LD_IMM64) continue
    const source = bytes[at + 1]! >> 4
    if (source === PSEUDO_MAP_FD || source === PSEUDO_MAP_VALUE) {
      const map = names[view.getUint32(at + 4, true)]!
      const fd = maps[map]?.fd
      if (fd === undefined) throw new TypeError(`program "${name}" needs a map "${map}"`)
      view.setUint32(at + 4, fd, true)
    }
    at += 8 // its second half
  }
  return bytes
}

/**
 * Info is worth building where there is a source line to show; it says which functions are global (without it all are
 * static, which only costs the verifier time), and callbacks are refused without it. A program with subprograms gets
 * their names with it.
 */
export function programBtf(spec: ProgramSpec): ProgramInfo | undefined {
  if (spec.info !== undefined) return spec.info
  const needed = ({ source, ref }: Insn): boolean => source !== undefined || ref?.kind === 'funcAddress'
  return spec.globals !== undefined || spec.insns.some(needed)
    ? buildProgramInfo(spec.name, spec.insns, undefined, spec.globals)
    : undefined
}
