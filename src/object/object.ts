// A compiled object from opening to closing:
//
//     using object = openObject('tool.bpf.o')
//     object.global('min_us').value = 1000n        settings, until
//     object.load()                                maps are made and programs verified
//     object.attach()                              what its section says where
//     object.map('events').map                     BpfMap; object.program('on_exec').program: Program
//
// Opening touches no kernel. Closing detaches, unloads and lets go of the maps.

import { type CompiledObject, readObject } from '../elf/index.ts'
import { BeetraceError, ObjectError } from '../errors/index.ts'
import { FileSource, openBpfFs } from '../kernel/index.ts'
import type { Link } from '../link/index.ts'
import type { BpfMap } from '../map/index.ts'
import { instructionHash, type Program } from '../program/index.ts'
import { LITTLE_ENDIAN, withBpfToken } from '../sys/index.ts'
import type { AttachOptions } from './attach.ts'
import { type GlobalVariable, globalsOf } from './globals.ts'
import { withJumpMaps } from './jump-maps.ts'
import { fillConfig, kernelConfig } from './kconfig.ts'
import { fillMap, type MapInput, makeMap } from './load-maps.ts'
import { bindConstants, loadReady, loadReadyAside, makeReady } from './load-programs.ts'
import { gatherLoading, type Loading, type LoadingMaps } from './loading.ts'
import { ObjectMap } from './object-map.ts'
import { ObjectProgram, type ProgramSettings, settingsOf } from './object-program.ts'
import type { ObjectAttachOptions, ObjectLoadOptions, OpenOptions } from './options.ts'
import { attachStructOpsMap, chooseStructOpsPrograms, makeStructOps, withMember } from './struct-ops.ts'
import type { StructOpsPlan } from './struct-ops-plan.ts'
import { attachUsdtProgram } from './usdt.ts'

/** Opens a compiled object. Throws ElfError, BtfError, ObjectError, AsmError. */
export function openObject(from: string | Uint8Array, { name }: OpenOptions = {}): BpfObject {
  if (typeof from !== 'string') return new BpfObject(readObject(from, name ?? 'object'))
  using file = new FileSource(from)
  if (file.sizeBytes > OBJECT_BYTES_MAX)
    throw new ObjectError(from, `${file.sizeBytes} bytes are too many for a compiled object`)
  return new BpfObject(readObject(file.read(0, file.sizeBytes), name ?? from))
}

const OBJECT_BYTES_MAX = 1 << 28

/**
 * Makes what an object describes in its own way, and gives it to `hold` of the maps and programs.
 * @param values what sections of data are to hold, by their labels
 */
export type ObjectLoader = (
  object: BpfObject,
  values: ReadonlyMap<string, Uint8Array>,
  options: ObjectLoadOptions,
) => void

export class BpfObject implements Disposable {
  readonly source: CompiledObject
  /** by name, in the order of the object */
  readonly programs: ReadonlyMap<string, ObjectProgram>
  /** by what the source calls them; sections of data by the section's name */
  readonly maps: ReadonlyMap<string, ObjectMap>
  /** global variables by name; static ones too, where no other has the name */
  readonly globals: ReadonlyMap<string, GlobalVariable>
  /** variables declared `__kconfig` by name: the kernel's configuration, once loaded */
  readonly configuration: ReadonlyMap<string, GlobalVariable>
  readonly #data = new Map<string, Uint8Array>()
  readonly #structOps = new Map<string, StructOpsPlan>()
  readonly #links: Link[] = []
  /** labels of what `onRefused` agreed to do without */
  readonly #leftOut = new Set<string>()
  readonly #onClose: (() => void)[] = []
  readonly #clones: ObjectProgram[] = []
  readonly #loader: ObjectLoader | undefined
  #loadOptions: ObjectLoadOptions = {}
  #state: 'open' | 'loading' | 'loaded' | 'closed' = 'open'

  /** Use `openObject`. */
  constructor(source: CompiledObject, loader?: ObjectLoader) {
    this.source = source
    this.#loader = loader
    this.programs = new Map(source.programs.map(each => [each.name, new ObjectProgram(each)]))
    this.maps = new Map(source.maps.map(each => [each.label, new ObjectMap(each)]))
    for (const map of this.maps.values())
      if (map.source.data !== undefined) this.#data.set(map.label, Uint8Array.from(map.source.data))
    const { globals, configuration } = globalsOf(source, this.maps.values(), this.#data)
    this.globals = globals
    this.configuration = configuration
  }

  /** Throws BeetraceError `OBJECT_USE` with the names there are. */
  program(name: string): ObjectProgram {
    return this.programs.get(name) ?? this.#none('program', name, this.programs.keys())
  }

  /** Throws BeetraceError `OBJECT_USE` with the names there are. */
  map(name: string): ObjectMap {
    return this.maps.get(name) ?? this.#none('map', name, this.maps.keys())
  }

  /** Throws BeetraceError `OBJECT_USE` with the names there are. */
  global(name: string): GlobalVariable {
    return this.globals.get(name) ?? this.#none('global variable', name, this.globals.keys())
  }

  get loaded(): boolean {
    return this.#state === 'loaded'
  }

  /**
   * Makes the maps and loads the programs. On an error nothing stays loaded, and the object can be set and loaded again.
   * @throws VerifierError, SyscallError, NotSupportedError, ObjectError, BtfError
   */
  load(options: ObjectLoadOptions = {}): this {
    this.#requireOpen()
    if (this.#loader !== undefined) return this.#loadBy(this.#loader, options)
    try {
      using loading = this.#startLoading(options)
      withBpfToken(loading.token, () => {
        for (const program of this.#wanted())
          this.#takeProgram(program, () => this.#loadProgram(program, loading), options)
      })
      return this.#finishLoading()
    } catch (error) {
      throw this.#failLoading(error)
    }
  }

  /**
   * The same, with programs verified in threads of Node's pool, next to each other and to the work on those that follow: sooner
   * done where there are many, or large ones. Nothing else is to be done with the object in the meantime.
   * @throws what `load` throws
   */
  async loadAsync(options: ObjectLoadOptions = {}): Promise<this> {
    this.#requireOpen()
    if (this.#loader !== undefined) return this.#loadBy(this.#loader, options)
    try {
      using loading = this.#startLoading(options)
      const { token } = loading
      const programs = this.#wanted()
      const verified = withBpfToken(token, () => programs.map(each => this.#loadAside(each, loading)))
      try {
        for (const program of programs) {
          const done = await verified[0]
          verified.shift()
          // what did not go well there says here why
          const load = () => done ?? withBpfToken(token, () => this.#loadProgram(program, loading))
          this.#takeProgram(program, load, options)
        }
      } finally {
        for (const rest of verified) (await rest)?.close()
      }
      return this.#finishLoading()
    } catch (error) {
      throw this.#failLoading(error)
    }
  }

  /**
   * Attaches every loaded program whose section says where, and every struct_ops map. What is attached is closed with the
   * object. Of several, one that fails undoes those before it, unless `onRefused` would rather do without it.
   * @throws what attaching throws
   */
  attach({ onRefused, ...options }: ObjectAttachOptions = {}): Link[] {
    this.#requireLoaded()
    const links: Link[] = []
    const attach = (what: ObjectProgram | ObjectMap, how: () => Link) => {
      try {
        links.push(how())
      } catch (error) {
        if (onRefused?.(what, error) !== true) throw error
      }
    }
    try {
      for (const program of this.programs.values()) {
        if (program.loaded && program.autoattach && program.attachesItself)
          attach(program, () => this.attachProgram(program.name, options))
      }
      for (const map of this.maps.values())
        if (map.loaded && map.autoattach && map.source.role === 'structOps')
          attach(map, () => this.attachStructOps(map.label))
      return links
    } catch (error) {
      for (const link of links.reverse()) link.close()
      throw error
    }
  }

  /** Attaches one program of any section that says where, or as `options` say. Throws what attaching throws. */
  attachProgram(name: string, options: AttachOptions = {}): Link {
    this.#requireLoaded()
    const program = this.program(name)
    const isUsdt = program.source.sectionName?.definition.attach === 'usdt'
    return isUsdt ? this.attachUsdt(name, options) : program.attach(options)
  }

  /** Attaches a program of section `usdt`: to its target, or to `PATH:PROVIDER:NAME`. Throws BeetraceError `OBJECT_USE`. */
  attachUsdt(name: string, options: AttachOptions = {}): Link {
    this.#requireLoaded()
    const program = this.program(name)
    return program.adopt(attachUsdtProgram(program, this.maps, this.source.btf, options))
  }

  /** Puts what a struct_ops variable describes in the place of the kernel's own. */
  attachStructOps(label: string): Link {
    this.#requireLoaded()
    const plan = this.#structOps.get(label)
    if (plan === undefined) throw new BeetraceError('OBJECT_USE', `map "${label}" is no struct_ops`)
    const link = attachStructOpsMap(this.map(label).map, plan, this.programs)
    this.#links.push(link)
    return link
  }

  /**
   * Loads a program's code once more, with other settings: to attach it elsewhere as well, where that is said to the verifier
   * (`attachTo`, `expectedAttachType`). The copy is closed with the object, or before by its `close()`.
   * @throws what `load` throws
   */
  cloneProgram(name: string, settings: ProgramSettings = {}): ObjectProgram {
    this.#requireLoaded()
    if (this.#loader !== undefined)
      throw new BeetraceError(
        'OBJECT_USE',
        `${this.source.file} is light: its programs' code is not there to be loaded again`,
      )
    const original = this.program(name)
    const copy = Object.assign(new ObjectProgram(original.source), settingsOf(original), settings)
    using loading = gatherLoading(this.source, this.#loadOptions, ({ maps }) => {
      for (const map of this.maps.values()) if (map.loaded) maps[map.label] = map.map
    })
    withBpfToken(loading.token, () => copy.hold(this.#loadProgram(copy, loading)))
    this.#clones.push(copy)
    return copy
  }

  /** Takes off everything that is attached; what is loaded stays so. */
  detach(): void {
    for (const link of this.#links.splice(0).reverse()) link.close()
    for (const program of [...this.programs.values(), ...this.#clones].reverse()) program.detach()
  }

  /** What is to end with the object, before its programs and maps do: readers of its buffers. */
  onClose(end: () => void): void {
    this.#onClose.push(end)
  }

  /** Detaches, unloads, lets go; while it is being loaded, when that is over. What is pinned stays. Twice is harmless. */
  close(): void {
    for (const end of this.#onClose.splice(0).reverse()) end()
    if (this.#state !== 'loading') this.#unload()
    this.#state = 'closed'
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #loadBy(loader: ObjectLoader, options: ObjectLoadOptions): this {
    this.#state = 'loading'
    try {
      loader(this, this.#data, options)
      return this.#finishLoading()
    } catch (error) {
      throw this.#failLoading(error)
    }
  }

  /** Makes what programs refer to. */
  #startLoading(options: ObjectLoadOptions): Loading {
    this.#state = 'loading'
    this.#loadOptions = options
    chooseStructOpsPrograms(this.maps.values(), this.programs)
    return gatherLoading(this.source, options, common => this.#loadMaps(options, common))
  }

  #finishLoading(): this {
    if (this.#state === 'closed')
      throw new BeetraceError('OBJECT_USE', `${this.source.file} was closed while it was being loaded`)
    const fdOf = (label: string) => {
      const map = this.maps.get(label)
      if (map?.loaded) return map.map.fd
      const program = this.programs.get(label)
      return program?.loaded ? program.program.fd : undefined
    }
    for (const map of this.maps.values())
      if (map.loaded) fillMap(map, this.source.file, fdOf, label => this.#leftOut.has(label))
    this.#state = 'loaded'
    return this
  }

  /** Nothing stays loaded. The error, to be thrown. */
  #failLoading(error: unknown): unknown {
    this.#unload()
    if (this.#state !== 'closed') this.#state = 'open'
    return error
  }

  #unload(): void {
    this.#leftOut.clear()
    this.detach()
    for (const program of [...this.programs.values(), ...this.#clones.splice(0)].reverse()) program.close()
    for (const map of [...this.maps.values()].reverse()) map.close()
  }

  /** Makes the maps and enters them into `common.maps`. Those for one program come last: what it looks like must be known. */
  #loadMaps(options: ObjectLoadOptions, common: LoadingMaps): void {
    const { file } = this.source
    const input = { file, loadedBtf: common.loadedBtf, pinRoot: () => options.pinRoot ?? openBpfFs() }
    const make = (map: ObjectMap) => {
      try {
        const exclusiveHash = this.#exclusiveHash(map, common)
        map.hold(this.#makeMap(map, options, { ...input, ...(exclusiveHash && { exclusiveHash }) }))
        common.maps[map.label] = map.map
      } catch (error) {
        this.#leaveOut(map, error, options)
      }
    }
    const wanted = [...this.maps.values()].filter(map => map.autocreate)
    for (const map of wanted) if (map.exclusiveTo === undefined) make(map)
    for (const map of wanted) if (map.exclusiveTo !== undefined) make(map)
  }

  #exclusiveHash({ exclusiveTo }: ObjectMap, common: LoadingMaps): Uint8Array | undefined {
    if (exclusiveTo === undefined) return undefined
    const maps = { ...common.maps }
    // descriptors do not matter, but that these will be there
    for (const each of this.maps.values())
      if (each.autocreate && each.exclusiveTo !== undefined) maps[each.label] ??= { fd: 0 }
    const program = this.program(exclusiveTo)
    for (const { label } of program.source.jumpTables) maps[label] = { fd: 0 }
    return instructionHash(makeReady(program, { ...common, maps, structOps: undefined }).spec.code)
  }

  #makeMap(map: ObjectMap, options: ObjectLoadOptions, input: MapInput): BpfMap {
    if (map.source.role === 'structOps') {
      const made = makeStructOps(this.source, map, input.loadedBtf?.fd)
      this.#structOps.set(map.label, made.plan)
      return made.map
    }
    const data = this.#data.get(map.label)
    if (map.source.role === 'kconfig' && data !== undefined)
      fillConfig(this.source, data, kernelConfig(options.kernelConfig))
    return makeMap(map, data, input)
  }

  /** Throws the error unless it was agreed to do without. */
  #leaveOut(what: ObjectProgram | ObjectMap, error: unknown, { onRefused }: ObjectLoadOptions): void {
    if (onRefused?.(what, error) !== true) throw error
    this.#leftOut.add(what.label)
  }

  #wanted(): ObjectProgram[] {
    return [...this.programs.values()].filter(each => each.autoload)
  }

  #takeProgram(program: ObjectProgram, load: () => Program, options: ObjectLoadOptions): void {
    try {
      program.hold(load())
      bindConstants(program, this.maps.values())
    } catch (error) {
      this.#leaveOut(program, error, options)
    }
  }

  #loadProgram(program: ObjectProgram, loading: Loading): Program {
    return withMember(program, this.#structOps.values(), structOps =>
      withJumpMaps(program.source, tables =>
        loadReady(makeReady(program, { ...loading, maps: { ...loading.maps, ...tables }, structOps })),
      ),
    )
  }

  /** Undefined when the program is to be loaded without, or could not be. */
  async #loadAside(program: ObjectProgram, loading: Loading): Promise<Program | undefined> {
    // those for a struct of the kernel take a module's descriptor, at times, and are few; jump tables have descriptors, too
    if (this.#structOps.size > 0 || program.source.jumpTables.length > 0) return undefined
    try {
      return await loadReadyAside(makeReady(program, { ...loading, structOps: undefined }))
    } catch {
      return undefined
    }
  }

  #requireOpen(): void {
    if (this.#state !== 'open')
      throw new BeetraceError(
        'OBJECT_USE',
        `${this.source.file} is ${WORDS[this.#state]} and cannot be loaded`,
      )
    if (this.source.btf !== undefined && this.source.btf.littleEndian !== LITTLE_ENDIAN)
      throw new ObjectError(
        this.source.file,
        `is made for a machine of the other byte order: compile with -target ${LITTLE_ENDIAN ? 'bpfel' : 'bpfeb'}`,
      )
  }

  #requireLoaded(): void {
    if (this.#state !== 'loaded')
      throw new BeetraceError(
        'OBJECT_USE',
        `${this.source.file} is ${this.#state === 'open' ? 'not loaded' : WORDS[this.#state]}`,
      )
  }

  #none(what: string, name: string, names: Iterable<string>): never {
    const all = [...names]
    const there = all.length === 0 ? 'it has none' : `it has ${all.join(', ')}`
    throw new BeetraceError('OBJECT_USE', `${this.source.file} has no ${what} "${name}": ${there}`)
  }
}

const WORDS = { open: 'open', loading: 'being loaded', loaded: 'loaded', closed: 'closed' } as const
