// The global variables of an object by name: set before loading, read and written after it. Constants (`const volatile`) can only
// be set before.

import {
  type Btf,
  type BtfType,
  type BtfValue,
  decodeValue,
  encodeValue,
  printType,
  sizeOf,
} from '../btf/index.ts'
import type { CompiledObject, Variable } from '../elf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { BPF_MAP_TYPE_ARENA } from '../sys/index.ts'
import type { ObjectMap } from './object-map.ts'

const KEY_0 = new Uint8Array(new ArrayBuffer(4))

/** One variable. Numbers up to 53 bits are numbers, wider ones bigints; structs are objects and char arrays text, as BTF says. */
export class GlobalVariable {
  readonly name: string
  /** `.rodata`, `.bss`, … */
  readonly section: string
  readonly variable: Variable
  /** no writes once the object is loaded */
  readonly readonly: boolean
  readonly #map: ObjectMap
  readonly #btf: Btf | undefined
  readonly #data: Uint8Array

  /** @param data initial value of the section, which loading hands to the kernel */
  constructor(variable: Variable, map: ObjectMap, data: Uint8Array, btf: Btf | undefined) {
    this.name = variable.name
    this.section = map.label
    this.variable = variable
    this.readonly = map.source.frozen === true
    this.#map = map
    this.#data = data
    this.#btf = btf
  }

  /** Throws BtfError for an object without types: use `bytes`. */
  get value(): BtfValue {
    const { btf, type } = this.#type()
    return decodeValue(btf, type, this.bytes)
  }

  set value(value: BtfValue) {
    const { btf, type } = this.#type()
    this.bytes = encodeValue(btf, type, value, this.name)
  }

  /** The same; the bytes for a variable without a type. */
  get typedValue(): BtfValue {
    return this.variable.typeId === 0 ? this.bytes : this.value
  }

  set typedValue(value: BtfValue) {
    if (this.variable.typeId === 0 && value instanceof Uint8Array) this.bytes = value
    else this.value = value
  }

  /** `unsigned int`, `enum mode`, for messages; '' without BTF */
  get typeName(): string {
    const { typeId } = this.variable
    if (this.#btf === undefined || typeId === 0) return ''
    return printType(this.#btf, unqualified(this.#btf, typeId))
  }

  /** A copy of what is there now. */
  get bytes(): Uint8Array {
    const { offsetBytes, sizeBytes } = this.variable
    if (!this.#map.loaded) return this.#data.slice(offsetBytes, offsetBytes + sizeBytes)
    // what is frozen cannot be mapped for writing
    if (!this.readonly) return this.#map.memory(offsetBytes, sizeBytes).slice()
    const { map } = this.#map
    const section = map.lookup(KEY_0) ?? new Uint8Array(map.valueSize)
    return section.slice(offsetBytes, offsetBytes + sizeBytes)
  }

  set bytes(bytes: Uint8Array) {
    const { offsetBytes, sizeBytes } = this.variable
    if (bytes.length !== sizeBytes)
      throw new BeetraceError('OBJECT_USE', `"${this.name}" has ${sizeBytes} bytes, not ${bytes.length}`)
    if (!this.#map.loaded) {
      this.#data.set(bytes, offsetBytes)
      return
    }
    if (this.readonly)
      throw new BeetraceError(
        'OBJECT_USE',
        `"${this.name}" is constant once the object is loaded: set it before`,
      )
    this.#map.memory(offsetBytes, sizeBytes).set(bytes)
  }

  #type() {
    const { typeId, sizeBytes } = this.variable
    if (this.#btf === undefined || typeId === 0)
      throw new BeetraceError(
        'OBJECT_USE',
        `"${this.name}" has no type: the object has no BTF of it; use \`bytes\``,
      )
    const type = this.#btf.type(typeId)
    if (sizeOf(this.#btf, type) !== sizeBytes)
      throw new BeetraceError(
        'OBJECT_USE',
        `"${this.name}" has ${sizeBytes} bytes but a type of another size`,
      )
    return { btf: this.#btf, type }
  }
}

/** `const volatile` says where it is kept, not what it is. */
function unqualified(btf: Btf, typeId: number): BtfType {
  let type = btf.type(typeId)
  for (let depth = 0; depth < 8 && (type.kind === 'const' || type.kind === 'volatile'); depth++)
    type = btf.type(type.typeId)
  return type
}

/**
 * The variables of an object's data, and those of the kernel's configuration, by name; of several the one that is not static.
 * @param data what the maps shall hold, by their labels: variables are read and written there until the object is loaded
 */
export function globalsOf(
  { btf }: CompiledObject,
  maps: Iterable<ObjectMap>,
  data: ReadonlyMap<string, Uint8Array>,
): Record<'globals' | 'configuration', ReadonlyMap<string, GlobalVariable>> {
  const globals = new Map<string, GlobalVariable>()
  const configuration = new Map<string, GlobalVariable>()
  for (const map of maps) {
    const { role, type, variables = [] } = map.source
    const isData = role === 'data' || type === BPF_MAP_TYPE_ARENA
    const named = isData ? globals : role === 'kconfig' ? configuration : undefined
    const bytes = data.get(map.label)
    if (bytes === undefined || named === undefined) continue
    for (const variable of variables) {
      const known = named.get(variable.name)
      if (known === undefined || (known.variable.isStatic && !variable.isStatic))
        named.set(variable.name, new GlobalVariable(variable, map, bytes, btf))
    }
  }
  return { globals, configuration }
}
