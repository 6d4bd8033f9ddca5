// One type record, from its words to the plain data of type.ts.

import { BtfError } from '../errors/index.ts'
import {
  BTF_INT_BOOL,
  BTF_INT_CHAR,
  BTF_INT_SIGNED,
  BTF_KIND_ARRAY,
  BTF_KIND_CONST,
  BTF_KIND_DATASEC,
  BTF_KIND_DECL_TAG,
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_FWD,
  BTF_KIND_INT,
  BTF_KIND_PTR,
  BTF_KIND_RESTRICT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_UNION,
  BTF_KIND_VAR,
  BTF_KIND_VOLATILE,
  infoFlag,
  infoKind,
  infoVlen,
} from './kinds.ts'
import type { BtfLinkage, BtfMember, BtfModifier, BtfType } from './type.ts'

/**
 * The type whose record starts at `word`. The caller has checked that the whole record lies inside `words`.
 * Throws BtfError when a name lies outside of the strings.
 * Source: struct btf_type and what follows it by kind, include/uapi/linux/btf.h.
 */
export function inflate(
  id: number,
  words: Uint32Array,
  word: number,
  names: { string(offset: number): string },
): BtfType {
  const info = words[word + 1]!
  const kind = infoKind(info)
  const vlen = infoVlen(info)
  const flag = infoFlag(info)
  const name = names.string(words[word]!)
  // the third word is a size for types that have one, and an id for types that refer to another
  const sizeBytes = words[word + 2]!
  const typeId = sizeBytes
  const body = word + 3
  /** maps the `vlen` elements of `stride` words; `at` is where an element starts */
  const elements = <T>(stride: number, make: (at: number) => T): T[] => {
    const list = new Array<T>(vlen)
    for (let i = 0; i < vlen; i++) list[i] = make(body + i * stride)
    return list
  }

  switch (kind) {
    case BTF_KIND_INT: {
      // bits 24-27 encoding, 16-23 offset, 0-7 bits
      const data = words[body]!
      return {
        kind: 'int',
        id,
        name,
        sizeBytes,
        encoding: intEncoding((data >>> 24) & 15),
        offsetBits: (data >>> 16) & 255,
        sizeBits: data & 255,
      }
    }
    case BTF_KIND_PTR:
      return { kind: 'ptr', id, name: '', typeId }
    case BTF_KIND_ARRAY:
      return {
        kind: 'array',
        id,
        name: '',
        elementTypeId: words[body]!,
        indexTypeId: words[body + 1]!,
        count: words[body + 2]!,
      }
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: {
      const member = (at: number): BtfMember => {
        const offset = words[at + 2]!
        return {
          name: names.string(words[at]!),
          typeId: words[at + 1]!,
          // with kind_flag: bits 24-31 size of the bit field, 0-23 offset
          offsetBits: flag ? offset & 0xffffff : offset,
          bitfieldBits: flag ? offset >>> 24 : 0,
        }
      }
      const members = elements(3, member)
      return { kind: kind === BTF_KIND_STRUCT ? 'struct' : 'union', id, name, sizeBytes, members }
    }
    case BTF_KIND_ENUM: {
      // writers before Linux 6.0 never set the flag: their negative values show as unsigned, as in libbpf
      const values = elements(2, at => {
        const value = words[at + 1]!
        return { name: names.string(words[at]!), value: flag ? value | 0 : value }
      })
      return { kind: 'enum', id, name, sizeBytes, signed: flag, values }
    }
    case BTF_KIND_ENUM64: {
      const value = (at: number) => {
        const bits = (BigInt(words[at + 2]!) << 32n) | BigInt(words[at + 1]!)
        return { name: names.string(words[at]!), value: flag ? BigInt.asIntN(64, bits) : bits }
      }
      return { kind: 'enum64', id, name, sizeBytes, signed: flag, values: elements(3, value) }
    }
    case BTF_KIND_FWD:
      return { kind: 'fwd', id, name, target: flag ? 'union' : 'struct' }
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG:
      return { kind: MODIFIERS[kind]!, id, name, typeId }
    case BTF_KIND_FUNC:
      // the linkage is kept where other kinds keep their number of elements
      return { kind: 'func', id, name, typeId, linkage: linkage(vlen) }
    case BTF_KIND_FUNC_PROTO: {
      const params = elements(2, at => ({ name: names.string(words[at]!), typeId: words[at + 1]! }))
      // a last parameter without name and type stands for `...`
      const last = params[vlen - 1]
      const variadic = last !== undefined && last.typeId === 0 && last.name === ''
      if (variadic) params.pop()
      return { kind: 'funcProto', id, name: '', returnTypeId: typeId, params, variadic }
    }
    case BTF_KIND_VAR:
      return { kind: 'var', id, name, typeId, linkage: linkage(words[body]!) }
    case BTF_KIND_DATASEC: {
      const vars = elements(3, at => ({
        typeId: words[at]!,
        offsetBytes: words[at + 1]!,
        sizeBytes: words[at + 2]!,
      }))
      return { kind: 'datasec', id, name, sizeBytes, vars }
    }
    case BTF_KIND_FLOAT:
      return { kind: 'float', id, name, sizeBytes }
    case BTF_KIND_DECL_TAG:
      return { kind: 'declTag', id, name, typeId, componentIndex: words[body]! | 0 }
    default:
      return { kind: 'unknown', id, name, kindNumber: kind }
  }
}

const MODIFIERS: Readonly<Record<number, BtfModifier['kind']>> = {
  [BTF_KIND_TYPEDEF]: 'typedef',
  [BTF_KIND_VOLATILE]: 'volatile',
  [BTF_KIND_CONST]: 'const',
  [BTF_KIND_RESTRICT]: 'restrict',
  [BTF_KIND_TYPE_TAG]: 'typeTag',
}

function intEncoding(encoding: number): 'unsigned' | 'signed' | 'char' | 'bool' {
  switch (encoding) {
    case 0:
      return 'unsigned'
    case BTF_INT_SIGNED:
      return 'signed'
    case BTF_INT_CHAR:
      return 'char'
    case BTF_INT_BOOL:
      return 'bool'
    default:
      throw new BtfError(`BTF int encoding ${encoding} has more than one of signed, char, bool`)
  }
}

function linkage(number: number): BtfLinkage {
  switch (number) {
    case 0:
      return 'static'
    case 1:
      return 'global'
    case 2:
      return 'extern'
    default:
      throw new BtfError(`BTF linkage ${number} is not known`)
  }
}
