// `bee run X.bpf.o`: loads a compiled object, attaches what its sections say, and shows every record it emits until told to stop.

import { BeetraceError } from '../errors/index.ts'
import {
  type BpfObject,
  eventMaps,
  eventType,
  isKernelType,
  type OnRefused,
  openObject,
  printkFormats,
  type RecordLayout,
  readEvents,
} from '../object/index.ts'
import type { HeaderTypes } from './header-types.ts'
import { type ObjectRunOptions, objectHelp, parseObjectArguments, setGlobals } from './object-arguments.ts'
import { PrintkLines } from './printk-lines.ts'
import { jsonLine, RecordColumns } from './record-lines.ts'
import { allMaps, SampledMaps } from './sampled-maps.ts'

export interface RunStreams {
  readonly out: (text: string) => void
  /** for what is no record: notes, losses */
  readonly note: (text: string) => void
  /** aborted when the user has seen enough */
  readonly stop: AbortSignal
}

/**
 * Runs until `stop`; resolves with the exit status. Attached programs are gone by then.
 * @throws UsageError for wrong arguments; BeetraceError for what cannot be opened, loaded or attached
 */
export async function runObject(argv: readonly string[], streams: RunStreams): Promise<number> {
  const options = parseObjectArguments(argv)
  using object = openObject(options.file)
  if (options.help) {
    streams.out(objectHelp(object))
    return 0
  }
  setGlobals(object, options.rest)
  const refused = new Set<string>()
  const lenient: LenientOptions = options.lenient ? leaveOut(streams.note, refused) : {}
  await object.loadAsync({ ...lenient, ...(options.btf === undefined ? {} : { kernelBtf: options.btf }) })
  const maps = eventMaps(object.source)
  // a parser of C is much to load for what few ask for
  const headers =
    options.headers.length === 0
      ? undefined
      : new (await import('./header-types.ts')).HeaderTypes(options.headers)
  const layouts = layoutsOf(object, options, headers)
  const columns = new RecordColumns(maps.length)
  let text = ''
  let lost = 0
  const flush = () => {
    if (text !== '') streams.out(text)
    text = ''
  }
  using events = readEvents(object, {
    types: layouts,
    onEvent: event => {
      text += options.json ? jsonLine(event) : columns.line(event)
      if (text.length > FLUSH_CHARS) flush()
    },
    onLost: count => {
      lost += count
    },
    onDrained: flush,
  })
  sayUnclear(object, layouts, streams)
  const show = (piece: string) => {
    flush()
    streams.out(piece)
  }
  using printk = openPrintk(object, options, show, streams)
  const noRecords = maps.length === 0 && !options.printk
  using sampled = new SampledMaps(object, options.maps ?? (noRecords ? allMaps(object) : []), {
    json: options.json,
    out: show,
  })
  const links = object.attach(lenient)
  const waiting = [...object.programs.values()].filter(
    each => each.loaded && each.links.length === 0 && !refused.has(each.label),
  )
  for (const { name, section } of waiting)
    streams.note(`not attached: ${name} (${section}): its section does not say where\n`)
  if (links.length === 0 && events.count === 0 && options.maps === undefined)
    throw new BeetraceError(
      'OBJECT_USE',
      `${options.file} attaches nothing by itself and has no records to show`,
    )
  events.start()
  sampled.start()
  printk?.start()
  await stopped(streams.stop)
  for (const link of links) link.close()
  await events.stop()
  flush()
  printk?.finish()
  sampled.finish()
  if (lost > 0) streams.note(`${lost} ${lost === 1 ? 'record' : 'records'} lost\n`)
  if (printk !== undefined && printk.lostCount > 0)
    streams.note(`${printk.lostCount} lines of bpf_printk lost\n`)
  return 0
}

/** What `--printk` shows; a note where it would be the only thing to see. Undefined when it is not asked for, or nothing prints. */
export function openPrintk(
  object: BpfObject,
  options: Pick<ObjectRunOptions, 'printk' | 'json' | 'maps'>,
  out: (text: string) => void,
  { note }: RunStreams,
): PrintkLines | undefined {
  const formats = printkFormats(object.source)
  if (!options.printk) {
    const otherwise = options.maps?.length ?? [...eventMaps(object.source), ...allMaps(object)].length
    if (formats.used && otherwise === 0) note('the programs print by bpf_printk, which --printk shows\n')
    return undefined
  }
  if (!formats.used) {
    note('--printk: no program of the object prints by bpf_printk\n')
    return undefined
  }
  const lines = new PrintkLines({ json: options.json, formats, out })
  if (lines.shared)
    note(
      '--printk reads the trace that all share (no tracefs instance can be made): other readers miss what is shown here\n',
    )
  if (formats.patterns === undefined)
    note(
      '--printk: the formats of this object are not known, so what other programs print is shown as well\n',
    )
  return lines
}

const FLUSH_CHARS = 64 * 1024

type LenientOptions = { readonly onRefused?: OnRefused }

/** Says what this kernel does without. */
const leaveOut = (note: (text: string) => void, refused = new Set<string>()): LenientOptions => ({
  onRefused: ({ label, section }, error) => {
    refused.add(label)
    note(`left out: ${label} (${section}): ${firstLine(error)}\n`)
    return true
  },
})

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!

/** Resolves when told to stop. The timer keeps an object without events running. */
export function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const alive = setInterval(() => {}, 1 << 30)
    signal.addEventListener('abort', () => {
      clearInterval(alive)
      resolve()
    })
  })
}

type Layouts = Readonly<Record<string, string | RecordLayout>>

/** What the user says the records of each map are. Throws BeetraceError `HEADER`. */
function layoutsOf(
  object: BpfObject,
  { type, types }: ObjectRunOptions,
  headers: HeaderTypes | undefined,
): Layouts {
  const { btf } = object.source
  const isObjects = (name: string) => (btf?.find(name, 'struct') ?? btf?.find(name, 'union')) !== undefined
  const layouts: Record<string, string | RecordLayout> = {}
  for (const map of eventMaps(object.source)) {
    const name = types[map.label] ?? type
    if (name !== undefined)
      layouts[map.label] = headers === undefined || isObjects(name) ? name : headers.get(name)
    else if (headers !== undefined && eventType(object.source, map, isKernelType).kind !== 'found')
      layouts[map.label] = headers.likely()
  }
  return layouts
}

function sayUnclear(object: BpfObject, layouts: Layouts, { note }: RunStreams): void {
  for (const map of eventMaps(object.source)) {
    if (layouts[map.label] !== undefined) continue
    const found = eventType(object.source, map, isKernelType)
    if (found.kind === 'found') continue
    const known = found.candidates.slice(0, 8)
    const own =
      known.length === 0 ? '' : `, or --event-type with one of the object's own (${known.join(', ')})`
    note(
      `the object does not say what the records of "${map.label}" are, so their bytes are shown: ` +
        `pass --header FILE.h with their struct${own}; to have it in the object, put ` +
        '`const struct event *unused __attribute__((unused));` beside the ring\n',
    )
  }
}
