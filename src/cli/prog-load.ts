// `bee prog load` and `loadall`: loads an object and pins what it is made of. The words are bpftool's.
//
//     bee prog load|loadall OBJECT PATH [type TYPE] [map {idx N | name NAME} {id ID | name NAME | pinned FILE}] …
//         [xdpmeta_dev NAME] [pinmaps DIR] [autoattach] [kernel_btf FILE] [--lenient] [-d]
//     bee prog load|loadall -L [-S -k KEY -i CERTIFICATE] OBJECT [PATH] [pinmaps DIR] [autoattach] [-d]

import { rmdirSync, rmSync } from 'node:fs'
import { decode, print } from '../asm/index.ts'
import { parseSectionName, type SectionName } from '../elf/index.ts'
import { BeetraceError, UsageError } from '../errors/index.ts'
import { BPFFS_PATH, interfaceIndex, openBpfFs } from '../kernel/index.ts'
import { BpfMap } from '../map/index.ts'
import {
  addSigningKey,
  type BpfObject,
  lightObject,
  type ObjectLoadOptions,
  type ObjectMap,
  type ObjectProgram,
  openLightObject,
  openObject,
} from '../object/index.ts'
import { BPF_F_XDP_DEV_BOUND_ONLY, BPF_PROG_TYPE_XDP } from '../sys/index.ts'
import { findOnly } from './find-only.ts'
import { type LightArguments, signerOf, takeLightOptions } from './light-options.ts'
import { makeFolder } from './make-folder.ts'

/** of folders to pin in */
const NO_DOTS = ': it must be in a BPF file system, as /sys/fs/bpf is, where names have no dots'

const PROG_LOAD_USAGE =
  'usage: bee prog load|loadall [-L [-S -k KEY -i CERTIFICATE]] OBJECT PATH [WORD …] [--lenient] [-d]'

export interface ProgLoadArguments {
  /** `load` pins the first program at `path`, `loadall` each below it */
  readonly all: boolean
  readonly file: string
  /** undefined: nothing is pinned, and gone again when it was loaded */
  readonly path: string | undefined
  /** have a program within the kernel load it, maybe a signed one */
  readonly light: Omit<LightArguments, 'rest'>
  /** of all programs, whatever their sections say */
  readonly type: SectionName | undefined
  readonly maps: readonly MapReplacement[]
  /** network device that XDP programs are bound to, to read its metadata */
  readonly device: string | undefined
  readonly mapFolder: string | undefined
  readonly autoattach: boolean
  readonly kernelBtf: string | undefined
  /** leave out what this kernel refuses */
  readonly lenient: boolean
  /** tell what the verifier said */
  readonly debug: boolean
}

export interface MapReplacement {
  /** of the object: its place, or its name */
  readonly which: number | string
  /** what takes its place */
  readonly by: { readonly kind: 'id' | 'name' | 'pinned'; readonly value: string }
}

/** Words may be shortened, as bpftool has it: `auto`, `pinm DIR`. Throws UsageError. */
export function parseProgLoad(argv: readonly string[]): ProgLoadArguments {
  const lenient = argv.includes('--lenient')
  const debug = argv.some(each => each === '-d' || each === '--debug')
  const { rest, ...light } = takeLightOptions(argv, 'bee prog load')
  const { useLoader } = light
  const words = rest.filter(each => !['--lenient', '-d', '--debug'].includes(each))
  const next = (what: string): string => {
    const word = words.shift()
    if (word === undefined) throw new UsageError(`bee prog load: ${what} is missing\n${PROG_LOAD_USAGE}`)
    return word
  }
  const oneOf = <const T extends string>(word: string, known: readonly T[]): T => {
    const found = known.find(each => each === word) ?? known.find(each => each.startsWith(word))
    if (found === undefined || word === '')
      throw new UsageError(`bee prog load: "${word}" is none of ${known.join(', ')}\n${PROG_LOAD_USAGE}`)
    return found
  }
  const all = next('load or loadall') === 'loadall'
  const file = next('OBJECT')
  const path = useLoader && words.length === 0 ? undefined : next('PATH')
  const given: { -readonly [K in keyof ProgLoadArguments]?: ProgLoadArguments[K] } = {}
  const maps: MapReplacement[] = []
  const once = <K extends keyof ProgLoadArguments>(key: K, value: ProgLoadArguments[K], word: string) => {
    if (given[key] !== undefined) throw new UsageError(`bee prog load: ${word} is said twice`)
    given[key] = value
  }
  while (words.length > 0) {
    const word = oneOf(words.shift()!, WORDS)
    switch (word) {
      case 'type':
        once('type', programType(next('TYPE')), word)
        break
      case 'map': {
        const by = oneOf(next('idx or name'), ['idx', 'name'])
        const which = next(by === 'idx' ? 'IDX' : 'NAME')
        if (by === 'idx' && !/^(0x[\da-f]+|\d+)$/i.test(which))
          throw new UsageError(`bee prog load: "${which}" is no number of a map`)
        const kind = oneOf(next('id, name or pinned'), ['id', 'name', 'pinned'])
        maps.push({ which: by === 'idx' ? Number(which) : which, by: { kind, value: next('MAP') } })
        break
      }
      case 'offload_dev':
      case 'dev':
        throw new UsageError(
          `bee prog load: ${word}: programs are not handed to network cards here; xdpmeta_dev binds XDP programs to one`,
        )
      case 'xdpmeta_dev':
        once('device', next('NAME'), word)
        break
      case 'pinmaps':
        once('mapFolder', next('DIR'), word)
        break
      case 'autoattach':
        given.autoattach = true
        break
      case 'kernel_btf':
        once('kernelBtf', next('FILE'), word)
        break
      default:
        word satisfies never
    }
  }
  if (useLoader) {
    const told = { type: given.type, map: maps[0], xdpmeta_dev: given.device, kernel_btf: given.kernelBtf }
    const unknown = Object.entries({ ...told, '--lenient': lenient || undefined })
    for (const [word, value] of unknown)
      if (value !== undefined)
        throw new UsageError(`bee prog load: ${word}: a loader within the kernel (-L) cannot be told that`)
  }
  return {
    ...{ all, file, path, light, maps, lenient, debug, autoattach: given.autoattach === true },
    ...{ type: given.type, device: given.device, mapFolder: given.mapFolder, kernelBtf: given.kernelBtf },
  }
}

const WORDS = [
  'type',
  'map',
  'dev',
  'offload_dev',
  'xdpmeta_dev',
  'pinmaps',
  'autoattach',
  'kernel_btf',
] as const

/** `xdp`, `cgroup/skb`, `kprobe`: what SEC() would say. */
function programType(text: string): SectionName {
  const name = parseSectionName(text) ?? parseSectionName(`${text}/`)
  if (name === undefined) throw new UsageError(`bee prog load: there is no type "${text}" of programs`)
  return name
}

/** @throws UsageError; what loading, attaching and pinning throw. Nothing stays pinned then. */
export function progLoad(argv: readonly string[], note: (text: string) => void): number {
  if (argv[0] !== 'load' && argv[0] !== 'loadall')
    throw new UsageError(
      argv[0] === undefined
        ? 'bee prog takes load, loadall or tracelog'
        : `bee prog has no "${argv[0]}": load, loadall and tracelog`,
    )
  const args = parseProgLoad(argv)
  using object = open(args, note)
  const replaced = replaceMaps(object, args.maps)
  const pinned: string[] = []
  const folders: string[] = []
  const pin = (at: string, what: { pin(path: string): void }) => {
    what.pin(at)
    pinned.push(at)
  }
  try {
    const ifindex = args.device === undefined ? undefined : interfaceIndex(args.device)
    for (const program of object.programs.values()) prepare(program, args.type, ifindex)
    const options = loadOptions(args, note)
    object.load(options)
    if (args.debug && !args.light.useLoader) tellVerifierLogs(object, note)
    const programs = [...object.programs.values()].filter(each => each.loaded)
    if (programs.length === 0) throw new BeetraceError('OBJECT_USE', `${args.file} has no program to load`)
    for (const folder of [args.path, args.mapFolder]) if (folder?.startsWith(BPFFS_PATH)) openBpfFs()
    const { path } = args
    if (path !== undefined && args.all) folders.push(...makeFolder(path, NO_DOTS))
    for (const program of path === undefined ? [] : args.all ? programs : programs.slice(0, 1)) {
      const at = args.all ? `${path}/${program.name}` : path!
      pin(at, args.autoattach ? attachedOr(object, program, options, note) : program.program)
    }
    if (args.mapFolder !== undefined) {
      folders.push(...makeFolder(args.mapFolder, NO_DOTS))
      for (const map of object.maps.values())
        if (map.loaded) pin(`${args.mapFolder}/${fileName(map)}`, map.map)
    }
    return 0
  } catch (error) {
    for (const at of pinned) rmSync(at, { force: true })
    for (const folder of folders.reverse()) rmdirSync(folder)
    throw error
  } finally {
    for (const map of replaced) map.close()
  }
}

function open({ file, light: how, debug }: ProgLoadArguments, note: (text: string) => void): BpfObject {
  const object = openObject(file)
  if (!how.useLoader) return object
  const signer = signerOf(how)
  const light = lightObject(object.source, signer === undefined ? {} : { signer })
  // for this session, as bpftool has it
  if (signer !== undefined) addSigningKey(signer.certificate)
  if (debug) note(`${print(decode(Buffer.from(light.instructions, 'base64')))}\n`)
  return openLightObject(light)
}

/** Also of what was taken; of what was refused the error has it. */
function tellVerifierLogs({ programs }: BpfObject, note: (text: string) => void): void {
  for (const each of programs.values())
    if (each.loaded) note(`-- verifier log of ${each.name} --\n${each.program.verifierLog}-- end --\n`)
}

function prepare(program: ObjectProgram, type: SectionName | undefined, ifindex: number | undefined): void {
  if (type !== undefined) {
    program.type = type.definition.type
    program.expectedAttachType = type.definition.attachType
  }
  if (ifindex === undefined || program.type !== BPF_PROG_TYPE_XDP) return
  program.flags |= BPF_F_XDP_DEV_BOUND_ONLY
  program.ifindex = ifindex
}

function loadOptions(args: ProgLoadArguments, note: (text: string) => void): ObjectLoadOptions {
  return {
    ...(args.kernelBtf === undefined ? {} : { kernelBtf: args.kernelBtf }),
    ...(args.debug && !args.light.useLoader ? { logLevel: VERIFIER_LOG_LEVEL } : {}),
    ...(args.lenient
      ? {
          onRefused: ({ label, section }, error) => {
            note(`left out: ${label} (${section}): ${firstLine(error)}\n`)
            return true
          },
        }
      : {}),
  }
}

/** its reasoning, more of it, and statistics */
const VERIFIER_LOG_LEVEL = 1 | 2 | 4

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!

/** The link; the program where its section says no place, or where it was agreed to do without. */
function attachedOr(
  object: BpfObject,
  program: ObjectProgram,
  { onRefused }: ObjectLoadOptions,
  note: (text: string) => void,
): { pin(path: string): void } {
  if (!program.attachesItself) {
    note(
      `not attached: ${program.name} (${program.section}): its section does not say where; pinned itself\n`,
    )
    return program.program
  }
  try {
    return object.attachProgram(program.name)
  } catch (error) {
    if (onRefused?.(program, error) !== true) throw error
    return program.program
  }
}

/** A bpffs takes no dots: `sample.rodata` is `sample_rodata`. */
const fileName = ({ source }: ObjectMap): string => source.name.replaceAll('.', '_')

/** The maps that take the place of the object's; the caller's to close. */
function replaceMaps(object: BpfObject, replacements: readonly MapReplacement[]): BpfMap[] {
  const opened: BpfMap[] = []
  try {
    for (const { which, by } of replacements) {
      const map =
        typeof which === 'number'
          ? [...object.maps.values()][which]
          : [...object.maps.values()].find(({ label, source }) => label === which || source.name === which)
      if (map === undefined)
        throw new BeetraceError(
          'OBJECT_USE',
          `${object.source.file} has no map ${which}: it has ${[...object.maps.keys()].join(', ')}`,
        )
      if (map.reuse !== undefined) throw new UsageError(`bee prog load: map "${map.label}" is replaced twice`)
      map.reuse = openMap(by)
      opened.push(map.reuse)
    }
    return opened
  } catch (error) {
    for (const map of opened) map.close()
    throw error
  }
}

function openMap({ kind, value }: MapReplacement['by']): BpfMap {
  if (kind === 'pinned') return BpfMap.openPinned(value)
  if (kind === 'name') return openMapNamed(value)
  if (!/^\d+$/.test(value)) throw new UsageError(`bee prog load: "${value}" is no id of a map`)
  return BpfMap.openById(Number(value))
}

/** The kernel keeps 15 characters of a name. Throws BeetraceError when there is none, or more than one. */
function openMapNamed(name: string): BpfMap {
  return findOnly(
    'map',
    id => BpfMap.openById(id),
    map => map.name === name.slice(0, 15),
    count =>
      new BeetraceError(
        'MAP_USE',
        count === 0
          ? `there is no map named "${name}"`
          : `${count} maps are named "${name}": say which by id`,
      ),
  )
}
