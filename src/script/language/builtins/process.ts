// Builtins about the running task: ids, name, user.

import { pointer, u32, u64, type Value } from '../../../ir/index.ts'
import type { Call, Expression, Identifier } from '../../ast.ts'
import type { Checker } from '../../check/checker.ts'
import type { Datum } from '../../lower/datum.ts'
import { lowerExpression, memberOf, objectAt } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { toScalar } from '../../lower/store.ts'
import { findMember } from '../../members.ts'
import type { ScriptType } from '../../type.ts'
import { string, uint32, uint64 } from '../../type.ts'
import type { BuiltinEntry, FunctionEntry } from '../entry.ts'

/**
 * The process in the upper half, the thread in the lower, called once a run: of the machine's pid namespace, or (`own`)
 * of the one that we are in, where a task that has no ids there is 0.
 */
export function pidTgid(l: Lowering, own = true): Value {
  const { b } = l
  const namespace = own ? l.facts.run.pidNamespace : undefined
  if (namespace === undefined) return b.call('get_current_pid_tgid', [], { pure: true, result: u64 })
  return l.once('pids of our namespace', () => {
    // struct bpf_pidns_info: u32 pid (the thread), u32 tgid
    const slot = b.slot(8, 'pids')
    b.store(slot, 0, 0, u64)
    b.call('get_ns_current_pid_tgid', [namespace.dev, namespace.ino, slot, 8])
    return b.load(slot, 0, u64)
  })
}

export function uidGid(l: Lowering): Value {
  return l.b.call('get_current_uid_gid', [], { pure: true, result: u64 })
}

export function scalar(type: ScriptType, value: Value): Datum {
  return { kind: 'scalar', type, value }
}

const COMM = string(16)

/** `comm` read once into a place of its own, when a script asks for it more than once. */
function comm(l: Lowering): Datum {
  const known = l.once<Datum>('comm', () => {
    const slot = l.b.slot(16, 'comm')
    l.b.call('get_current_comm', [slot, 16])
    return { kind: 'bytes', type: COMM, base: slot, offset: 0 }
  })
  return known
}

export function currentTask(l: Lowering): Value {
  return l.b.cast(l.b.call('get_current_task', [], { pure: true, result: pointer('kernel') }), u64)
}

/** `struct task_struct *`, when the kernel has BTF. */
export function taskPointer(c: Checker | Lowering): ScriptType {
  const task = c.facts.types.struct('task_struct', 'struct')
  return task === undefined
    ? uint64
    : {
        kind: 'pointer',
        to: { ...(task as Extract<ScriptType, { kind: 'struct' }>), space: 'kernel' },
        space: 'kernel',
      }
}

/** Fields reached from a task, through pointers; of the current one when no other is named. */
const TASK_FIELDS: Readonly<Record<string, readonly string[]>> = {
  ppid: ['real_parent', 'pid'],
  pcomm: ['real_parent', 'comm'],
  leader_tid: ['group_leader', 'pid'],
  leader_comm: ['group_leader', 'comm'],
}

type Struct = Extract<ScriptType, { kind: 'struct' }>

function taskFieldType(c: Checker, node: Identifier | Call, path: readonly string[]): ScriptType | undefined {
  let type: ScriptType | undefined = taskPointer(c)
  for (const part of path) {
    const struct: ScriptType | undefined = type?.kind === 'pointer' ? type.to : type
    type = struct?.kind === 'struct' ? findMember(struct.def, part)?.type : undefined
  }
  return (
    type ?? c.error(node, `${node.name} needs type information (BTF) of the kernel, which it does not have`)
  )
}

function taskField(l: Lowering, task: Value, path: readonly string[]): Datum {
  let datum: Datum = scalar(taskPointer(l), task)
  for (const part of path) {
    const { type } = datum
    const struct = (type.kind === 'pointer' ? type.to : type) as Struct
    if (datum.kind === 'scalar' && type.kind === 'pointer') {
      datum = objectAt(l, datum.value, 'kernel', type.to, 0)
    }
    const member = findMember(struct.def, part)!
    datum = memberOf(l, datum, member, member.type)
  }
  return datum
}

const taskBuiltins: readonly BuiltinEntry[] = Object.entries(TASK_FIELDS).map(([name, path]) => ({
  name,
  type: (c, node) => taskFieldType(c, node, path),
  lower: l => taskField(l, currentTask(l), path),
}))

/** `ppid(task)` and the like. */
export const taskFunctions: readonly FunctionEntry[] = Object.entries(TASK_FIELDS).map(([name, path]) => ({
  name,
  args: [0, 1],
  type: (c, call) => taskFieldType(c, call, path),
  lower(l, call) {
    const arg = call.args[0] as Expression | undefined
    const task = arg === undefined ? currentTask(l) : toScalar(l, lowerExpression(l, arg), uint64)
    return taskField(l, task, path)
  },
}))

export const processBuiltins: readonly BuiltinEntry[] = [
  {
    name: 'pid',
    type: () => uint32,
    lower: l => scalar(uint32, l.b.convert(l.b.shr(pidTgid(l), 32), u32)),
  },
  { name: 'tid', type: () => uint32, lower: l => scalar(uint32, l.b.convert(pidTgid(l), u32)) },
  { name: 'uid', type: () => uint64, lower: l => scalar(uint64, l.b.and(uidGid(l), 0xffffffff)) },
  { name: 'gid', type: () => uint64, lower: l => scalar(uint64, l.b.shr(uidGid(l), 32)) },
  {
    name: 'username',
    type: () => ({ kind: 'named', table: 'username' }),
    lower: l => scalar({ kind: 'named', table: 'username' }, l.b.and(uidGid(l), 0xffffffff)),
  },
  { name: 'comm', type: () => COMM, lower: comm },
  { name: 'curtask', type: taskPointer, lower: l => scalar(taskPointer(l), currentTask(l)) },
  {
    name: 'cgroup',
    type: () => uint64,
    lower: l => scalar(uint64, l.b.call('get_current_cgroup_id', [], { pure: true, result: u64 })),
  },
  {
    name: 'cpid',
    type: () => uint64,
    lower: l => scalar(uint64, l.b.const(u64, l.facts.run.childPid ?? 0)),
  },
  {
    name: 'has_cpid',
    type: (c, node) => {
      c.body.constants.set(node.id, c.facts.run.childPid !== undefined)
      return { kind: 'bool' }
    },
    lower: l =>
      scalar({ kind: 'bool' }, l.b.const({ kind: 'bool' }, l.facts.run.childPid === undefined ? 0 : 1)),
  },
  ...taskBuiltins,
]
