// What the records of the ring ask for, done one after another as they arrive: printing, reading maps, running commands.

import type { BpfMap } from '../../map/index.ts'
import { nowMs } from '../../sys/index.ts'
import type { Action, CompiledScript, ScriptMap } from '../compiled.ts'
import { placeElements } from '../layout.ts'
import {
  applyFormat,
  decodeShown,
  emptyScalar,
  mapView,
  type Names,
  type Output,
  Printf,
  parseFormat,
  type Shown,
  type SourcePlace,
} from '../output/index.ts'
import { tuple } from '../type.ts'
import { explainHelperError } from './helper-errors.ts'
import { clearMap, readMap, zeroMap } from './maps.ts'
import { strftime } from './strftime.ts'

/** What the actions need of the session they belong to. */
export interface ActionContext {
  readonly script: CompiledScript
  readonly maps: Readonly<Record<string, BpfMap>>
  readonly names: Names
  readonly output: Output
  /** of `cat()`, config `max_cat_bytes` */
  readonly maxCatBytes: number
  readonly showWarnings: boolean
  placeOf(action: Action): SourcePlace
  exit(code: number): void
  /** says what went wrong, without the place: a file that cannot be opened */
  fail(text: string): void
  /** something that was asked for could not be done */
  warn(action: Action, text: string): void
  /** the beginning of a file; byte strings in and out */
  readFile(path: string, maxBytes: number): { readonly text: string } | { readonly problem: string }
  /** runs a shell command to its end; byte strings in and out */
  runCommand(command: string): { readonly printed: string; readonly problem?: string }
}

/** Bytes of a record before its arguments: the action's index, and 4 bytes of padding. */
const HEADER_BYTES = 8

export class Actions {
  readonly #context: ActionContext
  readonly #handlers: readonly Handler[]
  readonly #commands = { untilMs: Number.POSITIVE_INFINITY, leftOut: 0 }

  constructor(context: ActionContext) {
    this.#context = context
    this.#handlers = context.script.actions.map(action => handlerOf(action, context, this.#commands))
  }

  /** Does what the record at `offset` asks. */
  record(data: DataView, bytes: Uint8Array, offset: number, byteLength: number): void {
    const index = data.getUint32(offset, true)
    const handler = this.#handlers[index]
    if (handler === undefined)
      throw new RangeError(`a record names action ${index} of ${this.#handlers.length}`)
    handler(data, bytes, offset + HEADER_BYTES, offset + byteLength)
  }

  /** Commands of `system()` that are asked for later, by `nowMs()`, are counted and not run. */
  runCommandsUntil(timeMs: number): void {
    this.#commands.untilMs = timeMs
  }

  get commandsLeftOut(): number {
    return this.#commands.leftOut
  }

  /** `print(@m)`, also of the maps that are left at the end. */
  printMap(map: ScriptMap, top = 0, div = 0): void {
    printMap(this.#context, map, top, div)
  }
}

/** Arguments at `at`; the record ends at `end`. */
type Handler = (data: DataView, bytes: Uint8Array, at: number, end: number) => void

interface Commands {
  readonly untilMs: number
  leftOut: number
}

function handlerOf(action: Action, context: ActionContext, commands: Commands): Handler {
  const { output, names, script, maps } = context
  switch (action.kind) {
    case 'printf': {
      const printf = new Printf(action.format, action.args, names)
      return (data, bytes, at, end) => output.printf(printf, data, bytes, at, end)
    }
    case 'errorf':
    case 'warnf': {
      const printf = new Printf(action.format, action.args, names)
      const severity = action.kind === 'errorf' ? 'error' : 'warning'
      if (severity === 'warning' && !context.showWarnings) return () => {}
      return (data, _, at, end) =>
        output.message(severity, context.placeOf(action), printf.text(data, at, end))
    }
    case 'print-value': {
      const [type] = action.args
      return (data, _, at) => output.value(decodeShown(type, data, at, names))
    }
    case 'print-map': {
      const map = script.maps[action.map]!
      return (data, _, at) => printMap(context, map, data.getUint32(at, true), data.getUint32(at + 4, true))
    }
    case 'print-element': {
      const { offsets } = placeElements(tuple(action.args))
      const [, value] = action.args
      return (data, _, at) => output.value(decodeShown(value, data, at + offsets[1]!, names))
    }
    case 'clear': {
      const map = script.maps[action.map]!
      return () => clearMap(map, maps)
    }
    case 'zero': {
      const map = script.maps[action.map]!
      return () => zeroMap(map, maps)
    }
    case 'time':
      return () => output.time(strftime(action.format, Date.now(), 0))
    case 'join':
      return (_, bytes, at, end) => output.join(joined(bytes, at, end, action.separator))
    case 'cat': {
      const path = formatter(action, context)
      return (data, _, at, end) => cat(context, path(data, at, end))
    }
    case 'system': {
      const command = formatter(action, context)
      return (data, _, at, end) => {
        if (nowMs() < commands.untilMs) system(context, action, command(data, at, end))
        else commands.leftOut++
      }
    }
    case 'exit':
      return (data, _, at) => context.exit(data.getInt32(at, true))
    case 'mistake':
      return () => output.mistake(context.placeOf(action), action.text)
    case 'helper-error':
      return (data, _, at) => {
        const code = data.getInt32(at, true)
        const text = explainHelperError(action.helper, code)
        output.helperError({ place: context.placeOf(action), helper: action.helper, code, text })
      }
    case 'skboutput':
      // its records come through `Packets`
      return () => {}
  }
}

function printMap({ output, names, maps }: ActionContext, map: ScriptMap, top: number, div: number): void {
  const { elements, strideBytes } = readMap(map, maps)
  const absent = map.key === undefined && elements.length === 0
  output.map(absent ? emptyScalar(map, names) : mapView(map, elements, strideBytes, names, { top, div }))
}

/** The text of a format, as a byte string. */
function formatter(
  action: Extract<Action, { kind: 'cat' | 'system' }>,
  { names }: ActionContext,
): (data: DataView, at: number, end: number) => string {
  const format = parseFormat(action.format)
  const { offsets } = placeElements(tuple(action.args))
  return (data, at) => {
    const args: Shown[] = action.args.map((type, i) => decodeShown(type, data, at + offsets[i]!, names))
    return applyFormat(format, args)
  }
}

function joined(bytes: Uint8Array, at: number, end: number, separator: string): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1')
  const words = text.split('\0')
  // what follows the last NUL is padding
  const last = words.indexOf('')
  return (last < 0 ? words : words.slice(0, last)).join(separator)
}

function cat(context: ActionContext, path: string): void {
  const read = context.readFile(path, context.maxCatBytes)
  if ('text' in read) context.output.cat(read.text)
  else context.fail(`failed to open file '${path}' (${read.problem})`)
}

/** Runs the command to its end, its output into ours. */
function system(context: ActionContext, action: Action, command: string): void {
  const ran = context.runCommand(command)
  if (ran.printed !== '') context.output.system(ran.printed)
  if (ran.problem !== undefined) context.warn(action, `cannot run the command: ${ran.problem}`)
}
