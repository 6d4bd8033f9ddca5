// `bee --info`: what this kernel offers to scripts, in the form that bpftrace's own test runner reads.

import { arch, release, version } from 'node:os'
import { features, hasFeature, modulesWithBtf, programTypeFeatures } from '../kernel/index.ts'
import type { ScriptFeature } from '../script/facts.ts'
import { MachineKernelFacts } from '../script/run/kernel-facts.ts'
import { VERSION } from './version.ts'

export function kernelInfo(): string {
  const kernel = new MachineKernelFacts()
  const yes = (value: boolean): string => (value ? 'yes' : 'no')
  const has = (feature: ScriptFeature): string => yes(kernel.has(feature))
  const btf = kernel.btf()
  const helper = (name: string): string => yes(btf?.enumerator(`BPF_FUNC_${name}`) !== undefined)
  const mapType = (name: string): string => yes(btf?.enumerator(`BPF_MAP_TYPE_${name}`) !== undefined)
  const programType = (name: string): string => {
    const feature = programTypeFeatures[`BPF_PROG_TYPE_${name}`]
    return yes(feature !== undefined && hasFeature(feature))
  }
  const section = (title: string, rows: readonly (readonly [string, string])[]): string =>
    `${title}\n${rows.map(([name, value]) => `  ${name}: ${value}\n`).join('')}\n`
  return [
    section('System', [
      ['OS', `Linux ${release()} ${version()}`],
      ['Arch', arch() === 'x64' ? 'x86_64' : arch()],
    ]),
    section('Build', [
      ['version', `v${VERSION}`],
      ['LLVM', 'none'],
      ['bfd', 'no'],
      ['libdw (DWARF support)', 'no'],
      ['libsystemd (systemd notify support)', 'no'],
      ['blazesym (advanced symbolization)', 'no'],
    ]),
    section('Kernel helpers', [
      ['probe_read', helper('probe_read')],
      ['probe_read_str', helper('probe_read_str')],
      ['probe_read_user', helper('probe_read_user')],
      ['probe_read_user_str', helper('probe_read_user_str')],
      ['probe_read_kernel', helper('probe_read_kernel')],
      ['probe_read_kernel_str', helper('probe_read_kernel_str')],
      ['get_current_cgroup_id', helper('get_current_cgroup_id')],
      ['send_signal', helper('send_signal')],
      ['override_return', helper('override_return')],
      ['get_boot_ns', helper('ktime_get_boot_ns')],
      ['dpath', yes(kernel.has('d_path') && kernel.has('fentry'))],
      ['skboutput', helper('skb_output')],
      ['get_tai_ns', helper('ktime_get_tai_ns')],
      ['get_func_ip', helper('get_func_ip')],
      ['jiffies64', helper('jiffies64')],
      ['for_each_map_elem', helper('for_each_map_elem')],
      ['get_ns_current_pid_tgid', helper('get_ns_current_pid_tgid')],
      ['lookup_percpu_elem', helper('map_lookup_percpu_elem')],
      ['loop', helper('loop')],
    ]),
    section('Kernel features', [
      ['Instruction limit', '1000000'],
      ['btf', yes(btf !== undefined)],
      ['module btf', yes(modulesWithBtf().length > 0)],
      ['map batch', yes(hasFeature(features.batchOperations))],
      ['uprobe refcount (depends on Build:bcc bpf_attach_uprobe refcount)', yes(hasFeature(features.uprobe))],
      ['kprobe_multi', has('kprobe_multi')],
      ['uprobe_multi', has('uprobe_multi')],
      ['kprobe_session', has('kprobe_session')],
      ['iter:task', has('iter')],
    ]),
    section('Map types', [
      ['hash', mapType('HASH')],
      ['array', mapType('ARRAY')],
      ['percpu array', mapType('PERCPU_ARRAY')],
      ['stack_trace', mapType('STACK_TRACE')],
      ['perf_event_array', mapType('PERF_EVENT_ARRAY')],
      ['ringbuf', mapType('RINGBUF')],
    ]),
    section('Probe types', [
      ['kprobe', has('kprobe')],
      ['tracepoint', programType('TRACEPOINT')],
      ['perf_event', programType('PERF_EVENT')],
      ['fentry', has('fentry')],
      ['iter', has('iter')],
    ]),
  ].join('')
}
