// An object's BTF as a kernel takes it. What the compiler leaves open is filled in: where variables lie in their sections. What
// stands for something of the kernel is made an ordinary variable. And kinds that a kernel does not know yet are written as
// older ones of the same length, so that all ids stay.
//
// Source: btf_fixup_datasec, bpf_object__collect_externs and bpf_object__sanitize_btf, tools/lib/bpf/libbpf.c.

import { BtfError } from '../errors/index.ts'
import type { Btf } from './btf.ts'
import {
  BTF_HEADER_BYTES,
  BTF_KIND_CONST,
  BTF_KIND_DATASEC,
  BTF_KIND_DECL_TAG,
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_INT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_UNION,
  BTF_KIND_VAR,
  BTF_MAGIC,
  BTF_VERSION,
  ELEMENT_WORDS,
  HEAD_WORDS,
  infoKind,
  infoVlen,
} from './kinds.ts'

/** How a section of variables lies in the object. */
export interface SectionLayout {
  readonly sizeBytes: number
  /** by name; others keep what BTF says */
  readonly offsets: ReadonlyMap<string, number>
}

/** Kinds that kernels learnt one after the other. */
export interface BtfKinds {
  /** Linux 5.13 */
  readonly float: boolean
  /** Linux 5.16 */
  readonly declTag: boolean
  /** Linux 5.17 */
  readonly typeTag: boolean
  /** Linux 6.0, with the sign of enums */
  readonly enum64: boolean
  /** `?` in the name of a section of variables; Linux 6.9 */
  readonly questionMark: boolean
}

export const ALL_KINDS: BtfKinds = {
  float: true,
  declTag: true,
  typeTag: true,
  enum64: true,
  questionMark: true,
}

/**
 * Fills in the layout of sections, by their name; `.kconfig` is one of them, too, and externs of `.ksyms` become ints.
 * @param staticFunctions global ones that the verifier is to see as static: what is hidden (`__hidden`) in the object
 * @returns raw BTF that `btf` can be replaced with: all ids are the same
 * @throws BtfError when a record reaches past the end, or the bytes are of the other byte order
 */
export function layOutSections(
  bytes: Uint8Array,
  btf: Btf,
  layouts: ReadonlyMap<string, SectionLayout>,
  staticFunctions: ReadonlySet<string> = new Set(),
): Uint8Array {
  return rewrite(bytes, (blob, addString, addWords) => {
    let spare: { name: number; intId: number; varId: number } | undefined
    // a variable that stands for kernel functions, and an int that stands for the type of kernel variables
    const stand = () => {
      if (spare === undefined) {
        const name = addString('dummy_ksym')
        const intId = addWords([addString('int'), (BTF_KIND_INT << 24) >>> 0, 4, (1 << 24) | 32])
        const varId = addWords([name, (BTF_KIND_VAR << 24) >>> 0, intId, 1])
        spare = { name, intId, varId }
      }
      return spare
    }
    for (const { words, at, kind, vlen } of blob.records()) {
      if (kind === BTF_KIND_FUNC && staticFunctions.has(btf.string(words[at]!)))
        words[at + 1] = (BTF_KIND_FUNC << 24) >>> 0
      if (kind !== BTF_KIND_DATASEC) continue
      const name = btf.string(words[at]!)
      const layout = layouts.get(name)
      const isKsyms = name === '.ksyms'
      if (layout === undefined && !isKsyms) continue
      const vars: [typeId: number, offset: number, size: number][] = []
      for (let i = 0; i < vlen; i++) {
        const field = at + 3 + i * 3
        const typeId = words[field]!
        const target = blob.recordOf(typeId)
        if (isKsyms) {
          const isFunction = infoKind(words[target + 1]!) === BTF_KIND_FUNC
          if (isFunction) makeGlobal(blob, target, stand().name)
          else {
            words[target + 2] = stand().intId
            words[target + 3] = 1
          }
          vars.push([isFunction ? stand().varId : typeId, i * 4, 4])
          continue
        }
        const offset = layout!.offsets.get(btf.string(words[target]!)) ?? words[field + 1]!
        if (words[target + 3] === 2) words[target + 3] = 1 // extern
        vars.push([typeId, offset, words[field + 2]!])
      }
      vars.sort((a, b) => a[1] - b[1])
      words[at + 2] = isKsyms ? vlen * 4 : layout!.sizeBytes
      for (const [i, each] of vars.entries()) words.set(each, at + 3 + i * 3)
    }
  })
}

/** A prototype in a kernel's eyes must name its parameters. */
function makeGlobal(blob: Blob, func: number, paramName: number): void {
  const { words } = blob
  words[func + 1] = ((BTF_KIND_FUNC << 24) | 1) >>> 0
  const proto = blob.recordOf(words[func + 2]!)
  if (infoKind(words[proto + 1]!) !== BTF_KIND_FUNC_PROTO) return
  for (let i = 0; i < infoVlen(words[proto + 1]!); i++) {
    const param = proto + 3 + i * 2
    if (words[param] === 0 && words[param + 1] !== 0) words[param] = paramName
  }
}

/** Writes kinds that the kernel does not know as others. Throws BtfError. */
export function sanitizeBtf(bytes: Uint8Array, btf: Btf, known: BtfKinds): Uint8Array {
  if (Object.values(known).every(Boolean)) return bytes
  return rewrite(bytes, (blob, addString, addWords) => {
    const intWords = (size: number) => (size * 8) >>> 0
    let wide: number | undefined
    for (const { words, at, kind, vlen } of blob.records()) {
      const become = (other: number, count = 0) => {
        words[at + 1] = ((other << 24) | count) >>> 0
      }
      if (kind === BTF_KIND_FLOAT && !known.float) {
        become(BTF_KIND_STRUCT)
        words[at] = 0
      } else if (kind === BTF_KIND_DECL_TAG && !known.declTag) {
        become(BTF_KIND_INT)
        words[at + 2] = 1
        words[at + 3] = intWords(1)
      } else if (kind === BTF_KIND_TYPE_TAG && !known.typeTag) {
        become(BTF_KIND_CONST)
        words[at] = 0
      } else if (kind === BTF_KIND_ENUM && !known.enum64) become(BTF_KIND_ENUM, vlen)
      else if (kind === BTF_KIND_ENUM64 && !known.enum64) {
        wide ??= addWords([addString('enum64_placeholder'), (BTF_KIND_INT << 24) >>> 0, 8, intWords(8)])
        become(BTF_KIND_UNION, vlen)
        for (let i = 0; i < vlen; i++) words.set([wide, 0], at + 3 + i * 3 + 1)
      } else if (kind === BTF_KIND_DATASEC && !known.questionMark) {
        const name = btf.string(words[at]!)
        if (name.startsWith('?')) words[at] = addString(name.replaceAll('?', '_'))
      }
    }
  })
}

export interface Blob {
  readonly words: Uint32Array
  records(): Generator<{ words: Uint32Array; at: number; kind: number; vlen: number }>
  /** the word at which the type of that id starts */
  recordOf(typeId: number): number
}

type Change = (
  blob: Blob,
  addString: (text: string) => number,
  /** a record at the end; its id */
  addWords: (words: readonly number[]) => number,
) => void

/** Changes a copy of the types, with room for more of them and for strings behind what is there. */
export function rewrite(bytes: Uint8Array, change: Change): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < BTF_HEADER_BYTES || view.getUint16(0, true) !== BTF_MAGIC)
    throw new BtfError('only little-endian BTF can be changed')
  const header = view.getUint32(4, true)
  const [typeAt, typeBytes] = [header + view.getUint32(8, true), view.getUint32(12, true)]
  const [stringAt, stringBytes] = [header + view.getUint32(16, true), view.getUint32(20, true)]
  if (typeAt + typeBytes > bytes.length || stringAt + stringBytes > bytes.length)
    throw new BtfError('BTF is cut off')
  const words = new Uint32Array(
    Uint8Array.from(bytes.subarray(typeAt, typeAt + typeBytes)).buffer,
    0,
    typeBytes >>> 2,
  )
  const starts = indexRecords(words)
  const blob: Blob = {
    words,
    *records() {
      for (const at of starts)
        yield { words, at, kind: infoKind(words[at + 1]!), vlen: infoVlen(words[at + 1]!) }
    },
    recordOf: typeId => {
      const at = starts[typeId - 1]
      if (at === undefined) throw new BtfError(`no BTF type has the id ${typeId}`)
      return at
    },
  }
  const added: number[] = []
  const strings: Buffer[] = []
  let nextString = stringBytes
  let nextId = starts.length + 1
  change(
    blob,
    text => {
      const offset = nextString
      const encoded = Buffer.from(`${text}\0`)
      strings.push(encoded)
      nextString += encoded.length
      return offset
    },
    record => {
      added.push(...record)
      return nextId++
    },
  )
  const newTypeBytes = typeBytes + added.length * 4
  const head = Buffer.alloc(BTF_HEADER_BYTES)
  head.writeUInt16LE(BTF_MAGIC, 0)
  head.writeUInt8(BTF_VERSION, 2)
  head.writeUInt32LE(BTF_HEADER_BYTES, 4)
  head.writeUInt32LE(newTypeBytes, 12)
  head.writeUInt32LE(newTypeBytes, 16)
  head.writeUInt32LE(nextString, 20)
  return Buffer.concat([
    head,
    new Uint8Array(words.buffer, 0, typeBytes),
    new Uint8Array(Uint32Array.from(added).buffer),
    bytes.subarray(stringAt, stringAt + stringBytes),
    ...strings,
  ])
}

/** Where each record starts; index 0 is type 1. */
function indexRecords(words: Uint32Array): number[] {
  const starts: number[] = []
  for (let at = 0; at < words.length; ) {
    const info = words[at + 1] ?? 0
    const head = HEAD_WORDS[infoKind(info)]!
    const next = at + head + ELEMENT_WORDS[infoKind(info)]! * infoVlen(info)
    if (head === 0 || next > words.length) throw new BtfError(`BTF type ${starts.length + 1} is malformed`)
    starts.push(at)
    at = next
  }
  return starts
}
