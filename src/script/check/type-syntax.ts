// Types as written: bpftrace's own names, C's, structs of the script and of BTF.

import type { TypeSyntax } from '../ast.ts'
import {
  bool,
  inet,
  int8,
  int16,
  int32,
  int64,
  mac,
  none,
  type ScriptType,
  string,
  uint8,
  uint16,
  uint32,
  uint64,
} from '../type.ts'
import type { Checker } from './checker.ts'
import { operandType } from './expression.ts'
import { say } from './messages.ts'
import { settled } from './promote.ts'

const NAMED: Readonly<Record<string, ScriptType>> = {
  bool,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  void: none,
  string: string(0),
  inet,
  macaddr_t: mac,
  timestamp: { kind: 'timestamp' },
  ksym_t: { kind: 'ksym' },
  usym_t: { kind: 'usym' },
  cgroup_path_t: { kind: 'cgroup_path' },
  username_t: { kind: 'named', table: 'username' },
  count_t: { kind: 'count' },
  sum_t: { kind: 'sum', signed: true },
  avg_t: { kind: 'avg', signed: true },
  min_t: { kind: 'min', signed: true },
  max_t: { kind: 'max', signed: true },
  stats_t: { kind: 'stats', signed: true },
  usum_t: { kind: 'sum', signed: false },
  uavg_t: { kind: 'avg', signed: false },
  umin_t: { kind: 'min', signed: false },
  umax_t: { kind: 'max', signed: false },
  ustats_t: { kind: 'stats', signed: false },
}

/** The type that syntax means; reported when there is none. `string` alone has capacity 0. */
export function resolveType(c: Checker, node: TypeSyntax): ScriptType | undefined {
  switch (node.kind) {
    case 'named-type': {
      const known = NAMED[node.name] ?? c.facts.types.named(node.name)
      return known ?? unknown(c, node, node.name)
    }
    case 'tagged-type': {
      const { tag, name } = node
      const found = tag === 'enum' ? c.facts.types.enumeration(name) : c.facts.types.struct(name, tag)
      return found ?? unknown(c, node, `${tag} ${name}`)
    }
    case 'pointer-type': {
      const to = resolveType(c, node.target)
      return to === undefined ? undefined : { kind: 'pointer', to, space: 'none' }
    }
    case 'array-type': {
      const element = node.element
      if (element.kind === 'named-type' && node.count !== null) {
        if (element.name === 'string') return string(node.count)
        if (element.name === 'buffer') return { kind: 'buffer', capacity: node.count }
        if (element.name === 'inet') return inet
      }
      const type = resolveType(c, element)
      if (type === undefined) return undefined
      return { kind: 'array', element: type, count: node.count ?? 0, space: 'none' }
    }
    case 'typeof': {
      const type = operandType(c, node.operand)
      return type === undefined ? undefined : settled(type)
    }
  }
}

function unknown(c: Checker, node: TypeSyntax, name: string): undefined {
  const near = c.facts.types.suggestType(name.replace(/^\w+ /, '')).replace(/^[,;] /, '')
  c.report(say.unknownType, node, { name }, near === '' ? undefined : near)
}
