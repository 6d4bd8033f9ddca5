// The arguments of a listed probe, as C declarations: what `bee -lv` shows below its name.

import { type Btf, type BtfFuncProto, printType } from '../../btf/index.ts'
import type { KernelFacts } from '../facts.ts'
import type { ListedProbe } from './list-probes.ts'

/** Empty where a probe has no arguments, or nobody knows them. */
export function parametersOf({ provider, rest }: ListedProbe, kernel: KernelFacts): readonly string[] {
  const colon = rest.indexOf(':')
  const [group, name] = colon < 0 ? ['vmlinux', rest] : [rest.slice(0, colon), rest.slice(colon + 1)]
  switch (provider) {
    case 'tracepoint':
      return (kernel.tracepointFormat(group, name)?.fields ?? [])
        .filter(({ common }) => !common)
        .map(({ declaration }) => declaration)
    case 'rawtracepoint':
      return rawTracepoint(group, name, kernel)
    case 'kprobe':
    case 'fentry':
      return func(group, name, kernel, false)
    case 'kretprobe':
    case 'fexit':
      return func(group, name, kernel, true)
    case 'iter':
      return iterator(rest, kernel)
    default:
      return []
  }
}

function func(module: string, name: string, kernel: KernelFacts, withResult: boolean): string[] {
  const btf = kernel.moduleBtf(module)
  const proto = prototypeOf(btf, name)
  if (btf === undefined || proto === undefined) return []
  const result = withResult && proto.returnTypeId !== 0 ? [declare(btf, proto.returnTypeId, 'retval')] : []
  return [...parameters(btf, proto), ...result]
}

/** The prototype's first parameter is the tracing machinery's own. */
function rawTracepoint(module: string, name: string, kernel: KernelFacts): string[] {
  const btf = kernel.moduleBtf(module)
  // the function that calls the programs has the names, the typedef only the types
  const proto = prototypeOf(btf, `__bpf_trace_${name}`) ?? prototypeOf(btf, `__probestub_${name}`)
  return btf === undefined || proto === undefined ? [] : parameters(btf, proto).slice(1)
}

/** `bpf_iter_task(meta, task)`: the first is the walk itself. */
function iterator(name: string, kernel: KernelFacts): string[] {
  const btf = kernel.btf()
  const proto = prototypeOf(btf, `bpf_iter_${name}`)
  return btf === undefined || proto === undefined ? [] : parameters(btf, proto).slice(1)
}

function prototypeOf(btf: Btf | undefined, name: string): BtfFuncProto | undefined {
  const id = btf?.idsByName('func').get(name)
  const func = id === undefined ? undefined : btf!.type(id)
  const proto = func?.kind === 'func' ? btf!.type(func.typeId) : undefined
  return proto?.kind === 'funcProto' ? proto : undefined
}

function parameters(btf: Btf, proto: BtfFuncProto): string[] {
  return proto.params.map(({ name, typeId }) => declare(btf, typeId, name))
}

/** bpftrace writes `struct file * file`: the star stands alone. */
function declare(btf: Btf, typeId: number, name: string): string {
  return printType(btf, btf.type(typeId), name).replace(/(\*+)(\w*)$/, '$1 $2')
}
