// A map of an object: a description that can be changed until the object is loaded, then the map itself.

import type { CompiledMap } from '../elf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import type { BpfMap } from '../map/index.ts'

export class ObjectMap {
  /** what the source calls it: a variable's name, or `.rodata` */
  readonly label: string
  /** of the object: `.maps`, `.rodata` */
  readonly section: string
  readonly source: CompiledMap
  /** number of entries, or bytes of a ring */
  maxEntries: number
  /** bytes; a section of data keeps its own */
  valueSize: number
  /** false: the map is not made, and programs must not reach what uses it */
  autocreate: boolean
  /** where to pin it, or find it pinned; by default below the object's pin root for maps declared so */
  pinPath: string | undefined
  /** a map to use in its place; stays the caller's */
  reuse: BpfMap | undefined
  /** what else ends with the map */
  onClose: (() => void) | undefined
  #map: BpfMap | undefined

  constructor(source: CompiledMap) {
    this.source = source
    this.label = source.label
    this.section = source.section
    this.maxEntries = source.maxEntries
    this.valueSize = source.valueSize
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

  close(): void {
    this.onClose?.()
    this.onClose = undefined
    if (this.#map !== this.reuse) this.#map?.close()
    this.#map = undefined
  }
}
