// What all programs of a script share while they are made: its maps, the actions of its records, stacks, formats.

import type { MapSpec } from '../../spec/spec.ts'
import {
  BPF_F_MMAPABLE,
  BPF_F_NO_PREALLOC,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_STACK_TRACE,
} from '../../sys/bpf-constants.generated.ts'
import type { CheckedBody, CheckedScript } from '../check/checked.ts'
import type { CheckFacts } from '../check/checker.ts'
import {
  type Action,
  CONTROL_BYTES,
  CONTROL_MAP,
  type MapStore,
  PACKETS_MAP,
  RING_MAP,
  type ScriptMap,
  type StackStore,
} from '../compiled.ts'
import { layoutOf } from '../layout.ts'
import { bytesOf } from '../source.ts'
import { mentions } from '../tree.ts'
import { isAggregate, type StackType } from '../type.ts'

/** Room for lines that a reader has not come to yet. To make and to map takes 5 ms of a start. */
const RING_BYTES = 1 << 24
/** For scripts that never print what an event says. */
const SMALL_RING_BYTES = 1 << 20
/** What happens once or at a tick, and is a few bytes. */
const RARE_ACTIONS: ReadonlySet<Action['kind']> = new Set([
  'exit',
  'print-map',
  'clear',
  'zero',
  'time',
  'helper-error',
  'mistake',
])
/** Functions whose actions are not rare. */
const PRINTING: ReadonlySet<string> = new Set(['printf', 'cat', 'system', 'join', 'errorf', 'warnf'])
const PAGE_BYTES = 4096
/**
 * Above this many bytes a map's elements are made when they are needed. A probe in an interrupt then gets only the few
 * that the allocator keeps in reserve, and an update finds no memory.
 */
const PREALLOCATED_BYTES = 1 << 26
const GLOBALS = 'globals'
const CPU_GLOBALS = 'cpu_globals'
const CACHE_LINE = 64

export class ScriptBuilder {
  readonly checked: CheckedScript
  readonly facts: CheckFacts
  readonly maps: readonly ScriptMap[]
  readonly mapSpecs: MapSpec[] = []
  readonly actions: Action[] = []
  readonly timeFormats: string[] = []
  readonly cgroupPatterns: string[] = []
  readonly stacks: StackStore[] = []
  /** CPUs, rounded up to a power of two, so that a number of one can be masked */
  readonly cpuSlots: number
  readonly #byName: ReadonlyMap<string, ScriptMap>
  readonly #interned = new Map<string, string>()

  constructor(checked: CheckedScript, facts: CheckFacts) {
    this.checked = checked
    this.facts = facts
    this.cpuSlots = powerOfTwo(facts.kernel.possibleCpus)
    this.maps = this.#storeMaps()
    this.#byName = new Map(this.maps.map(map => [map.name, map]))
    this.mapSpecs.push(
      { name: RING_MAP, type: BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: RING_BYTES },
      {
        name: CONTROL_MAP,
        type: BPF_MAP_TYPE_ARRAY,
        keySize: 4,
        valueSize: CONTROL_BYTES,
        maxEntries: 1,
        flags: BPF_F_MMAPABLE,
      },
    )
  }

  /** Maps that are known before any program is made. The ring is one where the script calls what makes it large. */
  foreseenMaps(): readonly MapSpec[] {
    const prints = ({ probe }: CheckedBody) => mentions(probe, name => PRINTING.has(name))
    const isRingKnown = this.facts.config.perf_rb_pages === 0 && this.checked.bodies.some(prints)
    return this.mapSpecs.filter(({ name }) => name !== RING_MAP || isRingKnown)
  }

  /** The maps, once all programs are made: what they send decides how large the ring is. */
  finishedMaps(): readonly MapSpec[] {
    const { config, kernel } = this.facts
    const pages = config.perf_rb_pages
    const wanted = this.actions.every(({ kind }) => RARE_ACTIONS.has(kind)) ? SMALL_RING_BYTES : RING_BYTES
    const maxEntries = pages === 0 ? wanted : powerOfTwo(pages * kernel.possibleCpus) * PAGE_BYTES
    return this.mapSpecs.map(spec =>
      spec.name === RING_MAP && spec.maxEntries !== maxEntries ? { ...spec, maxEntries } : spec,
    )
  }

  /** The perf event array of `skboutput`, made when first needed. */
  needPackets(): void {
    if (this.mapSpecs.some(({ name }) => name === PACKETS_MAP)) return
    const maxEntries = this.facts.kernel.possibleCpus
    this.mapSpecs.push({
      name: PACKETS_MAP,
      type: BPF_MAP_TYPE_PERF_EVENT_ARRAY,
      keySize: 4,
      valueSize: 4,
      maxEntries,
    })
  }

  map(name: string): ScriptMap {
    return this.#byName.get(name)!
  }

  findMap(name: string): ScriptMap | undefined {
    return this.#byName.get(name)
  }

  mapIndex(name: string): number {
    return this.maps.findIndex(map => map.name === name)
  }

  action(action: Action): number {
    return this.actions.push(action) - 1
  }

  timeFormat(format: string): number {
    return indexIn(this.timeFormats, format)
  }

  cgroupPattern(pattern: string): number {
    return indexIn(this.cgroupPatterns, pattern)
  }

  /** The maps that hold stacks of one kind. */
  stackStore(type: StackType): StackStore {
    const { kind, mode, limit } = type
    const known = this.stacks.find(s => s.kind === kind && s.mode === mode && s.limit === limit)
    if (known !== undefined) return known
    const at = this.stacks.length
    const store: StackStore = { kind, mode, limit, traces: `stacks${at}`, overflow: `stack_overflow${at}` }
    const bytes = limit * (mode === 'build_id' ? 32 : 8)
    this.mapSpecs.push(
      {
        name: store.traces,
        type: BPF_MAP_TYPE_STACK_TRACE,
        keySize: 4,
        valueSize: bytes,
        maxEntries: STACKS,
        ...(mode === 'build_id' ? { flags: BPF_F_STACK_BUILD_ID } : {}),
      },
      {
        name: store.overflow,
        type: BPF_MAP_TYPE_LRU_HASH,
        keySize: 8,
        valueSize: 8 + bytes,
        maxEntries: OVERFLOWING_STACKS,
      },
    )
    this.stacks.push(store)
    return store
  }

  /** An array of constants for the programs to read: byte strings of one size, by number. */
  constants(name: string, texts: readonly string[], valueSize: number): string {
    const known = this.#interned.get(name)
    if (known !== undefined) return known
    this.mapSpecs.push({
      name,
      type: BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize,
      maxEntries: texts.length,
      contents: texts.map((text, i) => {
        const value = new Uint8Array(valueSize)
        value.set(bytesOf(text).subarray(0, valueSize - 1))
        return { key: new Uint8Array(new Uint32Array([i]).buffer), value }
      }),
    })
    this.#interned.set(name, name)
    return name
  }

  #storeMaps(): ScriptMap[] {
    const { maps } = this.checked
    let shared = 0
    let ownCpu = 0
    const made: { map: Omit<ScriptMap, 'store'>; store: MapStore }[] = []
    for (const { name, key, value, declared } of maps.values()) {
      const perCpu = isAggregate(value)
      const { sizeBytes } = layoutOf(value)
      const map = { name, ...(key === undefined ? {} : { key }), value }
      if (key !== undefined) {
        this.mapSpecs.push(this.#keyed(name, layoutOf(key).sizeBytes, sizeBytes, perCpu, declared))
        made.push({ map, store: { kind: 'map', map: kernelName(name), perCpu } })
        continue
      }
      const at = perCpu ? ownCpu : shared
      const store = { kind: 'global', offset: at, present: at + pad8(sizeBytes) } as const
      if (perCpu) ownCpu = at + pad8(sizeBytes) + 8
      else shared = at + pad8(sizeBytes) + 8
      made.push({
        map,
        store: { ...store, map: perCpu ? CPU_GLOBALS : GLOBALS, cpuStrideBytes: perCpu ? 1 : 0 },
      })
    }
    const stride = Math.ceil(ownCpu / CACHE_LINE) * CACHE_LINE
    // Strings are written there directly: see `needSlack`.
    const slack = this.facts.config.max_strlen + 8
    if (shared > 0) this.mapSpecs.push(mapped(GLOBALS, shared + slack))
    if (ownCpu > 0) this.mapSpecs.push(mapped(CPU_GLOBALS, stride * this.cpuSlots))
    return made.map(({ map, store }) => ({
      ...map,
      store:
        store.kind === 'global' && store.cpuStrideBytes > 0 ? { ...store, cpuStrideBytes: stride } : store,
    }))
  }

  #keyed(
    name: string,
    keySize: number,
    sizeBytes: number,
    perCpu: boolean,
    declared: { readonly mapType: string; readonly maxEntries: number } | undefined,
  ): MapSpec {
    const maxEntries = declared?.maxEntries ?? this.facts.config.max_map_keys
    const lru = declared?.mapType.includes('lru') ?? false
    const elementBytes = keySize + sizeBytes * (perCpu ? this.facts.kernel.possibleCpus : 1) + 48
    const onDemand = !lru && elementBytes * maxEntries > PREALLOCATED_BYTES
    return {
      name: kernelName(name),
      type: lru
        ? perCpu
          ? BPF_MAP_TYPE_LRU_PERCPU_HASH
          : BPF_MAP_TYPE_LRU_HASH
        : perCpu
          ? BPF_MAP_TYPE_PERCPU_HASH
          : BPF_MAP_TYPE_HASH,
      keySize,
      valueSize: pad8(sizeBytes),
      maxEntries,
      ...(onDemand ? { flags: BPF_F_NO_PREALLOC } : {}),
    }
  }
}

const STACKS = 131072
const OVERFLOWING_STACKS = 4096
const BPF_F_STACK_BUILD_ID = 32

/** The kernel's name of a script's map: letters, digits and `_`. */
export function kernelName(name: string): string {
  return `at_${name.slice(1)}`
}

function mapped(name: string, bytes: number): MapSpec {
  return {
    name,
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: pad8(bytes),
    maxEntries: 1,
    flags: BPF_F_MMAPABLE,
  }
}

function indexIn(list: string[], text: string): number {
  const at = list.indexOf(text)
  return at >= 0 ? at : list.push(text) - 1
}

function pad8(bytes: number): number {
  return (bytes + 7) & ~7
}

function powerOfTwo(count: number): number {
  return 1 << Math.ceil(Math.log2(Math.max(1, count)))
}
