// Maps as C declares them since libbpf 0.1: a struct whose members say by their types what the map is.
//
//     struct {
//       __uint(type, BPF_MAP_TYPE_HASH);      int (*type)[1]            a number: the length of an array behind a pointer
//       __type(key, u32);                     u32 *key                  a type: what a pointer points to
//       __ulong(map_extra, 0x100000000);      enum { … } map_extra      a large number: an enumerator
//       __array(values, struct inner);        struct inner *values[]    what is in it: a template, or programs
//     } m SEC(".maps");
//
// Source: parse_btf_map_def, tools/lib/bpf/libbpf.c.

import { type Btf, type BtfComposite, type BtfMember, resolve, sizeOf } from '../../btf/index.ts'
import {
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_PROG_ARRAY,
} from '../../sys/bpf-constants.generated.ts'

export interface MapDefinition {
  type: number
  keySize: number
  valueSize: number
  keyTypeId: number
  valueTypeId: number
  maxEntries: number
  flags: number
  numaNode?: number
  mapExtra?: bigint
  pinned: boolean
  inner?: MapDefinition
  /** where the array of initial values starts in the variable, bytes */
  valuesOffset?: number
}

/** `fail` is told what is wrong and throws. */
export function parseMapDefinition(
  btf: Btf,
  struct: BtfComposite,
  fail: (what: string) => never,
  isInner = false,
): MapDefinition {
  const definition: MapDefinition = {
    ...{ type: 0, keySize: 0, valueSize: 0, keyTypeId: 0, valueTypeId: 0 },
    ...{ maxEntries: 0, flags: 0, pinned: false },
  }
  const sized = (what: 'key' | 'value', size: number) => {
    const field = what === 'key' ? 'keySize' : 'valueSize'
    if (definition[field] !== 0 && definition[field] !== size)
      return fail(`says ${what} sizes of ${definition[field]} and of ${size} bytes`)
    definition[field] = size
  }
  for (const [index, member] of struct.members.entries()) {
    const int = () => numberOf(btf, member, fail)
    switch (member.name) {
      case 'type':
        definition.type = int()
        break
      case 'max_entries':
        definition.maxEntries = int()
        break
      case 'map_flags':
        definition.flags = int()
        break
      case 'numa_node':
        definition.numaNode = int()
        break
      case 'key_size':
        sized('key', int())
        break
      case 'value_size':
        sized('value', int())
        break
      case 'key':
      case 'value': {
        const typeId = pointee(btf, member, fail)
        sized(member.name, sizeOf(btf, btf.type(typeId)))
        definition[member.name === 'key' ? 'keyTypeId' : 'valueTypeId'] = typeId
        break
      }
      case 'pinning': {
        const pinning = int()
        if (isInner) return fail('an inner map cannot be pinned by name')
        if (pinning > 1) return fail(`pinning ${pinning} is neither LIBBPF_PIN_NONE nor LIBBPF_PIN_BY_NAME`)
        definition.pinned = pinning === 1
        break
      }
      case 'map_extra':
        definition.mapExtra = longOf(btf, member, fail)
        break
      case 'values':
        if (isInner) return fail('maps of maps of maps do not exist')
        if (index !== struct.members.length - 1) return fail('the member "values" must be the last')
        sized('value', 4)
        definition.valuesOffset = member.offsetBits / 8
        readValues(btf, member, definition, fail)
        break
      default:
        return fail(`a map has no "${member.name}"`)
    }
  }
  if (definition.type === 0) return fail('its type is not said')
  return definition
}

function numberOf(btf: Btf, member: BtfMember, fail: (what: string) => never): number {
  const pointer = resolve(btf, btf.type(member.typeId))
  const array = pointer.kind === 'ptr' ? resolve(btf, btf.type(pointer.typeId)) : pointer
  return pointer.kind === 'ptr' && array.kind === 'array'
    ? array.count
    : fail(`"${member.name}" is no number as __uint() writes it`)
}

function longOf(btf: Btf, member: BtfMember, fail: (what: string) => never): bigint {
  const type = resolve(btf, btf.type(member.typeId))
  if (type.kind === 'ptr') return BigInt(numberOf(btf, member, fail))
  if ((type.kind !== 'enum' && type.kind !== 'enum64') || type.values.length !== 1)
    return fail(`"${member.name}" is no number as __ulong() writes it`)
  return BigInt.asUintN(64, BigInt(type.values[0]!.value))
}

function pointee(btf: Btf, member: BtfMember, fail: (what: string) => never): number {
  const type = btf.type(member.typeId)
  return type.kind === 'ptr' ? type.typeId : fail(`"${member.name}" is no type as __type() writes it`)
}

function readValues(
  btf: Btf,
  member: BtfMember,
  definition: MapDefinition,
  fail: (what: string) => never,
): void {
  const array = resolve(btf, btf.type(member.typeId))
  if (array.kind !== 'array' || array.count !== 0) return void fail('"values" is not as __array() writes it')
  const pointer = resolve(btf, btf.type(array.elementTypeId))
  const element = pointer.kind === 'ptr' ? resolve(btf, btf.type(pointer.typeId)) : pointer
  if (definition.type === BPF_MAP_TYPE_PROG_ARRAY) {
    if (element.kind !== 'funcProto') fail('the values of a program array must be functions')
  } else if (
    definition.type === BPF_MAP_TYPE_ARRAY_OF_MAPS ||
    definition.type === BPF_MAP_TYPE_HASH_OF_MAPS
  ) {
    if (element.kind !== 'struct') fail('the values of a map of maps must be maps')
    definition.inner = parseMapDefinition(btf, element, what => fail(`inner map: ${what}`), true)
  } else fail('only maps of maps and program arrays have "values"')
}
