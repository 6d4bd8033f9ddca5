// Helper functions of the interpreter, by their kernel names. Each takes r1 to r5 and returns r0.
import { BPF_F_CURRENT_CPU } from '../../src/sys/bpf-constants.generated.ts'
import { Fault } from './fault.ts'
import { formatPrintk } from './format-printk.ts'
import { E2BIG, EAGAIN, EFAULT, EINVAL, ENOENT, type VmMap } from './maps.ts'
import type { Memory, Space } from './memory.ts'

/** What a helper can reach of the machine that runs the program. */
export interface HelperMachine {
  readonly memory: Memory
  readonly facts: MachineFacts
  /** lines of bpf_trace_printk */
  readonly printed: string[]
  /** @throws Fault if the address is no map */
  mapAt(address: bigint): VmMap
  readonly maps: Iterable<VmMap>
  /** runs a subprogram given by its address (a callback) and returns its r0 */
  callFunction(address: bigint, args: readonly bigint[]): bigint
}

/** What the program can ask about the moment it runs in. */
export interface MachineFacts {
  readonly ktimeNs: bigint
  readonly pid: number
  readonly tgid: number
  readonly uid: number
  readonly gid: number
  readonly comm: string
  readonly cpu: number
  readonly cgroupId: bigint
  /** address of the current task_struct */
  readonly task: bigint
  readonly attachCookie: bigint
}

/** Results are cut to 64 bits by the interpreter, so a negative errno may be returned as it is. */
export type VmHelper = (
  machine: HelperMachine,
  r1: bigint,
  r2: bigint,
  r3: bigint,
  r4: bigint,
  r5: bigint,
) => bigint | number

/** bpf_loop refuses more (BPF_MAX_LOOPS). */
const MAX_LOOPS = 1 << 23

export const helperFunctions: Readonly<Record<string, VmHelper>> = {
  bpf_map_lookup_elem: (vm, map, key) => {
    const target = vm.mapAt(map)
    return target.lookup(vm.memory.block(key, target.spec.keySize, 'read'))?.base ?? 0n
  },
  bpf_map_lookup_percpu_elem: (vm, map, key, cpu) => {
    const target = vm.mapAt(map)
    if (u32(cpu) !== 0) return 0n
    return target.lookup(vm.memory.block(key, target.spec.keySize, 'read'))?.base ?? 0n
  },
  bpf_map_update_elem: (vm, map, key, value, flags) => {
    const { spec, update } = bound(vm.mapAt(map))
    const keyBytes = vm.memory.block(key, spec.keySize, 'read')
    return update(keyBytes, vm.memory.block(value, spec.valueSize, 'read'), Number(flags))
  },
  bpf_map_delete_elem: (vm, map, key) => {
    const target = vm.mapAt(map)
    return target.delete(vm.memory.block(key, target.spec.keySize, 'read'))
  },
  bpf_for_each_map_elem: (vm, map, callback, context, flags) => {
    if (flags !== 0n) return -EINVAL
    const target = vm.mapAt(map)
    let count = 0
    for (const key of target.keys()) {
      const keyRegion = vm.memory.add('key of bpf_for_each_map_elem', Uint8Array.from(key), {
        writable: false,
      })
      const value = target.lookup(key)!.base
      count++
      const stop = vm.callFunction(callback, [map, keyRegion.base, value, context])
      vm.memory.remove(keyRegion)
      if (stop !== 0n) break
    }
    return count
  },

  bpf_ringbuf_reserve: (vm, map, size, flags) =>
    flags === 0n ? (ringOf(vm, map).reserve(Number(size))?.base ?? 0n) : 0n,
  bpf_ringbuf_submit: (vm, record, flags) => commit(vm, record, flags, 'submitted'),
  bpf_ringbuf_discard: (vm, record, flags) => commit(vm, record, flags, 'discarded'),
  bpf_ringbuf_output: (vm, map, data, size, flags) => {
    if (flags & ~3n) return -EINVAL
    const ring = ringOf(vm, map)
    const bytes = vm.memory.block(data, Number(size), 'read')
    const record = ring.reserve(bytes.length)
    if (record === undefined) return -EAGAIN
    record.bytes.set(bytes)
    ring.commit(record.base, flags, 'submitted')
    return 0
  },
  bpf_ringbuf_query: (vm, map, what) => ringOf(vm, map).query(Number(what)),
  bpf_perf_event_output: (vm, _context, map, flags, data, size) => {
    const { output } = vm.mapAt(map)
    if (output === undefined) throw new Fault('bpf_perf_event_output needs a perf event array')
    if ((flags & 0xffffffffn) !== BigInt(BPF_F_CURRENT_CPU) && (flags & 0xffffffffn) !== BigInt(vm.facts.cpu))
      return -ENOENT
    output.push(Uint8Array.from(vm.memory.block(data, Number(size), 'read')))
    return 0
  },

  bpf_probe_read: (vm, dst, size, from) => probeRead(vm, 'kernel', dst, size, from),
  bpf_probe_read_kernel: (vm, dst, size, from) => probeRead(vm, 'kernel', dst, size, from),
  bpf_probe_read_user: (vm, dst, size, from) => probeRead(vm, 'user', dst, size, from),
  bpf_probe_read_str: (vm, dst, size, from) => probeReadStr(vm, 'kernel', dst, size, from),
  bpf_probe_read_kernel_str: (vm, dst, size, from) => probeReadStr(vm, 'kernel', dst, size, from),
  bpf_probe_read_user_str: (vm, dst, size, from) => probeReadStr(vm, 'user', dst, size, from),

  bpf_ktime_get_ns: vm => vm.facts.ktimeNs,
  bpf_ktime_get_boot_ns: vm => vm.facts.ktimeNs,
  bpf_get_current_pid_tgid: vm => (BigInt(vm.facts.tgid) << 32n) | BigInt(vm.facts.pid),
  bpf_get_current_uid_gid: vm => (BigInt(vm.facts.gid) << 32n) | BigInt(vm.facts.uid),
  bpf_get_current_comm: (vm, buffer, size) => {
    const target = vm.memory.block(buffer, u32(size), 'write')
    if (target.length === 0) return -EINVAL
    target.fill(0).set(Buffer.from(vm.facts.comm).subarray(0, Math.min(15, target.length - 1)))
    return 0
  },
  bpf_get_smp_processor_id: vm => vm.facts.cpu,
  bpf_get_current_cgroup_id: vm => vm.facts.cgroupId,
  bpf_get_current_task: vm => vm.facts.task,
  bpf_get_current_task_btf: vm => vm.facts.task,
  bpf_get_attach_cookie: vm => vm.facts.attachCookie,
  /** always the same number, so that runs can be compared */
  bpf_get_prandom_u32: () => 0x5eed5eedn,

  bpf_trace_printk: (vm, format, size, a, b, c) => {
    const text = cString(vm.memory.block(format, u32(size), 'read'))
    const line = formatPrintk(text, [a, b, c], address => readString(vm, address))
    vm.printed.push(line)
    return line.length
  },
  bpf_loop: (vm, count, callback, context, flags) => {
    if (flags !== 0n) return -EINVAL
    const loops = u32(count)
    if (loops > MAX_LOOPS) return -E2BIG
    for (let i = 0; i < loops; i++) {
      if (vm.callFunction(callback, [BigInt(i), context]) !== 0n) return i + 1
    }
    return loops
  },
  bpf_strncmp: (vm, s1, size, s2) => {
    const left = cString(vm.memory.block(s1, u32(size), 'read'))
    const right = readString(vm, s2).slice(0, u32(size))
    return left < right ? -1 : left > right ? 1 : 0
  },
}

function bound(map: VmMap): { spec: VmMap['spec']; update: VmMap['update'] } {
  return { spec: map.spec, update: (key, value, flags) => map.update(key, value, flags) }
}

function ringOf(vm: HelperMachine, address: bigint) {
  const { ring, spec } = vm.mapAt(address)
  if (ring === undefined) throw new Fault(`map "${spec.name}" is no ring buffer`)
  return ring
}

function commit(vm: HelperMachine, record: bigint, flags: bigint, state: 'submitted' | 'discarded'): number {
  for (const { ring } of vm.maps) {
    if (ring?.holds(record)) {
      ring.commit(record, flags, state)
      return 0
    }
  }
  throw new Fault(`0x${record.toString(16)} is no reserved ring buffer record`)
}

/** Reading fails softly: the destination is zeroed and -EFAULT returned. A bad destination is the program's fault. */
function probeRead(vm: HelperMachine, space: Space, dst: bigint, size: bigint, from: bigint): number {
  const target = vm.memory.block(dst, u32(size), 'write')
  try {
    target.set(vm.memory.block(from, target.length, 'read', space))
    return 0
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    target.fill(0)
    return -EFAULT
  }
}

/** Copies up to and with the NUL, cut to fit with a NUL at the end; returns the bytes written. */
function probeReadStr(vm: HelperMachine, space: Space, dst: bigint, size: bigint, from: bigint): number {
  const target = vm.memory.block(dst, u32(size), 'write')
  try {
    for (let i = 0; i < target.length; i++) {
      const byte = i === target.length - 1 ? 0 : vm.memory.block(from + BigInt(i), 1, 'read', space)[0]!
      target[i] = byte
      if (byte === 0) return i + 1
    }
    return 0
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    target.fill(0)
    return -EFAULT
  }
}

function readString(vm: HelperMachine, address: bigint): string {
  let text = ''
  for (let at = address; ; at++) {
    const byte = vm.memory.block(at, 1, 'read')[0]!
    if (byte === 0) return text
    text += String.fromCharCode(byte)
  }
}

function cString(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1')
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

function u32(value: bigint): number {
  return Number(BigInt.asUintN(32, value))
}
