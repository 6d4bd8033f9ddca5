// Builtins about the running task: ids, name, user.

import { pointer, u32, u64, type Value } from '../../../ir/index.ts'
import type { Identifier } from '../../ast.ts'
import type { Checker } from '../../check/checker.ts'
import type { Datum } from '../../lower/datum.ts'
import { memberOf, objectAt } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { findMember } from '../../members.ts'
import type { ScriptType } from '../../type.ts'
import { string, uint32, uint64 } from '../../type.ts'
import type { BuiltinEntry } from '../entry.ts'

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

export function taskName(l: Lowering): Datum {
  const { b } = l
  return {
    kind: 'made',
    type: COMM,
    write(to, offset) {
      b.call('get_current_comm', [b.offset(to, offset), COMM.capacity])
      return undefined
    },
  }
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

/** A field reached from the current task, through pointers. */
function taskField(name: string, path: readonly string[]): BuiltinEntry {
  const follow = (c: Checker | Lowering): ScriptType | undefined => {
    let type: ScriptType = taskPointer(c)
    for (const part of path) {
      const struct = type.kind === 'pointer' ? type.to : type
      if (struct.kind !== 'struct') return undefined
      const member = findMember(struct.def, part)
      if (member === undefined) return undefined
      type = member.type
    }
    return type
  }
  return {
    name,
    type(c, node: Identifier) {
      const found = follow(c)
      return (
        found ?? c.error(node, `${name} needs type information (BTF) of the kernel, which it does not have`)
      )
    },
    lower(l) {
      let datum: Datum = scalar(taskPointer(l), currentTask(l))
      for (const part of path) {
        const struct = datum.type.kind === 'pointer' ? datum.type.to : datum.type
        if (datum.kind === 'scalar' && datum.type.kind === 'pointer') {
          datum = objectAt(l, datum.value, 'kernel', datum.type.to, 0)
        }
        const member = findMember((struct as Extract<ScriptType, { kind: 'struct' }>).def, part)!
        datum = memberOf(l, datum, member, member.type)
      }
      return datum
    },
  }
}

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
  taskField('ppid', ['real_parent', 'tgid']),
  taskField('pcomm', ['real_parent', 'comm']),
  taskField('leader_tid', ['group_leader', 'pid']),
  taskField('leader_comm', ['group_leader', 'comm']),
]
