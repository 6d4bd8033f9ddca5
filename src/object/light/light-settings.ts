// Settings that a loader within the kernel cannot be told: an error rather than something that is not done.

import { BeetraceError } from '../../errors/index.ts'
import { attachesByBtf } from '../../program/index.ts'
import type { ObjectMap } from '../object-map.ts'
import type { ObjectProgram } from '../object-program.ts'
import type { ObjectLoadOptions } from '../options.ts'
import type { LoaderRun } from './load-by-loader.ts'

/** Throws BeetraceError `OBJECT_USE`. */
export function refuseSettings({ object, values, signature }: LoaderRun, options: ObjectLoadOptions): void {
  const refuse = (what: string, why = 'its loader was made without it'): never => {
    throw new BeetraceError(
      'OBJECT_USE',
      `${object.source.file}: ${what} cannot be set of a light skeleton: ${why}`,
    )
  }
  for (const word of ['kernelBtf', 'pinRoot', 'tokenPath', 'onRefused'] as const)
    if (options[word] !== undefined) refuse(`\`${word}\``)
  // all programs write theirs to one place, the last one over the others
  if (options.logLevel) refuse('`logLevel`', 'it tells what the verifier says of programs that it refuses')
  for (const program of object.programs.values()) {
    const set = changedOf(program)
    if (set !== undefined) refuse(`\`${set}\` of program "${program.name}"`)
  }
  for (const map of object.maps.values()) {
    const set = changedOfMap(map, signature !== undefined)
    if (set !== undefined)
      refuse(
        `\`${set}\` of map "${map.label}"`,
        set === 'maxEntries' ? 'its signature is for what it has' : undefined,
      )
    const { data } = map.source
    const value = values.get(map.label)
    if (signature === undefined || data === undefined || value === undefined) continue
    if (value.some((byte, i) => byte !== data[i]))
      refuse(`variables in ${map.label}`, 'its signature is for what they have')
  }
}

function changedOf(program: ObjectProgram): string | undefined {
  const { source } = program
  if (program.type !== source.type) return 'type'
  if (program.expectedAttachType !== source.expectedAttachType) return 'expectedAttachType'
  if (!program.autoload) return 'autoload'
  if (program.flags !== (source.flags ?? 0)) return 'flags'
  if (program.logLevel !== undefined) return 'logLevel'
  if (program.ifindex !== undefined) return 'ifindex'
  if (program.attachToProgram !== undefined) return 'attachToProgram'
  // the others are told when they are attached
  if (attachesByBtf(program.type) && program.attachTo !== source.sectionName?.target) return 'attachTo'
  return undefined
}

function changedOfMap(map: ObjectMap, isSigned: boolean): string | undefined {
  const { source } = map
  if (map.type !== source.type) return 'type'
  if (map.keySize !== source.keySize) return 'keySize'
  if (map.valueSize !== source.valueSize) return 'valueSize'
  if (isSigned && map.maxEntries !== source.maxEntries) return 'maxEntries'
  if (map.flags !== (source.flags ?? 0)) return 'flags'
  if (map.numaNode !== source.numaNode) return 'numaNode'
  if (map.mapExtra !== source.mapExtra) return 'mapExtra'
  if (map.innerTemplate !== undefined) return 'innerTemplate'
  if (!map.autocreate) return 'autocreate'
  if (map.pinPath !== undefined) return 'pinPath'
  if (map.exclusiveTo !== undefined) return 'exclusiveTo'
  if (map.reuse !== undefined) return 'reuse'
  return undefined
}
