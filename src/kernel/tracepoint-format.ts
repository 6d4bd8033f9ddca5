// The `format` file of a tracepoint: which bytes of the record a program sees are which field.

import { BeetraceError } from '../errors/errors.ts'

/** A tracepoint as `events/SYSTEM/NAME/format` describes it. */
export interface TracepointFormat {
  readonly name: string
  /** `perf_event_attr.config` of PERF_TYPE_TRACEPOINT; changes from boot to boot */
  readonly id: number
  /** in file order; the `common_` fields are first */
  readonly fields: readonly TracepointField[]
  /** the text after `print fmt: `, in the kernel's own expression language; empty when there is none */
  readonly printFmt: string
}

/** One field of the record. Offsets count from the record's start, which is also the program's context. */
export interface TracepointField {
  readonly name: string
  /** as the file has it: `__data_loc char[] filename`, `char comm[16]` */
  readonly declaration: string
  /** the C type without array length and `__data_loc`: `unsigned long`, `const char *`, `char` of `char comm[16]` */
  readonly type: string
  readonly offset: number
  /** bytes; of the 32-bit locator for a field with `location` */
  readonly sizeBytes: number
  readonly signed: boolean
  /** number of elements of `type`, when the field is an array of fixed length */
  readonly arrayCount?: number
  /**
   * Set when the field is a locator of bytes elsewhere in the record, `length << 16 | offset`: `data_loc` counts
   * the offset from the record's start, `rel_loc` (5.16+) from the end of the locator itself.
   */
  readonly location?: 'data_loc' | 'rel_loc'
  /** one of the fields every tracepoint has (`common_pid` …) */
  readonly common: boolean
}

/**
 * Parses a `format` file. Lines look like this (kernel/trace/trace_events.c, f_show):
 *
 *     name: sched_process_exec
 *     ID: 365
 *     format:
 *     	field:int common_pid;	offset:4;	size:4;	signed:1;
 *
 *     	field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;
 *
 *     print fmt: "filename=%s", __get_str(filename)
 *
 * @throws BeetraceError `TRACEPOINT_FORMAT` when name, ID or the parts of a field line are not there
 */
export function parseTracepointFormat(text: string): TracepointFormat {
  let name: string | undefined
  let id: number | undefined
  const fields: TracepointField[] = []
  let printFmt = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('\tfield:')) fields.push(parseField(line))
    else if (line.startsWith('name: ')) name ??= line.slice(6)
    else if (line.startsWith('ID: ')) id ??= parseNumber(line.slice(4), line)
    else if (line.startsWith('print fmt: ')) {
      // The expression may hold newlines inside a string, so everything from here on is its own.
      printFmt = text.slice(text.indexOf('\nprint fmt: ') + 12).trimEnd()
      break
    }
  }
  if (name === undefined || name === '' || id === undefined) throw bad('no "name:" or no "ID:" line', text)
  return { name, id, fields, printFmt }
}

const FIELD = /^\tfield:(.+);\toffset:(\d+);\tsize:(\d+);(?:\tsigned:([01]);)?$/

function parseField(line: string): TracepointField {
  const m = FIELD.exec(line)
  if (m === null) throw bad('a field line of another shape', line)
  const declaration = parseDeclaration(m[1]!.trim())
  if (declaration === undefined) throw bad('a field without a name', line)
  return {
    ...declaration,
    declaration: m[1]!.trim(),
    offset: parseNumber(m[2]!, line),
    sizeBytes: parseNumber(m[3]!, line),
    signed: m[4] === '1',
    common: declaration.name.startsWith('common_'),
  }
}

type Declaration = Pick<TracepointField, 'name' | 'type' | 'arrayCount' | 'location'>

/**
 * A C declaration as the tracing macros print it. Names of arguments can be left out by a tracepoint
 * (`__data_loc char[] name` has its brackets before the name, `char name[16]` after it), and a dimension can be
 * any text the macro was given; only a plain number is kept as a count.
 */
function parseDeclaration(text: string): Declaration | undefined {
  const located = /^__(data|rel)_loc\s+(.*)$/.exec(text)
  const location = located === null ? undefined : located[1] === 'data' ? 'data_loc' : 'rel_loc'
  const body = located === null ? text : located[2]!
  const m = /^(.*?)([A-Za-z_]\w*)\s*((?:\[[^\]]*\]\s*)*)$/.exec(body)
  const pointer = m === null ? /^(.*\(\s*\*\s*)([A-Za-z_]\w*)(\s*\).*)$/.exec(body) : null
  if (pointer !== null) return { name: pointer[2]!, type: `${pointer[1]!.trim()}${pointer[3]!.trim()}` }
  if (m === null) return undefined
  const type = m[1]!.replace(/\[\s*\]\s*$/, '').trim()
  if (type === '') return undefined
  const count = arrayCount(m[3]!)
  return {
    name: m[2]!,
    type,
    ...(count === undefined ? {} : { arrayCount: count }),
    ...(location === undefined ? {} : { location }),
  }
}

/** `[16]` → 16, `[2][8]` → 16, none or a named dimension → undefined. */
function arrayCount(dimensions: string): number | undefined {
  const counts = dimensions.match(/\[[^\]]*\]/g)?.map(d => /^\[\s*(\d{1,9})\s*\]$/.exec(d)?.[1])
  if (counts === undefined || counts.includes(undefined)) return undefined
  return counts.reduce((product, count) => product * Number(count), 1)
}

function parseNumber(text: string, line: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value)) throw bad(`"${text.slice(0, 20)}" is not a number`, line)
  return value
}

function bad(what: string, text: string): BeetraceError {
  const shown = text.trim().split('\n')[0]!.slice(0, 100)
  return new BeetraceError('TRACEPOINT_FORMAT', `tracepoint format not understood: ${what} in "${shown}"`)
}
