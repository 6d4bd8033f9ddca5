// Attaching a program by what its section is called: `kprobe/vfs_read+0x10`, `uprobe//bin/bash:readline`, `tp/sched/sched_switch`,
// `kprobe.multi/tcp_*`, `ksyscall/openat`, `fentry/vfs_read`.

import type { AutoAttach } from '../elf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { Binary, findBinaries, globMatcher, readTraceableFunctions } from '../kernel/index.ts'
import {
  attachExtension,
  attachIterator,
  attachKprobe,
  attachKprobeMulti,
  attachRawTracepoint,
  attachTracepoint,
  attachTracing,
  attachTracingMulti,
  attachUprobe,
  attachUprobeMulti,
  type IteratorScope,
  type Link,
} from '../link/index.ts'
import { traceableFunctions } from '../program/index.ts'
import { BPF_PROG_TYPE_EXT } from '../sys/index.ts'
import type { ObjectProgram } from './object-program.ts'

export interface AttachOptions {
  /** in place of the section's target, in the same form: `vfs_read`, `/bin/bash:readline`, `sched/sched_switch` */
  readonly target?: string
  /** what bpf_get_attach_cookie gives the program */
  readonly cookie?: bigint
  /**
   * kprobes and uprobes: `legacy` by an entry in tracefs, `perf` by a perf event and ioctl, `link` by a perf event and a bpf_link
   * (Linux 5.15): what the kernel lacks is an error then. The newest way that it has unless told.
   */
  readonly attachMode?: AttachMode
  /** user probes: one process; every one unless told */
  readonly pid?: number
  /** `kprobe.multi` and `kprobe.session`: refuse a pattern that is not one function's, nor a name that several have */
  readonly uniqueMatch?: boolean
  /** iterators: what to walk */
  readonly scope?: IteratorScope
}

/** libbpf's enum probe_attach_mode. */
export type AttachMode = 'legacy' | 'perf' | 'link'

const ATTACH_MODES = {
  legacy: { through: 'tracefs' },
  perf: { through: 'perf', mode: 'ioctl' },
  link: { through: 'perf', mode: 'link' },
} as const

/**
 * Throws BeetraceError `OBJECT_USE` when the section does not say where; what the attach functions throw, with the program
 * named in front.
 */
export function attachProgram(program: ObjectProgram, options: AttachOptions): Link {
  try {
    return attach(program, options)
  } catch (error) {
    throw error instanceof BeetraceError ? error.within(attaching(program)) : error
  }
}

function attach(program: ObjectProgram, options: AttachOptions): Link {
  const { program: loaded, section } = program
  const definition = program.source.sectionName?.definition
  const how = definition?.attach
  const isReturn =
    definition?.name.startsWith('kret') === true || definition?.name.startsWith('uret') === true
  const cookie = options.cookie === undefined ? {} : { cookie: options.cookie }
  const mode = options.attachMode === undefined ? {} : ATTACH_MODES[options.attachMode]
  const target = options.target ?? program.attachTo
  const needed = (): string => {
    if (target !== undefined && target !== '') return target
    throw unclear(program, `its section names no target: pass \`target\`, or write SEC("${section}/…")`)
  }
  switch (how) {
    case undefined:
    case 'usdt':
    case 'structOps':
      throw unclear(program, REASONS[how ?? 'none'])
    case 'kprobe': {
      const { name, offset } = parseKprobe(program, needed())
      return attachKprobe(loaded, { name, offset }, { isReturn, ...cookie, ...mode })
    }
    case 'ksyscall':
      return attachKprobe(loaded, { name: syscallFunction(needed()) }, { isReturn, ...cookie, ...mode })
    case 'kprobeMulti':
    case 'kprobeSession': {
      const found = readTraceableFunctions().match(needed())
      if (options.uniqueMatch === true && found.length > 1)
        throw unclear(
          program,
          `${found.length} functions of this kernel match ${target}, and it is to be one`,
        )
      const names = [...new Set(found.map(each => each.name))]
      if (names.length === 0) throw unclear(program, `no function of this kernel matches ${target}`)
      const at = how === 'kprobeSession' ? 'session' : isReturn ? 'return' : 'entry'
      const cookies = options.cookie === undefined ? {} : { cookies: names.map(() => options.cookie!) }
      return attachKprobeMulti(loaded, { names, ...cookies }, { at })
    }
    case 'uprobe': {
      const { path, offset } = findUprobe(program, needed(), options)
      return attachUprobe(loaded, { path, offset }, { isReturn, ...onPid(options), ...cookie, ...mode })
    }
    case 'uprobeMulti': {
      const { path, offsets } = findUprobes(program, needed(), options)
      const isSession = definition?.name.startsWith('uprobe.session') === true
      const at = isSession ? 'session' : isReturn ? 'return' : 'entry'
      const cookies = options.cookie === undefined ? {} : { cookies: offsets.map(() => options.cookie!) }
      return attachUprobeMulti(loaded, { path, offsets, ...cookies }, { at, ...onPid(options) })
    }
    case 'tracepoint': {
      const [category = '', name, ...rest] = needed().split('/')
      if (name === undefined || rest.length > 0)
        throw unclear(program, `tracepoint ${target} is not written as CATEGORY/NAME`)
      return attachTracepoint(loaded, category, name, cookie)
    }
    case 'rawTracepoint':
      return attachRawTracepoint(loaded, needed(), cookie)
    case 'tracing':
      if (program.type === BPF_PROG_TYPE_EXT)
        return attachExtension(loaded, undefined, { target: section, ...cookie })
      return attachTracing(loaded, { target: section, ...cookie })
    case 'tracingMulti': {
      const { ids } = traceableFunctions(needed())
      if (ids.length === 0) throw unclear(program, `no function of this kernel matches ${target}`)
      const cookies = options.cookie === undefined ? {} : { cookies: ids.map(() => options.cookie!) }
      return attachTracingMulti(loaded, { ids, ...cookies })
    }
    case 'lsm':
      return attachTracing(loaded, { target: section, ...cookie })
    case 'iterator':
      return attachIterator(loaded, options.scope, { target: section })
    default:
      return how satisfies never
  }
}

const REASONS: Readonly<Record<Extract<AutoAttach, 'usdt' | 'structOps'> | 'none', string>> = {
  usdt: 'is attached by the object, which knows the map of its arguments',
  structOps: 'belongs to a struct_ops map, which is what is attached',
  none: 'its section does not say where: use the attach function of its kind (attachXdp, attachTcx, attachCgroup …) on its `program`',
}

const attaching = ({ name, section }: ObjectProgram): string => `attach program "${name}" (${section})`

const unclear = (program: ObjectProgram, why: string): BeetraceError =>
  new BeetraceError('OBJECT_USE', `${attaching(program)}: ${why}`)

const onPid = ({ pid }: AttachOptions) => (pid === undefined ? {} : { pid })

/** `vfs_read`, `vfs_read+0x10`, `vfs_read+16` */
function parseKprobe(program: ObjectProgram, target: string): { name: string; offset: number } {
  const match = /^([\w.]+)(?:\+(0x[\da-f]+|\d+))?$/i.exec(target)
  if (match === null) throw unclear(program, `${target} is not written as FUNCTION or FUNCTION+OFFSET`)
  return { name: match[1]!, offset: Number(match[2] ?? 0) }
}

/** The kernel's function behind a system call: each architecture has its prefix (Linux 4.17). */
function syscallFunction(name: string): string {
  const prefix = SYSCALL_PREFIXES[process.arch]
  return prefix === undefined ? `__se_sys_${name}` : `${prefix}sys_${name}`
}

const SYSCALL_PREFIXES: Readonly<Record<string, string>> = {
  x64: '__x64_',
  arm64: '__arm64_',
  s390x: '__s390x_',
  riscv64: '__riscv_',
}

/** `PATH:FUNCTION`, `PATH:FUNCTION+OFFSET`, `PATH:FUNCTION@VERSION`, `PATH:0xOFFSET`; a path may be a bare name. */
function findUprobe(program: ObjectProgram, target: string, options: AttachOptions) {
  const { path, place } = openTarget(program, target, options)
  const match = /^(.*?)(?:\+(0x[\da-f]+|\d+))?$/i.exec(place)!
  if (/^(0x[\da-f]+|\d+)$/i.test(place)) return { path, offset: Number(place) }
  using binary = new Binary(path)
  const offset = binary.functionsNamed(match[1]!).find(each => each.fileOffset !== undefined)?.fileOffset
  if (offset === undefined) throw unclear(program, `${path} has no function "${match[1]}"`)
  return { path, offset: offset + Number(match[2] ?? 0) }
}

/** `PATH:PATTERN` */
function findUprobes(program: ObjectProgram, target: string, options: AttachOptions) {
  const { path, place } = openTarget(program, target, options)
  using binary = new Binary(path)
  const found = binary.functionsMatching(globMatcher(place))
  const offsets = [...new Set(found.flatMap(each => each.fileOffset ?? []))]
  if (offsets.length === 0) throw unclear(program, `no function of ${path} matches ${place}`)
  return { path, offsets }
}

export function openTarget(
  program: ObjectProgram,
  target: string,
  options: AttachOptions,
): { readonly path: string; readonly place: string } {
  const colon = target.indexOf(':')
  if (colon <= 0) throw unclear(program, `${target} is not written as PATH:PLACE`)
  const file = target.slice(0, colon)
  const found = findBinaries(file, onPid(options))[0]
  if (found === undefined) throw unclear(program, `there is no program or library ${file}`)
  return { path: found.path, place: target.slice(colon + 1) }
}
