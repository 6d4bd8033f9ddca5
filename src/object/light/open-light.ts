// A light object as one that can be set, loaded and attached like any other: the same, but that its code is in its loader.

import { parseBtf } from '../../btf/index.ts'
import {
  type CompiledMap,
  type CompiledObject,
  type CompiledProgram,
  type Extern,
  parseSectionName,
} from '../../elf/index.ts'
import { BpfObject } from '../object.ts'
import type { LightConfiguration, LightMap, LightObject, LightProgram } from './layout.ts'
import { loadByLoader } from './load-by-loader.ts'

/** Throws BtfError where its types are not what they were when it was made. */
export function openLightObject(light: LightObject): BpfObject {
  const data = fromBase64(light.data)
  const instructions = fromBase64(light.instructions)
  const signature = light.signature === undefined ? undefined : fromBase64(light.signature)
  const source = compiledObject(light, data)
  return new BpfObject(source, (object, values, options) =>
    loadByLoader({ object, values, data, instructions, signature, steps: light.steps }, options),
  )
}

/** A copy: Node cuts small ones out of a buffer that it shares. */
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'))

function compiledObject({ name, programs, maps, configuration = [], types }: LightObject, data: Uint8Array) {
  const btfBytes = types && data.subarray(types[0], types[0] + types[1])
  const object: CompiledObject = {
    ...{ file: name, name, license: '' },
    programs: programs.map(compiledProgram),
    maps: maps.map(map => compiledMap(map, data)),
    externs: configuration.map(compiledExtern),
    ...(btfBytes === undefined ? {} : { btf: parseBtf(btfBytes), btfBytes }),
  }
  return object
}

function compiledProgram({ name, section, type, expectedAttachType, flags }: LightProgram): CompiledProgram {
  return {
    ...{ name, section, type, license: '', autoload: true },
    ...(expectedAttachType === undefined ? {} : { expectedAttachType }),
    ...(flags === undefined ? {} : { flags }),
    sectionName: parseSectionName(section),
    ...{ insns: [], code: { bytes: new Uint8Array(), references: [] } },
    ...{ functions: [], relocations: [], lines: new Uint32Array(), jumpTables: [] },
  }
}

function compiledMap(map: LightMap, all: Uint8Array): CompiledMap {
  const { frozen, flags, numaNode, mapExtra, values, variables, data, keyTypeId, valueTypeId, ...plain } = map
  return {
    ...plain,
    ...{ keyTypeId: keyTypeId ?? 0, valueTypeId: valueTypeId ?? 0, autocreate: true },
    ...(frozen === undefined ? {} : { frozen }),
    ...(flags === undefined ? {} : { flags }),
    ...(numaNode === undefined ? {} : { numaNode }),
    ...(mapExtra === undefined ? {} : { mapExtra: BigInt(mapExtra) }),
    ...(values === undefined ? {} : { values: values.map(each => each ?? undefined) }),
    ...(variables === undefined
      ? {}
      : {
          variables: variables.map(([name, offsetBytes, sizeBytes, typeId, isStatic]) => ({
            ...{ name, offsetBytes, sizeBytes, typeId },
            isStatic: isStatic === 1,
          })),
        }),
    ...(data === undefined ? {} : { data: all.subarray(data[0], data[0] + data[1]) }),
  }
}

const compiledExtern = ({ weak, ...extern }: LightConfiguration): Extern => ({
  ...extern,
  kind: 'kconfig',
  weak: weak === true,
})
