// From an object to its light form: the loader, and what is left to know of programs and maps.

import type { CompiledMap, CompiledObject, CompiledProgram, Extern } from '../../elf/index.ts'
import { buildLoader, type Loader, loadedParts } from './build-loader.ts'
import type { LightConfiguration, LightMap, LightObject, LightProgram, LightVariable } from './layout.ts'
import { type Signer, signDetached } from './sign-loader.ts'

export interface LightOptions {
  /** the object's, unless told */
  readonly name?: string
  /** who signs the loader: it takes no settings then, and needs Linux 6.18 (`readSigner`) */
  readonly signer?: Signer
}

/** Throws ObjectError for what only a loader outside the kernel can do, BeetraceError `SIGNING`. */
export function lightObject(object: CompiledObject, { name, signer }: LightOptions = {}): LightObject {
  const loader = buildLoader(object, { sealed: signer !== undefined })
  const { programs, maps } = loadedParts(object)
  const configuration = object.externs.flatMap(lightConfiguration)
  return {
    name: name ?? object.name,
    programs: programs.map(lightProgram),
    maps: maps.map(map => lightMap(map, loader)),
    ...(configuration.length === 0 ? {} : { configuration }),
    ...(loader.typesAt === undefined ? {} : { types: [loader.typesAt, object.btfBytes!.length] }),
    steps: loader.steps,
    instructions: base64(loader.instructions),
    data: base64(loader.data),
    ...(signer === undefined ? {} : { signature: base64(signDetached(loader.instructions, signer)) }),
  }
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

const lightProgram = ({ name, section, type, expectedAttachType, flags }: CompiledProgram): LightProgram => ({
  ...{ name, section, type },
  ...(expectedAttachType === undefined ? {} : { expectedAttachType }),
  ...(flags === undefined || flags === 0 ? {} : { flags }),
})

function lightMap(map: CompiledMap, { valuesAt }: Loader): LightMap {
  const { label, section, role, name, type, keySize, valueSize, maxEntries, flags, numaNode, mapExtra } = map
  const { frozen, keyTypeId, valueTypeId, values, variables } = map
  const data = valuesAt.get(label)
  return {
    ...{ label, section, name, type, keySize, valueSize, maxEntries },
    role: role === 'structOps' ? 'map' : role,
    ...(flags === undefined || flags === 0 ? {} : { flags }),
    ...(numaNode === undefined ? {} : { numaNode }),
    ...(mapExtra === undefined ? {} : { mapExtra: String(mapExtra) }),
    ...(frozen === true ? { frozen } : {}),
    ...(keyTypeId === 0 ? {} : { keyTypeId }),
    ...(valueTypeId === 0 ? {} : { valueTypeId }),
    ...(values === undefined ? {} : { values: values.map(each => each ?? null) }),
    ...(variables === undefined ? {} : { variables: variables.map(lightVariable) }),
    ...(data === undefined ? {} : { data }),
  }
}

const lightVariable = (variable: NonNullable<CompiledMap['variables']>[number]): LightVariable => {
  const { name, offsetBytes, sizeBytes, typeId, isStatic } = variable
  return isStatic ? [name, offsetBytes, sizeBytes, typeId, 1] : [name, offsetBytes, sizeBytes, typeId]
}

function lightConfiguration(extern: Extern): LightConfiguration[] {
  if (extern.kind !== 'kconfig') return []
  const { name, weak, btfId, offsetBytes, sizeBytes, typeId } = extern
  return [{ name, ...(weak ? { weak } : {}), btfId, offsetBytes, sizeBytes, typeId }]
}
