// Records and entries as ecli prints them: under a heading of the members' names, or as an object of JSON each.

import type { BtfValue } from '../btf/index.ts'
import { dumpJson, dumpText } from './dump-value.ts'
import type { Exported, ExportedMember } from './exported.ts'
import { drawLinear, drawLog2 } from './histogram.ts'
import type { PackageMap } from './package-spec.ts'

const TIME_HEADING = 'TIME     '
const COLUMN_WIDTH = 6

/** Lines of one kind: each value starts where its heading does, or a blank behind what is longer. */
export class RecordText {
  readonly heading: string
  readonly #parts: readonly Exported[]
  readonly #starts: readonly number[]

  /** @param parts what a line shows, one behind the other: a record, or key and value */
  constructor(...parts: readonly Exported[]) {
    this.#parts = parts
    let heading = TIME_HEADING
    this.#starts = parts.flatMap(({ members }) =>
      members.map(({ name }) => {
        const start = heading.length
        heading += `${name.toUpperCase().padEnd(COLUMN_WIDTH)} `
        return start
      }),
    )
    this.heading = `${heading.trimEnd()}\n`
  }

  /**
   * @param time `12:34:56`
   * @param values of each part, as `decode` gives them
   */
  line(time: string, ...values: readonly (readonly BtfValue[])[]): string {
    let line = time
    let column = 0
    this.#parts.forEach((part, i) => {
      for (const [{ type }, value] of fieldsOf(part, values[i]!)) {
        line = `${line.padEnd(this.#starts[column++]! - 1)} ${dumpText(part.btf, type, value)}`
      }
    })
    return `${line}\n`
  }
}

/** `{"pid":1,"comm":"cat"}` */
export function recordJson(part: Exported, values: readonly BtfValue[]): string {
  const members = fieldsOf(part, values).map(
    ([{ name, type }, value]) => `${JSON.stringify(name)}:${dumpJson(part.btf, type, value)}`,
  )
  return `{${members.join(',')}}`
}

/** An entry of a sampled map: `{"key":{…},"value":{…}}` */
export const entryJson = (key: Exported, value: Exported, values: EntryValues): string =>
  `{"key":${recordJson(key, values[0])},"value":${recordJson(value, values[1])}}`

/** Fields of a key and of its value. */
export type EntryValues = readonly [key: readonly BtfValue[], value: readonly BtfValue[]]

/** An entry drawn as its sample says: the key, what the value has beside its slots, the slots. */
export function entryHistogram(
  sample: NonNullable<PackageMap['sample']>,
  key: Exported,
  value: Exported,
  values: EntryValues,
): string {
  const keys = fieldsOf(key, values[0]).map(([{ type }, each]) => dumpText(key.btf, type, each))
  const lines = [`key = ${keys.join(' ')}\n`]
  let drawn = ''
  for (const [{ name, type }, each] of fieldsOf(value, values[1])) {
    const counts = countsOf(each)
    if (counts !== undefined && (name === 'slots' || value.members.length === 1))
      drawn = (sample.type === 'linear_hist' ? drawLinear : drawLog2)(counts, sample.unit)
    else lines.push(`${name} = ${dumpText(value.btf, type, each)}\n`)
  }
  return `${lines.join('')}\n${drawn}\n`
}

function countsOf(value: BtfValue): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const numeric = value.every(each => typeof each === 'number' || typeof each === 'bigint')
  return numeric ? value.map(Number) : undefined
}

function fieldsOf(part: Exported, values: readonly BtfValue[]): [ExportedMember, BtfValue][] {
  return part.members.map((member, i) => [member, values[i]!])
}
