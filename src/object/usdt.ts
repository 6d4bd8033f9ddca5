// USDT programs of compiled objects: where each argument lies at each place is written to the map that usdt.bpf.h declares, and
// the place's index in it goes with the probe as its cookie, or, on kernels without cookies, into a map by address.

import { type Btf, type BtfValue, encodeValue, resolve } from '../btf/index.ts'
import type { UsdtArgument, UsdtLocation } from '../elf/index.ts'
import { BeetraceError, NotSupportedError } from '../errors/index.ts'
import { Binary, features, hasFeature, requireFeature } from '../kernel/index.ts'
import { attachUsdt, type Link } from '../link/index.ts'
import { LITTLE_ENDIAN } from '../sys/index.ts'
import { type AttachOptions, openTarget } from './attach.ts'
import type { ObjectMap } from './object-map.ts'
import type { ObjectProgram } from './object-program.ts'

const SPECS = '__bpf_usdt_specs'
const MAX_ARGUMENTS = 12

/** How many places of each map of specs are taken, by the map: programs of one object share it. */
const taken = new WeakMap<ObjectMap, { next: number; ids: Map<string, number> }>()

/**
 * Attaches to `PATH:PROVIDER:NAME` of the section or of `options.target`.
 * @throws BeetraceError `OBJECT_USE` when there is no such probe, or the object was not made with usdt.bpf.h
 */
export function attachUsdtProgram(
  program: ObjectProgram,
  maps: ReadonlyMap<string, ObjectMap>,
  btf: Btf | undefined,
  options: AttachOptions,
): Link {
  const target = options.target ?? program.attachTo
  const fail = (why: string): never => {
    throw new BeetraceError('OBJECT_USE', `attach program "${program.name}" (${program.section}): ${why}`)
  }
  if (target === undefined) return fail('its section names no probe: pass `target`, PATH:PROVIDER:NAME')
  const { path, place } = openTarget(program, target, options)
  const [provider, name, ...rest] = place.split(':')
  if (name === undefined || rest.length > 0) return fail(`${target} is not written as PATH:PROVIDER:NAME`)
  const specs = maps.get(SPECS)
  if (specs === undefined || !specs.loaded)
    return fail(`the object has no map ${SPECS}: include bpf/usdt.bpf.h`)
  requireFeature(features.perfEventLink) // cookies: without them the maps would have to go by address
  using binary = new Binary(path)
  const locations = binary.usdt().filter(each => each.provider === provider && each.name === name)
  if (locations.length === 0) return fail(`${path} has no USDT probe ${place}`)
  const by = hasFeature(features.uprobeMulti) ? 'multi' : 'single'
  return attachUsdt(
    program.program,
    {
      path,
      name: place,
      locations: locations.map(location => ({
        offset: location.fileOffset,
        ...(location.semaphoreFileOffset === undefined
          ? {}
          : { semaphoreOffset: location.semaphoreFileOffset }),
        cookie: BigInt(writeSpec(specs, btf, location, options.cookie ?? 0n, fail)),
      })),
    },
    { by, ...(options.pid === undefined ? {} : { pid: options.pid }) },
  )
}

/** Index of the spec; places with the same arguments share one. */
function writeSpec(
  specs: ObjectMap,
  btf: Btf | undefined,
  location: UsdtLocation,
  cookie: bigint,
  fail: (why: string) => never,
): number {
  let state = taken.get(specs)
  if (state === undefined) taken.set(specs, (state = { next: 0, ids: new Map() }))
  const key = `${cookie} ${location.argumentText}`
  const known = state.ids.get(key)
  if (known !== undefined) return known
  const { valueTypeId } = specs.source
  if (btf === undefined || valueTypeId === 0) return fail(`map ${SPECS} has no types: compile with -g`)
  const id = state.next++
  if (id >= specs.map.maxEntries)
    return fail(`more than ${specs.map.maxEntries} different places: raise BPF_USDT_MAX_SPEC_CNT`)
  const count = Math.min(location.arguments.length, MAX_ARGUMENTS)
  const value: BtfValue = {
    args: location.arguments.slice(0, count).map(each => argumentSpec(each)),
    usdt_cookie: cookie,
    arg_cnt: count,
  }
  const indexBytes = new Uint8Array(new ArrayBuffer(4))
  new DataView(indexBytes.buffer).setUint32(0, id, LITTLE_ENDIAN)
  specs.map.update(indexBytes, encodeValue(btf, resolve(btf, btf.type(valueTypeId)), value))
  state.ids.set(key, id)
  return id
}

/** struct __bpf_usdt_arg_spec of usdt.bpf.h; its layout is what the object's types say. */
function argumentSpec({ place, sizeBytes, signed, text }: UsdtArgument): { [member: string]: BtfValue } {
  const common = { arg_signed: signed, arg_bitshift: 64 - sizeBytes * 8 }
  switch (place.kind) {
    case 'constant':
      return { ...common, arg_type: 'BPF_USDT_ARG_CONST', val_off: BigInt.asUintN(64, place.value) }
    case 'register':
      if (place.register.shiftBits !== 0) break
      return { ...common, arg_type: 'BPF_USDT_ARG_REG', reg_off: place.register.ptRegsOffset }
    case 'memory': {
      const val_off = BigInt.asUintN(64, BigInt(place.displacement))
      if (place.base === undefined) break
      if (place.index === undefined)
        return { ...common, arg_type: 'BPF_USDT_ARG_REG_DEREF', reg_off: place.base.ptRegsOffset, val_off }
      return {
        ...common,
        ...{ arg_type: 'BPF_USDT_ARG_SIB', reg_off: place.base.ptRegsOffset, val_off },
        ...{ idx_reg_off: place.index.ptRegsOffset, scale_bitshift: Math.log2(place.scale) },
      }
    }
    case 'symbol':
    case 'unknown':
  }
  throw new NotSupportedError(`USDT argument ${text}`, { reason: 'usdt.bpf.h has no way to read it' })
}
