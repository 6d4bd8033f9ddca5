// What modules written by `bee gen skeleton` stand on: an object with its programs, maps and global variables as properties,
// whose types the module has written down.
//
//     using tool = openTool()
//     tool.rodata.min_us = 1000n           settings, until
//     tool.load().attach()
//     for await (const event of tool.maps.events) …
//     tool.bss.dropped                     what the program counts, as it stands now

import { BeetraceError } from '../../errors/index.ts'
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF } from '../../sys/index.ts'
import type { GlobalVariable } from '../globals.ts'
import type { LightObject } from '../light/layout.ts'
import { openLightObject } from '../light/open-light.ts'
import { BpfObject, openObject } from '../object.ts'
import type { ObjectProgram } from '../object-program.ts'
import type { ObjectAttachOptions, ObjectLoadOptions } from '../options.ts'
import { sectionProperty } from './names.ts'
import { SkeletonMap } from './skeleton-map.ts'
import { SkeletonRecords } from './skeleton-records.ts'

/** What modules written by `bee gen subskeleton` have beside what they name: who opened the object loads and closes it. */
export interface Subskeleton {
  /** the same by names, and what the skeleton does not show */
  readonly object: BpfObject
}

/** What every skeleton has beside what its module names. */
export interface Skeleton extends Subskeleton, Disposable {
  /** Makes the maps and loads the programs. Throws as `BpfObject.load`; the skeleton can be set and loaded again then. */
  load(options?: ObjectLoadOptions): this
  /** Attaches what its sections say. Throws as `BpfObject.attach`. */
  attach(options?: ObjectAttachOptions): this
  /** Takes all programs off; they stay loaded and can be attached again. */
  detach(): void
  /** Ends readers, detaches, unloads. Twice is harmless. */
  close(): void
}

/** Where a skeleton has its object: in the module, or in a file beside it. */
export type SkeletonSource =
  | { readonly name: string; readonly base64: string }
  | { readonly name: string; readonly file: string; readonly beside: string }

/** What the object does not say by itself: the struct of each buffer's records. */
export interface SkeletonHints {
  readonly records?: Readonly<Record<string, string>>
}

/** What a subskeleton names; `name` is for messages. */
export interface SkeletonParts extends SkeletonHints {
  readonly name: string
  readonly programs?: readonly string[]
  readonly maps?: readonly string[]
  /** global ones and `__kconfig` ones */
  readonly variables?: readonly string[]
}

/**
 * Opens the object of a skeleton. `T` is what the generated module says of it, and is not checked here.
 * @throws ElfError, BtfError, ObjectError
 */
export function openSkeleton<T extends Skeleton>(source: SkeletonSource, hints: SkeletonHints = {}): T {
  const object =
    'base64' in source
      ? openObject(Buffer.from(source.base64, 'base64'), { name: source.name })
      : openObject(fileBeside(source.beside, source.file), { name: source.name })
  return skeletonOf<T>(object, hints)
}

/**
 * The same of an object in its light form, which a program in the kernel loads: of settings it takes variables and the `maxEntries`
 * of maps, and nothing where it is signed.
 * @throws BtfError
 */
export function openLightSkeleton<T extends Skeleton>(light: LightObject, hints: SkeletonHints = {}): T {
  return skeletonOf<T>(openLightObject(light), hints)
}

function skeletonOf<T extends Skeleton>(object: BpfObject, hints: SkeletonHints): T {
  const skeleton = {
    ...partsOf(object, hints),
    load(options?: ObjectLoadOptions) {
      object.load(options)
      return skeleton
    },
    attach(options?: ObjectAttachOptions) {
      object.attach(options)
      return skeleton
    },
    detach: () => object.detach(),
    close: () => object.close(),
    [Symbol.dispose]: () => object.close(),
  }
  return skeleton as unknown as T
}

/**
 * Finds in an open object what was linked into it.
 * @param of the object, or a skeleton of it or of a part of it
 * @throws BeetraceError `OBJECT_USE` when it lacks something
 */
export function openSubskeleton<T extends Subskeleton>(of: Subskeleton | BpfObject, parts: SkeletonParts): T {
  const object = of instanceof BpfObject ? of : of.object
  const { name, programs = [], maps = [], variables = [] } = parts
  const lacks = (kind: string, missing: string | undefined) => {
    if (missing === undefined) return
    throw new BeetraceError(
      'OBJECT_USE',
      `${object.source.file} has no ${kind} "${missing}", which "${name}" has: was it linked into it, and is the module of the same source?`,
    )
  }
  lacks(
    'program',
    programs.find(each => !object.programs.has(each)),
  )
  lacks(
    'map',
    maps.find(each => !object.maps.has(each)),
  )
  lacks(
    'global variable',
    variables.find(each => !object.globals.has(each) && !object.configuration.has(each)),
  )
  return partsOf(object, parts, parts) as unknown as T
}

/** What a skeleton names, of all or of those in `only`. */
function partsOf(object: BpfObject, { records }: SkeletonHints, only?: SkeletonParts) {
  const isWanted = (names: readonly string[] | undefined) => {
    const wanted = new Set(names)
    return ([name]: readonly [string, unknown]) => only === undefined || wanted.has(name)
  }
  const programs: Record<string, ObjectProgram> = Object.create(null)
  for (const [name, program] of [...object.programs].filter(isWanted(only?.programs)))
    programs[name] = program
  const maps: Record<string, unknown> = Object.create(null)
  for (const [label, map] of [...object.maps].filter(isWanted(only?.maps))) {
    const { role, type } = map.source
    if (role === 'data' || role === 'kconfig') continue
    if (type === BPF_MAP_TYPE_RINGBUF || type === BPF_MAP_TYPE_PERF_EVENT_ARRAY)
      maps[label] = new SkeletonRecords(object, map, records?.[label] ?? 'raw')
    else maps[label] = new SkeletonMap(object, map)
  }
  const variables = [...object.globals, ...object.configuration].filter(isWanted(only?.variables))
  // an arena's section has the name of its map, which may be any
  return { ...sectionsOf(variables.map(([, variable]) => variable)), object, programs, maps }
}

/** A property for each section of variables, with a property for each variable. */
function sectionsOf(variables: readonly GlobalVariable[]): Record<string, object> {
  const sections: Record<string, object> = Object.create(null)
  for (const variable of variables) {
    if (variable.variable.isStatic) continue
    const section = (sections[sectionProperty(variable.section)] ??= Object.create(null) as object)
    Object.defineProperty(section, variable.name, {
      enumerable: true,
      get: () => variable.typedValue,
      set: value => {
        variable.typedValue = value
      },
    })
  }
  return sections
}

const fileBeside = (module: string, file: string): string =>
  decodeURIComponent(new URL(file, module).pathname)
