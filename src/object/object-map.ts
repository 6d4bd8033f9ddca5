// A map of an object: a description that can be changed until the object is loaded, then the map itself.

import type { CompiledMap } from '../elf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import type { Arena, BpfMap } from '../map/index.ts'
import { BPF_MAP_TYPE_ARENA } from '../sys/index.ts'

export class ObjectMap {
  /** what the source calls it: a variable's name, or `.rodata` */
  readonly label: string
  /** of the object: `.maps`, `.rodata` */
  readonly section: string
  readonly source: CompiledMap
  /** BPF_MAP_TYPE_* */
  type: number
  /** bytes */
  keySize: number
  /** bytes; of a section of data its length: longer, it ends in zeros, which its last variable goes on into */
  valueSize: number
  /** number of entries, or bytes of a ring */
  maxEntries: number
  /** BPF_F_* */
  flags: number
  numaNode: number | undefined
  /** what it means depends on the type */
  mapExtra: bigint | undefined
  /** of a map of maps: one like those that it is to hold, in place of the declared one; stays the caller's */
  innerTemplate: { readonly fd: number } | undefined
  /** false: the map is not made, and programs must not reach what uses it */
  autocreate: boolean
  /** false: `attach()` of the object passes it over, where it is a struct_ops */
  autoattach = true
  /** where to pin it, or find it pinned; by default below the object's pin root for maps declared so */
  pinPath: string | undefined
  /** the program of this object that alone may use it (Linux 6.18), by its name */
  exclusiveTo: string | undefined
  /** a map to use in its place; stays the caller's */
  reuse: BpfMap | undefined
  #map: BpfMap | undefined
  #arena: Arena | undefined

  constructor(source: CompiledMap) {
    this.source = source
    this.label = source.label
    this.section = source.section
    this.type = source.type
    this.keySize = source.keySize
    this.valueSize = source.valueSize
    this.maxEntries = source.maxEntries
    this.flags = source.flags ?? 0
    this.numaNode = source.numaNode
    this.mapExtra = source.mapExtra
    this.autocreate = source.autocreate
  }

  /** The loaded map. Throws BeetraceError `OBJECT_USE` before loading, or when it was not made. */
  get map(): BpfMap {
    if (this.#map !== undefined) return this.#map
    throw new BeetraceError('OBJECT_USE', `map "${this.label}" is not loaded`)
  }

  get loaded(): boolean {
    return this.#map !== undefined
  }

  /** Takes over the map: closing this closes it, unless it is the one to reuse. */
  hold(map: BpfMap): void {
    this.#map = map
  }

  /** The mapping of an arena, until the object is closed. Throws BeetraceError `OBJECT_USE` for another map. */
  get arena(): Arena {
    if (this.#arena !== undefined) return this.#arena
    throw new BeetraceError('OBJECT_USE', `map "${this.label}" is no arena that this object has mapped`)
  }

  /** Takes over the arena. */
  holdArena(arena: Arena): void {
    this.#arena = arena
  }

  /** A part of the memory that programs share with us: of an arena, or of a map that has one value. */
  memory(offsetBytes: number, byteLength: number): Uint8Array {
    if (this.source.type === BPF_MAP_TYPE_ARENA) return this.arena.view(offsetBytes, byteLength)
    const shared = this.map.memory()
    return new Uint8Array(shared.buffer, shared.byteOffset + offsetBytes, byteLength)
  }

  close(): void {
    this.#arena?.close()
    this.#arena = undefined
    if (this.#map !== this.reuse) this.#map?.close()
    this.#map = undefined
  }
}
