// A map as a person reads it: aligned columns under a heading, or a histogram for each key; and as JSON, a line an entry.

import type { BtfValue } from '../btf/index.ts'
import type { MapRow } from '../object/index.ts'
import { toJson, toText } from './record-lines.ts'
import { asSlots, drawSlots, type SlotScale, slotsMember } from './slots-histogram.ts'

export interface MapTableOptions {
  /** draw values as histograms of this scale, or never; unless told, those that look like one are drawn by powers of two */
  readonly histogram?: SlotScale | 'none'
}

/** `{"map":"counts","key":1,"value":{…}}`, and `"cpus":[…]` behind for a per-CPU map. */
export function mapJsonLine(label: string, { key, value, cpus }: MapRow): string {
  const parts = [`"map":${JSON.stringify(label)}`]
  if (key !== undefined) parts.push(`"key":${toJson(key)}`)
  parts.push(`"value":${toJson(value)}`)
  if (cpus !== undefined) parts.push(`"cpus":${toJson([...cpus])}`)
  return `{${parts.join(',')}}\n`
}

/** Lines that start with the map's name. Sorted: by value where that is one number, else by key. */
export function mapTable(label: string, rows: readonly MapRow[], options: MapTableOptions = {}): string {
  if (rows.length === 0) return `${label}: empty\n`
  const sorted = [...rows].sort(compareRows)
  const histograms = sorted.map(row => histogramOf(label, row, options))
  if (histograms.every(each => each !== undefined)) return histograms.join('')
  if (sorted.length === 1 && sorted[0]!.key === undefined && !isStruct(sorted[0]!.value))
    return `${label}: ${toText(sorted[0]!.value)}\n`
  return `${label}:\n${columns(sorted)}`
}

/** A named histogram; undefined when the value is none. */
function histogramOf(
  label: string,
  { key, value }: MapRow,
  { histogram }: MapTableOptions,
): string | undefined {
  if (histogram === 'none') return undefined
  const member = slotsMember(value)
  const whole = member === undefined && (histogram !== undefined || /hist|dist|slots/i.test(label))
  const slots = member !== undefined ? (value as Struct)[member] : whole ? value : undefined
  const counts = slots === undefined ? undefined : asSlots(slots)
  if (counts === undefined) return undefined
  const beside =
    member === undefined ? [] : Object.entries(value as Struct).filter(([name]) => name !== member)
  const notes = beside.map(([name, each]) => `, ${name} ${toText(each)}`).join('')
  const drawn = drawSlots(counts, histogram)
  return `${label}${key === undefined ? '' : `[${toText(key)}]`}${notes}:${drawn === '' ? ' empty' : ''}\n${drawn}`
}

type Struct = { [member: string]: BtfValue }

const isStruct = (value: BtfValue): value is Struct =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)

interface Cell {
  readonly text: string
  readonly right: boolean
}

function columns(rows: readonly MapRow[]): string {
  const lines = rows.map(({ key, value }) => [
    ...(key === undefined ? [] : fields('key', key)),
    ...fields('value', value),
  ])
  const names = lines[0]!.map(([name]) => name)
  const table: Cell[][] = [
    names.map((name, i) => ({ text: name.toUpperCase(), right: isNumber(lines[0]![i]![1]) })),
  ]
  for (const line of lines)
    table.push(line.map(([, value]) => ({ text: toText(value), right: isNumber(value) })))
  const widths = names.map((_, i) => Math.max(...table.map(line => line[i]?.text.length ?? 0)))
  return table
    .map(line => {
      const cells = line.map(({ text, right }, i) =>
        right ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0),
      )
      return `  ${cells.join('  ')}`.trimEnd().concat('\n')
    })
    .join('')
}

/** A struct's members each have a column; everything else has one. */
function fields(name: string, value: BtfValue): [string, BtfValue][] {
  return isStruct(value) ? Object.entries(value) : [[name, value]]
}

const isNumber = (value: BtfValue): boolean => typeof value === 'number' || typeof value === 'bigint'

function compareRows(a: MapRow, b: MapRow): number {
  if (isNumber(a.value) && isNumber(b.value) && a.value !== b.value) return a.value < b.value ? -1 : 1
  return a.key === undefined || b.key === undefined ? 0 : compareValues(a.key, b.key)
}

function compareValues(a: BtfValue, b: BtfValue): number {
  if (typeof a === 'object' && typeof b === 'object') {
    const [left, right] = [Object.values(a), Object.values(b)]
    for (let i = 0; i < left.length && i < right.length; i++) {
      const order = compareValues(left[i]!, right[i]!)
      if (order !== 0) return order
    }
    return 0
  }
  return a < b ? -1 : a > b ? 1 : 0
}
