// Functions that reach into the kernel: its own functions for BPF programs (kfuncs), sockets, packets, other tasks.

import { nullable, pointer, u32, u64, type Value } from '../../../ir/index.ts'
import type { Call, Expression } from '../../ast.ts'
import type { Checker } from '../../check/checker.ts'
import { say } from '../../check/messages.ts'
import { isWhole } from '../../check/promote.ts'
import { PACKETS_MAP } from '../../compiled.ts'
import { constantDatum, lowerExpression, lowerInteger } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { programType } from '../../lower/program-type.ts'
import { toScalar } from '../../lower/store.ts'
import { findMember } from '../../members.ts'
import { bool, string, uint32, uint64 } from '../../type.ts'
import { now } from '../builtins/clock.ts'
import { scalar } from '../builtins/process.ts'
import type { FunctionEntry } from '../entry.ts'

/** Where the first argument of a probe has a type that the verifier goes by. */
const TYPED = ['fentry', 'fexit', 'rawtracepoint']

/** Whether the kernel lets programs of the probe at hand call one of its functions. */
export function mayCall(c: Checker, name: string): boolean {
  const { probe, places } = c.body
  return c.facts.kernel.mayCall?.(name, programType(probe, places[0]!.place)) ?? false
}

function aboutKfunc(name: string, holds: (c: Checker, kfunc: string) => boolean): FunctionEntry {
  return {
    name,
    args: [1, 1],
    type(c, call) {
      const kfunc = c.stringConstant(call.args[0])
      if (kfunc === undefined) return c.error(call, `${name}() accepts a string literal only`)
      c.body.constants.set(call.id, holds(c, kfunc))
      return bool
    },
    lower: (l, call) => constantDatum(l, l.constantOf(call)!, bool),
  }
}

const COMM_BYTES = 16

/** What `comm(pid)` is made of: the name of that process, empty when there is none. */
const taskComm: FunctionEntry = {
  name: '__task_comm',
  args: [1, 1],
  type(c, call, [type]) {
    if (type !== undefined && !isWhole(type)) {
      return c.error(call, "Only integer supported for comm()'s pid")
    }
    if (!mayCall(c, 'bpf_task_from_pid') || commOffset(c) === undefined) {
      return c.error(
        call,
        `comm(PID) is not supported in ${c.provider} probes on this kernel`,
        'it needs the kernel function bpf_task_from_pid: Linux 6.2 for fentry and iter, 6.10 for tracepoints, 6.12 for kprobes',
      )
    }
    return string(COMM_BYTES)
  },
  lower(l, call) {
    const { b } = l
    const pid = b.convert(lowerInteger(l, call.args[0] as Expression, uint32), u32)
    const offset = commOffset(l)!
    return {
      kind: 'made',
      type: string(COMM_BYTES),
      write(to, at) {
        b.zero(to, at, COMM_BYTES)
        const found = b.callKfunc('bpf_task_from_pid', [pid], { result: nullable('btf') })
        b.ifNotNull(found, task => {
          const text = b.cast(b.offset(task, offset), pointer('kernel'))
          b.call('probe_read_kernel_str', [b.offset(to, at), COMM_BYTES, text])
          b.callKfunc('bpf_task_release', [task])
        })
        return undefined
      },
    }
  },
}

function commOffset({ facts }: Checker | Lowering): number | undefined {
  const task = facts.types.kernelTypes()?.btf.find('task_struct', 'struct')
  const struct = task === undefined ? undefined : facts.types.kernelTypes()!.struct(task)
  return struct === undefined ? undefined : findMember(struct, 'comm')?.offsetBytes
}

const socketCookie: FunctionEntry = {
  name: 'socket_cookie',
  args: [1, 1],
  parameters: [{ kind: 'pointer' }],
  providers: TYPED,
  type: () => uint64,
  lower: (l, call) => scalar(uint64, l.b.call('get_socket_cookie', [typedPointer(l, call, 0)])),
}

/** bpf_skb_output's flags: the CPU's own ring, and from bit 32 on the bytes of the packet (BPF_F_CTXLEN_MASK) */
const BPF_F_CURRENT_CPU = 0xffff_ffffn
const MOST_BYTES = 0xf_ffff

/** Sends a packet to user space, which writes it to a file: behind a head that `run/packets.ts` reads. */
const skbOutput: FunctionEntry = {
  name: 'skboutput',
  args: [4, 4],
  parameters: [{ kind: 'string', literal: true }, { kind: 'pointer' }, { kind: 'int' }, { kind: 'int' }],
  providers: TYPED,
  type(c, call) {
    if (!c.facts.kernel.has('skb_output')) c.report(say.missingFeature, call, { feature: 'skb_output' })
    return uint32
  },
  lower(l, call) {
    const { b } = l
    const file = l.constantOf(call.args[0]!) as string
    const action = l.shared.action({ kind: 'skboutput', span: call.span, file, args: [] })
    l.shared.needPackets()
    const packet = typedPointer(l, call, 1)
    const length = b.clamp(lowerInteger(l, call.args[2] as Expression, uint64), MOST_BYTES)
    const offset = lowerInteger(l, call.args[3] as Expression, uint64)
    const head = b.slot(PACKET_HEAD_BYTES, 'packet')
    b.store(head, 0, action, u32)
    b.store(head, 4, b.convert(length, u32), u32)
    b.store(head, 8, offset, u64)
    b.store(head, 16, now(l, 'boot'), u64)
    const flags = b.or(b.shl(length, 32), BPF_F_CURRENT_CPU)
    const sent = b.call('skb_output', [packet, b.mapFd(PACKETS_MAP), flags, head, PACKET_HEAD_BYTES])
    return scalar(uint32, b.convert(b.convert(sent, u64), u32))
  },
}

/** u32 action, u32 bytes of the packet that follow, u64 bytes of them to leave out, u64 CLOCK_BOOTTIME in ns */
const PACKET_HEAD_BYTES = 24

/** An argument in the register it came in: the verifier knows by that what it points to. */
function typedPointer(l: Lowering, call: Call, index: number): Value {
  return toScalar(l, lowerExpression(l, call.args[index] as Expression), uint64)
}

export const kernelFunctions: readonly FunctionEntry[] = [
  aboutKfunc('kfunc_exist', (c, name) => c.facts.kernel.btf()?.find(name, 'func') !== undefined),
  aboutKfunc('kfunc_allowed', mayCall),
  taskComm,
  socketCookie,
  skbOutput,
]
