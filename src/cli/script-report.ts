// `bee -v`: what was made of a script in the kernel, and how long it took.

import type { CompiledScript, Place, ScriptProgram } from '../script/compiled.ts'
import type { LoadedProgram } from '../script/run/objects.ts'
import type { MapSpec } from '../spec/spec.ts'
import { BPF_MAP_TYPE_RINGBUF, bpfMapTypeNames } from '../sys/index.ts'

/** Milliseconds of each step. */
export interface LoadTimes {
  readonly compiled: number
  readonly loaded: number
  readonly attached: number
}

/** Lines for programs, maps and times. Instructions are those that were compiled; the verifier may walk some often. */
export function loadReport(
  script: CompiledScript,
  programs: readonly LoadedProgram[],
  times: LoadTimes,
): string {
  const lines = programs.map(({ program, source }) => {
    const { id, verifiedInsns, jitedBytes } = program.info()
    const sizes = [
      `${source.spec.insns.length} instructions`,
      ...(verifiedInsns > 0 ? [`${verifiedInsns} verified`] : []),
      ...(jitedBytes > 0 ? [`${jitedBytes} bytes of machine code`] : []),
    ]
    return `program ${source.spec.name} (id ${id}): ${sizes.join(', ')}; ${placesText(source)}`
  })
  lines.push(...script.mapSpecs.map(mapText))
  const ms = (time: number): string => `${time.toFixed(0)} ms`
  lines.push(
    `compiled in ${ms(times.compiled)}, loaded in ${ms(times.loaded)}, attached in ${ms(times.attached)}`,
  )
  return `${lines.join('\n')}\n`
}

function mapText({ name, type, keySize, valueSize, maxEntries }: MapSpec): string {
  const kind = (bpfMapTypeNames[type] ?? `type ${type}`).replace('BPF_MAP_TYPE_', '').toLowerCase()
  return type === BPF_MAP_TYPE_RINGBUF
    ? `map ${name}: ${kind}, ${maxEntries} bytes`
    : `map ${name}: ${kind}, key ${keySize} bytes, value ${valueSize} bytes, ${maxEntries} entries`
}

/** Names of places; of many only the first. */
function placesText({ places }: ScriptProgram): string {
  const shown = places.slice(0, SHOWN_PLACES).map(({ probe }) => probe)
  const more = places.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}${mechanism(places[0])}`
}

/** Said where the kernel does not offer what the script names, and another mechanism does the same. */
function mechanism(place: Place | undefined): string {
  if (place === undefined) return ''
  const { kind } = place
  const isEntry = kind === 'fentry' || kind === 'fexit'
  if (isEntry && /^k(ret)?probe:/.test(place.probe)) return ` (by ${kind}: this kernel has no kprobes)`
  if (kind === 'kprobe' && /^f(entry|exit):/.test(place.probe))
    return ` (by ${place.returns ? 'kretprobe' : 'kprobe'}: this kernel has no fentry)`
  return ''
}

const SHOWN_PLACES = 4
