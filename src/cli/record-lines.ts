// Records as lines: aligned columns with a heading for a person, a JSON object each for a program.

import type { BtfValue } from '../btf/index.ts'
import type { ObjectEvent } from '../object/index.ts'

/** JSON of a value; bigints are written as numbers, digit by digit, bytes as hex. */
export function toJson(value: BtfValue): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('hex')}"`
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${toJson(member)}`)
    .join(',')}}`
}

/** `{"map":"events","data":{…}}` */
export const jsonLine = ({ map, value }: ObjectEvent): string =>
  `{"map":${JSON.stringify(map.label)},"data":${toJson(value)}}\n`

interface Column {
  width: number
  readonly right: boolean
}

/** Makes lines of one kind after the other; a new heading stands where the kind of record changes. */
export class RecordColumns {
  readonly #withMap: boolean
  readonly #columns = new Map<string, Map<string, Column>>()
  #last: string | undefined

  /** @param mapCount with several, each line starts with the map's name */
  constructor(mapCount: number) {
    this.#withMap = mapCount > 1
  }

  line(event: ObjectEvent): string {
    const { map, value } = event
    const fields: [string, BtfValue][] =
      typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)
        ? Object.entries(value)
        : [['bytes', value]]
    if (this.#withMap) fields.unshift(['map', map.label])
    const key = map.label
    let columns = this.#columns.get(key)
    if (columns === undefined) {
      columns = new Map(fields.map(([name, member]) => [name, firstColumn(name, member)]))
      this.#columns.set(key, columns)
    }
    const cells = fields.map(([name, member]) => {
      const text = toText(member)
      const column = columns.get(name)
      if (column !== undefined && text.length > column.width) column.width = text.length
      return { text, column }
    })
    let heading = ''
    if (this.#last !== key) {
      heading = row(fields.map(([name]) => ({ text: name.toUpperCase(), column: columns.get(name) })))
      this.#last = key
    }
    return heading + row(cells)
  }
}

function firstColumn(name: string, value: BtfValue): Column {
  const right = typeof value === 'number' || typeof value === 'bigint'
  const usual =
    typeof value === 'bigint' ? 15 : typeof value === 'number' ? 7 : typeof value === 'string' ? 16 : 5
  return { width: Math.max(name.length, usual), right }
}

function row(cells: readonly { readonly text: string; readonly column: Column | undefined }[]): string {
  const padded = cells.map(({ text, column }) =>
    column === undefined ? text : column.right ? text.padStart(column.width) : text.padEnd(column.width),
  )
  return `${padded.join('  ').trimEnd()}\n`
}

/** What could move the cursor or break a line is written as an escape. */
export function toText(value: BtfValue): string {
  if (typeof value === 'string') return value.replace(CONTROLS, asEscape)
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return `[${value.map(toText).join(' ')}]`
  const members = Object.entries(value).map(([name, member]) => `${name}=${toText(member)}`)
  return `{${members.join(' ')}}`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g

const asEscape = (char: string): string => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
