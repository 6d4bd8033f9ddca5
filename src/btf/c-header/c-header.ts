// A C header of all types of a BTF, as `bpftool btf dump file … format c` writes it: every definition after what it needs, with
// declarations ahead where types point to each other.

import { BtfError } from '../../errors/index.ts'
import type { Btf } from '../btf.ts'
import { typeLabel } from '../print.ts'
import type { BtfComposite, BtfFunc, BtfType } from '../type.ts'
import {
  type CWriting,
  declare,
  declareForward,
  defineComposite,
  defineEnum,
  defineTypedef,
  writingOf,
} from './declare.ts'
import { COrder, MAX_C_DEPTH } from './order.ts'

export interface CHeaderOptions {
  /** only these types, and what they need; all unless told */
  readonly rootIds?: readonly number[]
}

/**
 * The header, ready to be compiled for BPF: its structs are relocated to those of the kernel that runs the program (CO-RE), and
 * kernel functions that BPF programs may call are declared at its end.
 * @throws BtfError for malformed types
 */
export function cHeader(btf: Btf, { rootIds }: CHeaderOptions = {}): string {
  const writer = new HeaderWriter(btf)
  if (rootIds === undefined) for (let id = 1; id <= btf.typeCount; id++) writer.add(id)
  else for (const id of rootIds) writer.add(id)
  const types = writer.finish()
  const functions = rootIds === undefined ? writer.kernelFunctions() : ''
  return `${PROLOGUE}${types}${functions}${EPILOGUE}`
}

/** Types alone, without what makes a header of them. Throws as `cHeader`. */
export function cDefinitions(btf: Btf, rootIds: readonly number[]): string {
  const writer = new HeaderWriter(btf)
  for (const id of rootIds) writer.add(id)
  return writer.finish()
}

const PROLOGUE = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

#ifndef __weak
#define __weak __attribute__((weak))
#endif

#ifndef __bpf_fastcall
#if __has_attribute(bpf_fastcall)
#define __bpf_fastcall __attribute__((bpf_fastcall))
#else
#define __bpf_fastcall
#endif
#endif

`

const EPILOGUE = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`

/** A type of clang's own, which a header must not define again. */
const BUILTIN_TYPEDEF = '__builtin_va_list'

const UNWRITTEN = 0
const UNDERWAY = 1
const WRITTEN = 2

class HeaderWriter {
  readonly #btf: Btf
  readonly #writing: CWriting
  readonly #order: COrder
  readonly #states: Uint8Array
  /** structs that were declared, typedefs that were defined, ahead of the rest */
  readonly #ahead: Uint8Array
  readonly #parts: string[] = []
  #referenced: Uint8Array | undefined

  constructor(btf: Btf) {
    this.#btf = btf
    this.#writing = writingOf(btf)
    this.#states = new Uint8Array(btf.typeCount + 1)
    this.#ahead = new Uint8Array(btf.typeCount + 1)
    this.#order = new COrder(
      btf,
      this.#writing.budget,
      id => (this.#referenced ??= referencedTypes(btf))[id] === 1,
    )
  }

  add(id: number): void {
    this.#order.add(id)
  }

  finish(): string {
    for (const id of this.#order.queue) this.#write(id, 0, 0)
    return this.#parts.join('')
  }

  /** Writes what a use of the type needs to stand before it; inside of `container`, or at the top level with 0. */
  #write(id: number, container: number, depth: number): void {
    if (id === 0 || this.#states[id] === WRITTEN) return
    this.#writing.budget.spend()
    const type = this.#btf.type(id)
    if (depth > MAX_C_DEPTH) throw new BtfError(`${typeLabel(type)} is nested too deeply to be written as C`)
    if (this.#states[id] === UNDERWAY) {
      this.#writeAhead(type, container)
      return
    }
    switch (type.kind) {
      case 'enum':
      case 'enum64':
        if (container === 0) this.#part(defineEnum(this.#writing, type, 0))
        this.#states[id] = WRITTEN
        return
      case 'fwd':
        this.#part(declareForward(this.#writing, type))
        this.#states[id] = WRITTEN
        return
      case 'ptr':
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
        this.#write(type.typeId, container, depth + 1)
        return
      case 'array':
        this.#write(type.elementTypeId, container, depth + 1)
        return
      case 'funcProto':
        this.#write(type.returnTypeId, container, depth + 1)
        for (const { typeId } of type.params) this.#write(typeId, container, depth + 1)
        return
      case 'typedef':
        this.#states[id] = UNDERWAY
        this.#write(type.typeId, id, depth + 1)
        if (this.#ahead[id] === 0 && type.name !== BUILTIN_TYPEDEF)
          this.#part(defineTypedef(this.#writing, type))
        this.#states[id] = WRITTEN
        return
      case 'struct':
      case 'union':
        this.#writeComposite(type, container, depth)
        return
      default:
        this.#states[id] = WRITTEN
    }
  }

  #writeComposite(type: BtfComposite, container: number, depth: number): void {
    const { id } = type
    this.#states[id] = UNDERWAY
    if (container === 0 || type.name === '') {
      // its members will be written out, so each needs what it is made of
      const inside = type.name === '' ? container : id
      for (const { typeId } of type.members) this.#write(typeId, inside, depth + 1)
    } else if (this.#ahead[id] === 0 && id !== container) {
      this.#part(declareForward(this.#writing, type))
      this.#ahead[id] = 1
    }
    if (container === 0) this.#part(defineComposite(this.#writing, type, 0))
    this.#states[id] = container === 0 ? WRITTEN : UNWRITTEN
  }

  /** The type is being written, and something inside of it points to it. */
  #writeAhead(type: BtfType, container: number): void {
    if (this.#ahead[type.id] === 1) return
    if (type.kind === 'typedef') {
      if (type.name !== BUILTIN_TYPEDEF) this.#part(defineTypedef(this.#writing, type))
    } else if (type.kind === 'struct' || type.kind === 'union') {
      // a struct is known inside of itself
      if (type.id === container || type.name === '') return
      this.#part(declareForward(this.#writing, type))
    } else return
    this.#ahead[type.id] = 1
  }

  #part(text: string): void {
    this.#parts.push(`${text};\n\n`)
  }

  /** Functions with the tag `bpf_kfunc`, which pahole 1.26 writes from Linux 6.10 on; `bpf_fastcall` says how they are called. */
  kernelFunctions(): string {
    const functions = new Map<string, BtfFunc>()
    const fast = new Set<string>()
    for (let id = 1; id <= this.#btf.typeCount; id++) {
      const tag = this.#btf.type(id)
      if (tag.kind !== 'declTag' || tag.componentIndex !== -1) continue
      const func = this.#btf.type(tag.typeId)
      if (func.kind !== 'func') continue
      if (tag.name === 'bpf_fastcall') fast.add(func.name)
      else if (tag.name === 'bpf_kfunc' && !functions.has(func.name)) functions.set(func.name, func)
    }
    if (functions.size === 0) return ''
    const lines = [...functions.values()].map(({ name, typeId }) => {
      const attribute = fast.has(name) ? '__bpf_fastcall ' : ''
      return `extern ${attribute}${declare(this.#writing, typeId, name)} __weak __ksym;\n`
    })
    return `\n/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n${lines.join('')}#endif\n\n`
  }
}

/** 1 for each type that another one refers to. */
function referencedTypes(btf: Btf): Uint8Array {
  const found = new Uint8Array(btf.typeCount + 1)
  for (let id = 1; id <= btf.typeCount; id++) for (const each of references(btf.type(id))) found[each] = 1
  return found
}

function references(type: BtfType): readonly number[] {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return type.members.map(({ typeId }) => typeId)
    case 'array':
      return [type.elementTypeId, type.indexTypeId]
    case 'funcProto':
      return [type.returnTypeId, ...type.params.map(({ typeId }) => typeId)]
    case 'datasec':
      return type.vars.map(({ typeId }) => typeId)
    default:
      return 'typeId' in type ? [type.typeId] : []
  }
}
