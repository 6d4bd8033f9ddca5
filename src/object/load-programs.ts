// Loading one program of an object: variants by what this kernel has, relocation, and errors that say what the verifier means.

import { type ContextTwins, type CoreResolver, FUNC_INFO_BYTES, LINE_FIELDS } from '../btf/index.ts'
import { type CompiledObject, type CompiledProgram, knownSectionNames } from '../elf/index.ts'
import { BtfError, errno, ObjectError, SyscallError, VerifierError } from '../errors/index.ts'
import { features, hasFeature } from '../kernel/index.ts'
import {
  attachesToMany,
  type EncodedProgram,
  type LoadOptions,
  loadProgramAsync,
  Program,
  resolveProgramTarget,
} from '../program/index.ts'
import {
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_UPROBE_MULTI,
  LITTLE_ENDIAN,
} from '../sys/index.ts'
import type { KernelNames } from './kernel-names.ts'
import type { ObjectMap } from './object-map.ts'
import type { ObjectProgram } from './object-program.ts'
import { relocate } from './relocate.ts'
import type { StructOpsMember } from './struct-ops.ts'

export interface ProgramInput {
  readonly object: CompiledObject
  readonly core: () => CoreResolver
  readonly names: KernelNames
  readonly maps: Readonly<Record<string, { readonly fd: number }>>
  readonly loadedBtf:
    | ({ readonly data: Uint8Array; readonly fd: number } & Partial<Pick<ContextTwins, 'twins'>>)
    | undefined
  /** for programs of struct_ops: the kernel's struct and the member */
  readonly structOps: StructOpsMember | undefined
  /** of programs that do not say themselves */
  readonly logLevel: number
}

/** A program as this kernel shall have it; only the verifier has not seen it. */
export interface ReadyProgram {
  readonly program: ObjectProgram
  readonly file: string
  readonly spec: EncodedProgram
  readonly options: LoadOptions
  /** why an instruction must not be reached, by slot */
  readonly poisoned: ReadonlyMap<number, string>
}

/** Relocates a program. Throws ObjectError, SyscallError, BtfError. */
export function makeReady(program: ObjectProgram, input: ProgramInput): ReadyProgram {
  const { source } = program
  const { object } = input
  const place = { program: program.name, section: program.section }
  if (program.type === 0)
    throw new ObjectError(
      object.file,
      `the section name says no type of program: ${knownSectionNames(program.section)}. Or set its \`type\``,
      place,
    )
  const { code, poisoned } = relocate(source, {
    core: input.core,
    names: input.names,
    maps: input.maps,
    fail: (what, slot, cause) => {
      const line = sourceAt(object, source, slot)
      throw new ObjectError(
        object.file,
        what,
        { ...place, insn: slot, ...(line === undefined ? {} : { source: line }) },
        { cause },
      )
    },
  })
  const { info, name, license, kernelVersion } = source
  const spec: EncodedProgram = {
    ...{ name, license, code, type: program.type },
    ...(kernelVersion === undefined ? {} : { kernelVersion }),
    ...(program.flags === 0 ? {} : { flags: program.flags }),
    ...attachTypeOf(program),
    ...(info === undefined || input.loadedBtf === undefined
      ? {}
      : { info: { ...info, ...ofFunctions(info, program, input.loadedBtf), btf: input.loadedBtf.data } }),
    ...(program.attachTo === undefined || !attachesByName(program) ? {} : { attachTo: program.attachTo }),
  }
  const { fdArray } = input.names
  const options: LoadOptions = {
    logLevel: program.logLevel ?? input.logLevel,
    ...(fdArray === undefined ? {} : { fdArray }),
    ...(program.ifindex === undefined ? {} : { ifindex: program.ifindex }),
    ...(input.loadedBtf === undefined ? {} : { btfFd: input.loadedBtf.fd }),
    ...targetOf(program, input),
  }
  return { program, file: object.file, spec, options, poisoned }
}

/** Function info that names twins. */
function ofFunctions(
  { funcInfo }: NonNullable<CompiledProgram['info']>,
  { type }: ObjectProgram,
  { twins }: NonNullable<ProgramInput['loadedBtf']>,
) {
  const ofType = twins?.get(type)
  if (ofType === undefined || ofType.size === 0) return {}
  const copy = Uint8Array.from(funcInfo)
  const data = new DataView(copy.buffer)
  for (let at = 4; at < copy.length; at += FUNC_INFO_BYTES) {
    const id = data.getUint32(at, LITTLE_ENDIAN)
    data.setUint32(at, ofType.get(id) ?? id, LITTLE_ENDIAN)
  }
  return { funcInfo: copy }
}

/** Throws VerifierError, ObjectError, SyscallError, NotSupportedError. */
export function loadReady({ program, file, spec, options, poisoned }: ReadyProgram): Program {
  try {
    return loadVariant(program, spec, options)
  } catch (error) {
    // what it attaches to by BTF is looked up as it is loaded
    if (error instanceof BtfError)
      throw new ObjectError(
        file,
        error.message,
        { program: program.name, section: program.section },
        { cause: error },
      )
    throw explained(error, program.name, poisoned)
  }
}

/**
 * The same in a thread of Node's pool, from now on. Undefined when that failed, or cannot be tried: then `loadReady` is to be
 * asked, which knows other ways and says what is wrong.
 */
export async function loadReadyAside({ spec, options }: ReadyProgram): Promise<Program | undefined> {
  // what it attaches to has descriptors, too, that are open while it is loaded
  if (spec.attachTo !== undefined && options.attachBtfId === undefined) return undefined
  if (options.logLevel !== 0) return undefined
  const fd = await loadProgramAsync(spec, options)
  return fd < 0 ? undefined : new Program(fd, spec.name, spec.expectedAttachType)
}

/**
 * Has the kernel keep the object's constants as long as the program, also those its code does not mention: they are what tools
 * read to learn about a program (Linux 5.10; where that fails, nothing is missed that programs need).
 */
export function bindConstants({ program, source }: ObjectProgram, maps: Iterable<ObjectMap>): void {
  for (const map of maps) {
    if (!map.loaded || map.source.role !== 'data' || !map.section.startsWith('.rodata')) continue
    if (source.code.references.some(({ ref }) => ref.kind === 'mapValue' && ref.name === map.label)) continue
    try {
      program.bindMap(map.map)
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error
    }
  }
}

/** Without its optional attach type where the kernel refuses that. */
function loadVariant(program: ObjectProgram, spec: EncodedProgram, options: LoadOptions): Program {
  try {
    return Program.load(spec, options)
  } catch (error) {
    const optional = program.source.sectionName?.definition.attachTypeOptional === true
    const invalid = error instanceof SyscallError && error.errno === errno.EINVAL
    if (!optional || !invalid || spec.expectedAttachType === undefined) throw error
    const { expectedAttachType: _, ...without } = spec
    return Program.load(without, options)
  }
}

/** USDT programs of an object are attached at all places by one link where the kernel can. */
function attachTypeOf({ source, expectedAttachType }: ObjectProgram) {
  if (source.sectionName?.definition.attach === 'usdt' && hasFeature(features.uprobeMulti))
    return { expectedAttachType: BPF_TRACE_UPROBE_MULTI }
  return expectedAttachType === undefined ? {} : { expectedAttachType }
}

const attachesByName = ({ type }: ObjectProgram): boolean =>
  type === BPF_PROG_TYPE_TRACING || type === BPF_PROG_TYPE_LSM || type === BPF_PROG_TYPE_EXT

function targetOf(program: ObjectProgram, { object, structOps }: ProgramInput): Partial<LoadOptions> {
  if (structOps !== undefined)
    return {
      attachBtfId: structOps.structId,
      ...(structOps.moduleFd === undefined ? {} : { attachProgFd: structOps.moduleFd }),
    }
  if (!attachesByName(program)) return {}
  const fail = (what: string): never => {
    throw new ObjectError(object.file, what, { program: program.name, section: program.section })
  }
  if (attachesToMany(program.expectedAttachType)) return {}
  if (program.attachTo === undefined)
    return fail('its section names no target: set `attachTo` before loading')
  if (program.attachToProgram !== undefined) {
    const { attachBtfId, attachProgFd } = resolveProgramTarget(program.attachToProgram, program.attachTo)
    return { attachBtfId, ...(attachProgFd === undefined ? {} : { attachProgFd }) }
  }
  if (program.type === BPF_PROG_TYPE_EXT)
    return fail('it replaces a function of another program: set `attachToProgram` before loading')
  return {}
}

/** What the verifier cannot know: that a call of an unknown function stands for something this kernel lacks. */
function explained(error: unknown, name: string, poisoned: ReadonlyMap<number, string>): unknown {
  if (!(error instanceof VerifierError) || poisoned.size === 0) return error
  const reason = error.summary.reasons.join('\n')
  if (!/invalid func unknown#(195896080|200[12]\d{6})|kernel function|unknown#/.test(reason)) return error
  const at = /^(\d+): /.exec(error.summary.insn ?? '')
  const why = at === null ? undefined : poisoned.get(Number(at[1]))
  if (why === undefined) return error
  return new VerifierError(name, error.errno, error.log, {
    reason: `instruction ${at![1]}: ${why}`,
    cause: error,
  })
}

/** `tool.bpf.c:12: x = task->pid;` of the last line at or before a slot. */
export function sourceAt(
  { btf }: CompiledObject,
  { lines }: CompiledProgram,
  slot: number,
): string | undefined {
  let found = -1
  for (let at = 0; at < lines.length; at += LINE_FIELDS)
    if (lines[at]! <= slot && (found < 0 || lines[at]! >= lines[found]!)) found = at
  if (found < 0 || btf === undefined) return undefined
  try {
    const file = btf.string(lines[found + 1]!).replace(/^.*\//, '')
    return `${file}:${lines[found + 3]! >>> 10}: ${btf.string(lines[found + 2]!).trim()}`
  } catch (error) {
    if (error instanceof BtfError) return undefined
    throw error
  }
}
