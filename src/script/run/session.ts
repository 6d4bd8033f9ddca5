// One run of a script, from loading to the last map: objects made, `begin` run, probes attached, records acted on as
// they come, and an end at which nothing stays attached and nothing that was recorded is missing from the output.

import type { BeetraceError } from '../../errors/index.ts'
import { EventReader, mappedLossCounter, RingBuffer, waitingFlag } from '../../events/index.ts'
import { onlineCpus, type TraceFs } from '../../kernel/index.ts'
import { attachIterator, closeLinks, type Link, readIterator } from '../../link/index.ts'
import type { BpfMap } from '../../map/index.ts'
import type { Program } from '../../program/index.ts'
import type { MapSpec } from '../../spec/spec.ts'
import { CLOCK_BOOTTIME, CLOCK_REALTIME, clockNs, nowMs } from '../../sys/index.ts'
import type { ByteWriter } from '../../text/index.ts'
import {
  type Action,
  CONTROL_EXIT_CODE,
  CONTROL_EXITED,
  CONTROL_LOST,
  CONTROL_MAP,
  CONTROL_START_TIME,
  CONTROL_WAITING,
  type CompiledScript,
  PACKETS_MAP,
  type Place,
  RING_MAP,
  type ScriptProgram,
} from '../compiled.ts'
import type { KernelFacts } from '../facts.ts'
import { mapView, type Names, type Output, type SourcePlace } from '../output/index.ts'
import { type ActionContext, Actions } from './actions.ts'
import { attachPrograms } from './attach.ts'
import { readMap } from './maps.ts'
import { type LoadedProgram, ScriptObjects } from './objects.ts'
import { Packets, type PacketsOptions } from './packets.ts'
import { StackFrames } from './stacks.ts'
import { type Measure, measure, type Trial } from './trials.ts'

/** Where the bytes of the output go. */
export interface ScriptSink {
  /** takes over what has been written; called after each batch of records */
  push(bytes: Uint8Array): void
  /** resolves when all that was pushed has been written, or can no longer be */
  flushed(): Promise<void>
}

export interface SessionOptions {
  readonly script: CompiledScript
  readonly kernel: KernelFacts
  /** where tracepoints are looked up, as they were when the script was compiled */
  readonly traceFs: () => TraceFs
  /** maps that are there already, by the script's spec of them; taken over */
  readonly madeMaps?: ReadonlyMap<MapSpec, BpfMap>
  /** made once the maps are there */
  readonly names: (stacks: StackFrames) => Names
  /** a file for packets, of `skboutput`; throws when it cannot be made */
  readonly packetFile: PacketsOptions['create']
  /** size of each CPU's ring for packets */
  readonly packetPages: number
  /** writes into `out` */
  readonly output: (names: Names) => Output
  readonly out: ByteWriter
  readonly sink: ScriptSink
  readonly maxCatBytes: number
  readonly showWarnings: boolean
  readonly printMapsOnExit: boolean
  /** milliseconds between two looks at a busy ring */
  readonly intervalMs: number
  readonly placeOf: (action: Action) => SourcePlace
  readonly warn: (action: Action, text: string) => void
  readonly fail: (text: string) => void
  /** a place could not be attached to; throws when that shall be the end */
  readonly attachFailed: (place: Place, error: BeetraceError) => void
  readonly readFile: ActionContext['readFile']
  readonly runCommand: ActionContext['runCommand']
  /** `exit()` was called, or there is nothing to wait for */
  readonly onExit: () => void
}

/** How a run came out. */
export interface ScriptEnd {
  /** of `exit(code)` */
  readonly exitCode: number
  /** records that found no room, and runs that the kernel skipped */
  readonly lost: number
}

/** How long commands of `system()` that were asked for before the end may still take; `end` may take as long as it likes. */
const LATE_COMMANDS_MS = 1000

function commandsLeftOut(count: number): string {
  return `${count} more command${count === 1 ? '' : 's'} of system() waited when the script was ended, and did not run`
}

/** Output is handed on in pieces of about this size. */
const FLUSH_BYTES = 1 << 18

export class ScriptSession implements Disposable {
  readonly #options: SessionOptions
  readonly #objects: ScriptObjects
  readonly #names: Names
  readonly #output: Output
  readonly #actions: Actions
  readonly #ring: RingBuffer
  readonly #reader: EventReader
  readonly #packets: Packets | undefined
  readonly #links: Link[] = []
  readonly #lost: () => number
  readonly #control: DataView
  #told = 0
  #exitCode = 0
  #exited = false

  /** Creates the maps and loads the programs. Throws the errors of its parts, with nothing left behind. */
  constructor(options: SessionOptions) {
    this.#options = options
    this.#objects = new ScriptObjects(options.script, options.kernel, options.madeMaps)
    const { maps } = this.#objects
    try {
      this.#names = options.names(new StackFrames(options.script, maps))
      this.#output = options.output(this.#names)
      this.#control = maps[CONTROL_MAP]!.memory()
      this.#lost = mappedLossCounter(maps[CONTROL_MAP]!, CONTROL_LOST)
      this.#actions = new Actions({
        script: options.script,
        maps,
        names: this.#names,
        output: this.#output,
        maxCatBytes: options.maxCatBytes,
        showWarnings: options.showWarnings,
        placeOf: options.placeOf,
        warn: options.warn,
        fail: options.fail,
        readFile: options.readFile,
        runCommand: options.runCommand,
        exit: code => this.#exit(code),
      })
      this.#ring = RingBuffer.open(maps[RING_MAP]!, (view, offset, length) => {
        this.#actions.record(view.data, view.u8, offset, length)
        if (options.out.length > FLUSH_BYTES) this.#flush()
      })
      this.#reader = new EventReader({ intervalMs: options.intervalMs, onDrained: () => this.#drained() })
      this.#reader.addRing(this.#ring, waitingFlag(maps[CONTROL_MAP]!, CONTROL_WAITING))
      this.#packets = this.#openPackets()
      if (this.#packets !== undefined) this.#reader.addRing(this.#packets.source)
    } catch (error) {
      this.#objects[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Runs `begin` and attaches everything else; how many probes that is. A place that cannot be attached to goes to
   * `attachFailed`. Throws with nothing left attached.
   */
  attach(): number {
    this.#control.setBigUint64(CONTROL_START_TIME, clockNs(CLOCK_BOOTTIME), true)
    this.#runAll('begin')
    const failed = new Set<Place>()
    try {
      attachPrograms(this.#objects.programs, {
        onlineCpus: onlineCpus(),
        traceFs: this.#options.traceFs,
        links: this.#links,
        failed: (place, error) => {
          failed.add(place)
          this.#options.attachFailed(place, error)
        },
      })
    } catch (error) {
      closeLinks(this.#links)
      throw error
    }
    return probeCount(this.#options.script.programs, failed)
  }

  /** Starts reading. `onAttached` runs when that has been said, before anything the probes have to say. */
  start(probeCount: number | undefined, onAttached: () => void): void {
    if (probeCount !== undefined) this.#output.attachedProbes(probeCount)
    this.#flush()
    onAttached()
    const { programs } = this.#objects
    for (const { program, source } of programs) {
      for (const place of source.places) if (place.kind === 'iter') this.#readIterator(program, place)
    }
    this.#reader.start()
    const waits = programs.some(({ source }) => source.places.some(waitsForEvents))
    if (!waits) this.#exit(0)
  }

  /** Runs the programs of `self:signal:NAME`. */
  signalled(signal: string): void {
    for (const { program, source } of this.#objects.programs) {
      if (source.places.some(place => place.kind === 'self' && place.signal === signal)) program.testRun()
    }
  }

  /** Signals that the script wants to hear of. */
  get signals(): readonly string[] {
    return this.#objects.programs.flatMap(({ source }) =>
      source.places.flatMap(place => (place.kind === 'self' ? [place.signal] : [])),
    )
  }

  /** As loaded, in the script's order. */
  get programs(): readonly LoadedProgram[] {
    return this.#objects.programs
  }

  /** Runs the `test` probes one after another. */
  runTests(): Trial[] {
    const { out } = this.#options
    return this.#titled('test').map(({ title, program }) => {
      this.#flush()
      this.#exitCode = 0
      this.#exited = false
      const startMs = nowMs()
      const { retval } = program.testRun()
      const durationMs = nowMs() - startMs
      this.#ring.drain()
      const printed = Buffer.from(out.view()).toString('latin1')
      out.clear()
      const passed = retval === 0 && this.#exitCode === 0
      this.#exitCode = 0
      return { title, passed, durationMs, printed }
    })
  }

  /** Measures the `bench` probes; what they print is dropped. */
  runBenchmarks(): Measure[] {
    const { out } = this.#options
    return this.#titled('bench').flatMap(({ title, program }) => {
      this.#flush()
      const found = measure(title, program)
      this.#ring.drain()
      out.clear()
      return found ?? []
    })
  }

  #openPackets(): Packets | undefined {
    const map = this.#objects.maps[PACKETS_MAP]
    if (map === undefined) return undefined
    const { script, packetFile, packetPages } = this.#options
    return new Packets(map, {
      actions: script.actions,
      pages: packetPages,
      create: packetFile,
      epochNs: bootNs => bootNs + clockNs(CLOCK_REALTIME) - clockNs(CLOCK_BOOTTIME),
    })
  }

  #titled(kind: 'test' | 'bench'): { readonly title: string; readonly program: Program }[] {
    return this.#objects.programs.flatMap(({ program, source }) =>
      source.places.flatMap(place => (place.kind === kind ? [{ title: place.title, program }] : [])),
    )
  }

  /** Calls back when `fd` is readable, until the function it gives is called. */
  watch(fd: number, onReadable: () => void): () => void {
    return this.#reader.addFd(fd, onReadable)
  }

  /** Detaches, runs `end`, prints what is left. */
  async stop(): Promise<ScriptEnd> {
    closeLinks(this.#links)
    // What the probes have still asked for comes first, so that `end` finds room in the ring.
    this.#actions.runCommandsUntil(nowMs() + LATE_COMMANDS_MS)
    await this.#reader.stop()
    this.#actions.runCommandsUntil(Number.POSITIVE_INFINITY)
    this.#runAll('end')
    await this.#reader.stop()
    const leftOut = this.#actions.commandsLeftOut
    if (leftOut > 0) this.#options.fail(commandsLeftOut(leftOut))
    this.#packets?.flush()
    const lost = this.#lost() + this.#skipped() + (this.#packets?.lost ?? 0)
    this.#output.end()
    if (this.#options.printMapsOnExit) this.#printMaps()
    this.#flush()
    await this.#options.sink.flushed()
    return { exitCode: this.#exitCode, lost }
  }

  [Symbol.dispose](): void {
    closeLinks(this.#links)
    this.#reader.close()
    this.#packets?.[Symbol.dispose]()
    this.#ring.close()
    this.#objects[Symbol.dispose]()
  }

  #runAll(kind: 'begin' | 'end'): void {
    for (const { program, source } of this.#objects.programs) {
      if (source.places.some(place => place.kind === kind)) program.testRun()
    }
  }

  #readIterator(program: Program, place: Extract<Place, { kind: 'iter' }>): void {
    const link = attachIterator(program, undefined, { target: place.probe })
    this.#links.push(link)
    if (place.pin !== undefined) {
      link.pin(place.pin)
      return
    }
    this.#flush()
    this.#options.sink.push(readIterator(link))
  }

  #exit(code: number): void {
    if (this.#exited) return
    this.#exited = true
    this.#exitCode = code
    // Whoever waits is told once the records that came before have been acted on.
    setImmediate(this.#options.onExit)
  }

  #drained(): void {
    if (this.#control.getUint32(CONTROL_EXITED, true) !== 0)
      this.#exit(this.#control.getInt32(CONTROL_EXIT_CODE, true))
    this.#packets?.flush()
    const lost = this.#lost()
    if (lost > this.#told) {
      this.#output.lostEvents(lost - this.#told)
      this.#told = lost
    }
    this.#flush()
  }

  /** Runs of our programs that the kernel left out because one was running on that CPU already. */
  #skipped(): number {
    return this.#objects.programs.reduce(
      (sum, { program }) => sum + Number(program.info().recursionMisses ?? 0),
      0,
    )
  }

  /** By name; a map without keys that was never written is not mentioned. */
  #printMaps(): void {
    const { script } = this.#options
    const sorted = [...script.maps].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    for (const map of sorted) {
      const { elements, strideBytes } = readMap(map, this.#objects.maps)
      if (map.key === undefined && elements.length === 0) continue
      this.#output.map(mapView(map, elements, strideBytes, this.#names))
      if (this.#options.out.length > FLUSH_BYTES) this.#flush()
    }
  }

  #flush(): void {
    const { out, sink } = this.#options
    if (out.length === 0) return
    sink.push(out.view().slice())
    out.clear()
  }
}

/** All locations of a USDT probe, and all programs they need, are one probe. */
function probeCount(programs: readonly ScriptProgram[], failed: ReadonlySet<Place>): number {
  let count = 0
  const counted = new Set<string>()
  for (const { places, span } of programs) {
    for (const place of places) {
      if (failed.has(place)) continue
      const key = `${span.file}:${span.start} ${place.probe}`
      if (place.kind === 'uprobe' && counted.has(key)) continue
      counted.add(key)
      count++
    }
  }
  return count
}

function waitsForEvents({ kind }: Place): boolean {
  return !['begin', 'end', 'test', 'bench', 'iter'].includes(kind)
}
