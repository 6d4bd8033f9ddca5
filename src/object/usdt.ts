// USDT programs of compiled objects: where each argument lies at each place is written to the map that usdt.bpf.h declares, and
// the place's index in it goes with the probe as its cookie, or, on kernels without cookies, into a second map by address.
// Source: usdt.bpf.h, whose maps these are, and usdt.c of libbpf.

import { type Btf, type BtfValue, didYouMean, encodeValue, resolve } from '../btf/index.ts'
import { ET_EXEC, type UsdtArgument, type UsdtLocation } from '../elf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { addressInProcess, Binary, features, hasFeature } from '../kernel/index.ts'
import { attachUsdt, type Link } from '../link/index.ts'
import { LITTLE_ENDIAN } from '../sys/index.ts'
import { type AttachOptions, openTarget } from './attach.ts'
import type { ObjectMap } from './object-map.ts'
import type { ObjectProgram } from './object-program.ts'

const SPECS = '__bpf_usdt_specs'
const SPEC_BY_ADDRESS = '__bpf_usdt_ip_to_spec_id'
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
  const fail: Fail = why => {
    throw new BeetraceError('OBJECT_USE', `attach program "${program.name}" (${program.section}): ${why}`)
  }
  if (target === undefined) return fail('its section names no probe: pass `target`, PATH:PROVIDER:NAME')
  const { path, place } = openTarget(program, target, options)
  const [provider, name, ...rest] = place.split(':')
  if (name === undefined || rest.length > 0) return fail(`${target} is not written as PATH:PROVIDER:NAME`)
  const specs = maps.get(SPECS)
  if (specs === undefined || !specs.loaded)
    return fail(`the object has no map ${SPECS}: include bpf/usdt.bpf.h`)
  using binary = new Binary(path)
  const probes = binary.usdt()
  const locations = probes.filter(each => each.provider === provider && each.name === name)
  if (locations.length === 0) {
    const there = [...new Set(probes.map(each => `${each.provider}:${each.name}`))]
    return fail(
      `${path} has no USDT probe ${place}${there.length === 0 ? ', nor any other' : `${didYouMean(place, there) || `; it has ${there.slice(0, 8).join(', ')}${there.length > 8 ? ' …' : ''}`}`}`,
    )
  }
  const ids = locations.map(location => writeSpec(specs, btf, location, options.cookie ?? 0n, fail))
  const hasCookies = hasFeature(features.perfEventLink) // what LINUX_HAS_BPF_COOKIE tells the program
  if (!hasCookies) writeAddresses(maps.get(SPEC_BY_ADDRESS), binary, locations, ids, options.pid, fail)
  const by = hasFeature(features.uprobeMulti) ? 'multi' : 'single'
  return attachUsdt(
    program.program,
    {
      path,
      name: place,
      locations: locations.map(({ fileOffset, semaphoreFileOffset }, i) => ({
        offset: fileOffset,
        ...(semaphoreFileOffset === undefined ? {} : { semaphoreOffset: semaphoreFileOffset }),
        ...(hasCookies ? { cookie: BigInt(ids[i]!) } : {}),
      })),
    },
    { by, ...(options.pid === undefined ? {} : { pid: options.pid }) },
  )
}

/** For kernels before 5.15: the programs then look up where they are. What is loaded at any address is only known of one process. */
function writeAddresses(
  map: ObjectMap | undefined,
  binary: Binary,
  locations: readonly UsdtLocation[],
  ids: readonly number[],
  pid: number | undefined,
  fail: Fail,
): void {
  if (map === undefined || !map.loaded)
    fail(`the object has no map ${SPEC_BY_ADDRESS}: include bpf/usdt.bpf.h`)
  for (const [i, location] of locations.entries()) {
    const key = new Uint8Array(8)
    new DataView(key.buffer).setBigUint64(0, BigInt(addressOf(location, binary, pid, fail)), LITTLE_ENDIAN)
    map!.map.update(key, u32(ids[i]!))
  }
}

function addressOf(
  location: UsdtLocation,
  { elf, path }: Binary,
  pid: number | undefined,
  fail: Fail,
): number {
  if (elf.type === ET_EXEC) return location.address
  if (pid === undefined)
    return fail(
      `${path} has other addresses in each process, and kernels before 5.15 tell programs nothing but the address: pass \`pid\``,
    )
  return addressInProcess(pid, path, location.fileOffset) ?? fail(`process ${pid} has not mapped ${path}`)
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN)
  return bytes
}

type Fail = (why: string) => never

/** Index of the spec; places with the same arguments share one. */
function writeSpec(
  specs: ObjectMap,
  btf: Btf | undefined,
  location: UsdtLocation,
  cookie: bigint,
  fail: Fail,
): number {
  let state = taken.get(specs)
  if (state === undefined) taken.set(specs, (state = { next: 0, ids: new Map() }))
  const key = `${cookie} ${location.argumentText}`
  const known = state.ids.get(key)
  if (known !== undefined) return known
  const { valueTypeId } = specs.source
  if (btf === undefined || valueTypeId === 0) return fail(`map ${SPECS} has no types: compile with -g`)
  const id = state.next
  if (id >= specs.map.maxEntries)
    return fail(`more than ${specs.map.maxEntries} different places: raise BPF_USDT_MAX_SPEC_CNT`)
  const count = Math.min(location.arguments.length, MAX_ARGUMENTS)
  const value: BtfValue = {
    args: location.arguments
      .slice(0, count)
      .map(
        each =>
          argumentSpec(each) ??
          fail(
            `usdt.bpf.h has no way to read argument ${each.text} of ${location.provider}:${location.name}`,
          ),
      ),
    usdt_cookie: cookie,
    arg_cnt: count,
  }
  specs.map.update(u32(id), encodeValue(btf, resolve(btf, btf.type(valueTypeId)), value))
  state.ids.set(key, id)
  state.next++
  return id
}

/** struct __bpf_usdt_arg_spec of usdt.bpf.h; its layout is what the object's types say. Undefined for what it has no place for. */
function argumentSpec({
  place,
  sizeBytes,
  signed,
}: UsdtArgument): { [member: string]: BtfValue } | undefined {
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
  return undefined
}
