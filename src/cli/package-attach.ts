// Attaching what the sections of a package's programs do not say all about: devices of XDP and tc, and timers.

import { BeetraceError } from '../errors/index.ts'
import { attachPerfEvent, attachTc, attachXdp, type Link, type XdpMode } from '../link/index.ts'
import type { ObjectProgram } from '../object/index.ts'
import type { JsonObject, JsonValue, PackageProgram } from '../package/index.ts'

/** The loopback device, which eunomia takes unless told. */
const LOOPBACK_IFINDEX = 1

/**
 * Attaches by what the package says beside the section. Undefined for a section that needs more than that.
 * @throws BeetraceError `PACKAGE` for what cannot be attached to; what attaching throws
 */
export function attachByPackage(
  program: ObjectProgram,
  description: PackageProgram | undefined,
): Link | undefined {
  const extra = description?.extra ?? {}
  switch (program.section.split('/')[0]) {
    case 'xdp':
      return program.adopt(
        attachXdp(program.program, number(extra.ifindex) ?? LOOPBACK_IFINDEX, xdpMode(extra)),
      )
    case 'tc':
    case 'classifier': {
      const hook = object(extra.tchook)
      const options = object(extra.tcopts)
      const link = attachTc(
        program.program,
        number(hook.ifindex) ?? LOOPBACK_IFINDEX,
        direction(program, hook),
        {
          handle: number(options.handle) ?? 1,
          priority: number(options.priority) ?? 1,
        },
      )
      return program.adopt(link)
    }
    case 'perf_event':
      return program.adopt(attachEverySecond(program))
    default:
      return undefined
  }
}

/** XDP_FLAGS_SKB_MODE, _DRV_MODE, _HW_MODE */
function xdpMode(extra: JsonObject): { readonly mode?: XdpMode } {
  const flags = number(extra.flags) ?? 0
  if (flags & 2) return { mode: 'generic' }
  if (flags & 4) return { mode: 'native' }
  if (flags & 8) return { mode: 'offload' }
  return {}
}

function direction(program: ObjectProgram, hook: JsonObject): 'ingress' | 'egress' {
  switch (hook.attach_point) {
    case undefined:
    case 'BPF_TC_INGRESS':
      return 'ingress'
    case 'BPF_TC_EGRESS':
      return 'egress'
    default:
      throw new BeetraceError(
        'PACKAGE',
        `attach program "${program.name}": ${JSON.stringify(hook.attach_point)} is neither BPF_TC_INGRESS nor BPF_TC_EGRESS`,
      )
  }
}

/** By cycles of the processor as eunomia does it, or, where nothing counts them (most virtual machines), by its clock. */
function attachEverySecond(program: ObjectProgram): Link {
  const rate = { frequencyHz: 1 }
  try {
    return attachPerfEvent(program.program, { kind: 'named', name: 'cpu-cycles' }, { rate })
  } catch {
    return attachPerfEvent(program.program, { kind: 'named', name: 'cpu-clock' }, { rate })
  }
}

const number = (value: JsonValue | undefined): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) ? value : undefined

const object = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
