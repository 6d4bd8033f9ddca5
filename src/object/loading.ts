// What loading programs needs of the kernel and of the object: names and types, the object's own types in the kernel, a token, maps.

import {
  addContextTwins,
  type Btf,
  CoreResolver,
  type CoreTargets,
  hasContextTags,
  parseBtf,
  sanitizeBtf,
} from '../btf/index.ts'
import type { CompiledObject } from '../elf/index.ts'
import {
  features,
  hasFeature,
  moduleBtf,
  modulesWithBtf,
  openBpfToken,
  readBtfFile,
  vmlinuxBtf,
} from '../kernel/index.ts'
import { bpfBtfLoad, closeFd, withBpfToken } from '../sys/index.ts'
import { KernelNames } from './kernel-names.ts'
import type { ProgramInput } from './load-programs.ts'
import type { ObjectLoadOptions } from './options.ts'

/** What loading holds until it is over. */
export interface Loading extends Omit<ProgramInput, 'structOps'>, Disposable {
  readonly token: number | undefined
}

export type LoadingMaps = Omit<ProgramInput, 'structOps' | 'maps'> & {
  readonly maps: Record<string, { readonly fd: number }>
}

/** @param makeMaps enters the maps; what it throws is thrown, with everything closed */
export function gatherLoading(
  source: CompiledObject,
  options: ObjectLoadOptions,
  makeMaps: (common: LoadingMaps) => void,
): Loading {
  const token = openBpfToken(options.tokenPath)
  const names = new KernelNames(source)
  let loadedBtf: LoadedBtf
  const close = () => {
    names.close()
    if (loadedBtf !== undefined) closeFd(loadedBtf.fd)
    if (token !== undefined) closeFd(token)
  }
  let resolver: CoreResolver | undefined
  const core = () => (resolver ??= new CoreResolver(source.btf!, coreTargets(options.kernelBtf)))
  try {
    return withBpfToken(token, () => {
      loadedBtf = loadBtf(source)
      const maps: Record<string, { readonly fd: number }> = {}
      const common = { object: source, core, names, maps, loadedBtf, logLevel: options.logLevel ?? 0 }
      makeMaps(common)
      return { ...common, token, [Symbol.dispose]: close }
    })
  } catch (error) {
    close()
    throw error
  }
}

type LoadedBtf = ProgramInput['loadedBtf']

/** Undefined for an object without BTF, and where this kernel takes none of it: then names and lines are lost. */
function loadBtf(source: CompiledObject): LoadedBtf {
  const { btf, btfBytes, programs } = source
  if (btf === undefined || btfBytes === undefined) return undefined
  if (hasContextTags(btfBytes) && !hasFeature(features.contextArgument)) {
    const types = programs.map(({ type }) => type)
    const { data, twins } = addContextTwins(btfBytes, btf, types)
    const loaded = loadKnownBtf(data, btf)
    return loaded && { ...loaded, twins }
  }
  return loadKnownBtf(btfBytes, btf)
}

/** With kinds that this kernel does not know written as others. */
function loadKnownBtf(btfBytes: Uint8Array, btf: Btf): LoadedBtf {
  const fd = bpfBtfLoad(btfBytes)
  if (fd >= 0) return { data: btfBytes, fd }
  const data = sanitizeBtf(btfBytes, btf, {
    float: hasFeature(features.btfFloat),
    declTag: hasFeature(features.btfDeclTag),
    typeTag: hasFeature(features.btfTypeTag),
    enum64: hasFeature(features.btfEnum64),
    questionMark: hasFeature(features.btfQuestionMark),
  })
  const again = bpfBtfLoad(data)
  return again < 0 ? undefined : { data, fd: again }
}

function coreTargets(custom: Uint8Array | string | undefined): CoreTargets {
  if (custom !== undefined)
    return { kernel: typeof custom === 'string' ? readBtfFile(custom) : parseBtf(custom) }
  return {
    kernel: vmlinuxBtf(),
    modules: () => modulesWithBtf().map(name => ({ name, btf: moduleBtf(name) })),
  }
}
