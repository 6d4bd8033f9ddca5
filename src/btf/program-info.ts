// The BTF of a program with its function and line info: with it the verifier's log carries the lines of the
// script, and stack traces and bpftool name the functions.

import type { Insn, SourceLine } from '../asm/insn.ts'
import { BtfBuilder } from './builder.ts'

/** sizeof(struct bpf_func_info): u32 insn_off, u32 type_id */
export const FUNC_INFO_BYTES = 8
/** sizeof(struct bpf_line_info): u32 insn_off, u32 file_name_off, u32 line_off, u32 line_col */
export const LINE_INFO_BYTES = 16

/** What BPF_PROG_LOAD takes beside the instructions. */
export interface ProgramInfo {
  /** raw BTF for BPF_BTF_LOAD; its descriptor becomes `prog_btf_fd` */
  readonly btf: Uint8Array
  /** array of struct bpf_func_info */
  readonly funcInfo: Uint8Array
  readonly funcInfoRecSize: typeof FUNC_INFO_BYTES
  /** array of struct bpf_line_info; empty when no instruction has a source */
  readonly lineInfo: Uint8Array
  readonly lineInfoRecSize: typeof LINE_INFO_BYTES
}

/** What a parameter of a global function is to the verifier: a number, or a pointer to a struct of a name and a size. */
export type ParamInfo =
  | { readonly kind: 'int'; readonly sizeBytes: 1 | 2 | 4 | 8; readonly signed: boolean }
  | { readonly kind: 'structPointer'; readonly struct: string; readonly sizeBytes: number }

/**
 * A function with global linkage: the verifier checks it once by its prototype, knowing of its arguments only that,
 * and at its calls it only checks the arguments. Linux 5.6; pointers but for the context since 5.12.
 * Source: btf_prepare_func_args, kernel/bpf/btf.c
 */
export interface GlobalFunction {
  /** also the label it starts at */
  readonly name: string
  readonly params: readonly ParamInfo[]
}

/**
 * Builds the info for a program named `name`. Functions start at the first instruction and at the labels that
 * calls (BPF_PSEUDO_CALL) and function addresses (BPF_PSEUDO_FUNC) name; with those references already resolved,
 * `subprogs` says the labels. Labels of other kinds do not matter.
 *
 * Line info has a record where the source changes and one at the start of each function, as the kernel demands;
 * a function that starts without a source takes the first one in it.
 * Functions are static but for those in `globals`.
 * Source: check_btf_func and check_btf_line, kernel/bpf/verifier.c (check_btf.c since 7.x).
 */
export function buildProgramInfo(
  name: string,
  insns: readonly Insn[],
  subprogs: readonly string[] = calledSubprogs(insns),
  globals: readonly GlobalFunction[] = [],
): ProgramInfo {
  const builder = new BtfBuilder()
  const intId = addInt(builder, 4, true)
  // no parameters: the kernel believes what a static function's prototype says of its arguments only where it
  // helps, and the program's own start is described by its type
  const protoId = builder.add({
    kind: 'funcProto',
    name: '',
    returnTypeId: intId,
    params: [],
    variadic: false,
  })

  const starts = new Set(subprogs)
  const funcInfo: number[] = []
  const lineInfo: number[] = []
  const anySource = insns.some(insn => insn.source !== undefined)
  // a source line may be long, and have many records
  const strings = new Map<string, number>()
  const stringOf = (text: string): number => {
    const known = strings.get(text)
    if (known !== undefined) return known
    const offset = builder.string(cString(text))
    strings.set(text, offset)
    return offset
  }
  let slot = 0
  let last: SourceLine | undefined
  insns.forEach((insn, index) => {
    const label = insn.labels?.find(l => starts.has(l))
    const startsFunction = index === 0 || label !== undefined
    if (startsFunction) {
      const global = globals.find(g => g.name === label)
      funcInfo.push(
        slot,
        builder.add({
          kind: 'func',
          name: identifier(index === 0 ? name : label!),
          typeId: global === undefined ? protoId : addPrototype(builder, global),
          linkage: global === undefined ? 'static' : 'global',
        }),
      )
    }
    const source = startsFunction ? firstSource(insns, index, starts) : insn.source
    if (anySource && (startsFunction || (source !== undefined && !sameLine(source, last)))) {
      lineInfo.push(slot, ...lineRecord(source, stringOf))
      last = source
    }
    slot += insn.code === LD_IMM64 ? 2 : 1
  })
  return {
    btf: builder.build(),
    funcInfo: bytesOf(funcInfo),
    funcInfoRecSize: FUNC_INFO_BYTES,
    lineInfo: bytesOf(lineInfo),
    lineInfoRecSize: LINE_INFO_BYTES,
  }
}

/** The prototype of a global function. Its result is a scalar: the kernel allows nothing else, and keeps all 64 bits. */
function addPrototype(builder: BtfBuilder, { params }: GlobalFunction): number {
  const types = params.map((param, i) => ({ name: `arg${i + 1}`, typeId: addParam(builder, param) }))
  const returnTypeId = addInt(builder, 8, false)
  return builder.add({ kind: 'funcProto', name: '', returnTypeId, params: types, variadic: false })
}

function addParam(builder: BtfBuilder, param: ParamInfo): number {
  if (param.kind === 'int') return addInt(builder, param.sizeBytes, param.signed)
  const { struct: name, sizeBytes } = param
  const typeId = builder.add({ kind: 'struct', name, sizeBytes, members: [] })
  return builder.add({ kind: 'ptr', name: '', typeId })
}

function addInt(builder: BtfBuilder, sizeBytes: 1 | 2 | 4 | 8, signed: boolean): number {
  const name = sizeBytes === 4 && signed ? 'int' : `${signed ? 's' : 'u'}${sizeBytes * 8}`
  const encoding = signed ? 'signed' : 'unsigned'
  return builder.add({ kind: 'int', name, sizeBytes, encoding, offsetBits: 0, sizeBits: sizeBytes * 8 })
}

/** BPF_LD | BPF_IMM | BPF_DW: the one instruction of two slots; offsets in the info count slots */
const LD_IMM64 = 0x18

function calledSubprogs(insns: readonly Insn[]): string[] {
  return insns.flatMap(({ ref }) =>
    ref?.kind === 'subprog' || ref?.kind === 'funcAddress' ? [ref.name] : [],
  )
}

function firstSource(insns: readonly Insn[], start: number, starts: ReadonlySet<string>) {
  for (let i = start; i < insns.length; i++) {
    if (i > start && insns[i]!.labels?.some(l => starts.has(l))) return undefined
    if (insns[i]!.source) return insns[i]!.source
  }
  return undefined
}

const sameLine = (a: SourceLine, b: SourceLine | undefined): boolean =>
  b !== undefined && a.line === b.line && a.column === b.column && a.file === b.file && a.text === b.text

/** line_col: bits 10-31 line, 0-9 column */
function lineRecord(source: SourceLine | undefined, stringOf: (text: string) => number): number[] {
  if (!source) return [0, 0, 0]
  const line = Math.min(source.line, 0x3f_ffff)
  const column = Math.min(source.column, 0x3ff)
  return [stringOf(source.file), stringOf(source.text), line * 1024 + column]
}

/** Strings end at a NUL; and a line break would break the lines of the verifier's log. */
const cString = (text: string): string => text.split(/[\0\r\n]/, 1)[0]!

/** The kernel takes only C identifiers of up to 127 characters for functions (btf_name_valid_identifier). */
function identifier(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 127)
  return /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`.slice(0, 127)
}

function bytesOf(words: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(words.length * 4)
  words.forEach((word, i) => {
    bytes.writeUInt32LE(word, i * 4)
  })
  return bytes
}
