// Builtins about the machine: CPUs, memory nodes, chance.

import { u64 } from '../../../ir/index.ts'
import type { Datum } from '../../lower/datum.ts'
import { constantDatum } from '../../lower/expression.ts'
import { bool, int64, type ScriptType, string, type TupleType, tuple, uint64 } from '../../type.ts'
import type { BuiltinEntry } from '../entry.ts'
import { scalar } from './process.ts'

export const systemBuiltins: readonly BuiltinEntry[] = [
  { name: 'cpu', type: () => uint64, lower: l => scalar(uint64, l.cpu()) },
  {
    name: 'ncpus',
    type: (c, node) => {
      c.body.constants.set(node.id, BigInt(c.facts.kernel.onlineCpus.length))
      return uint64
    },
    lower: l => scalar(uint64, l.b.const(u64, l.facts.kernel.onlineCpus.length)),
  },
  {
    name: 'numaid',
    type: () => uint64,
    lower: l => scalar(uint64, l.b.convert(l.b.call('get_numa_node_id', [], { pure: true }), u64)),
  },
  {
    name: 'config',
    type(c) {
      const names = Object.keys(c.config).sort()
      return tuple(
        names.map(name => settingType(c.config[name as keyof typeof c.config])),
        names,
      )
    },
    lower(l, node) {
      const { config } = l.facts
      const type = l.typeOf(node) as TupleType
      const elements = type.names!.map((name, i): Datum => {
        const value = config[name as keyof typeof config]
        return constantDatum(l, typeof value === 'number' ? BigInt(value) : value, type.elements[i]!)
      })
      return { kind: 'tuple', type, elements }
    },
  },
  {
    name: 'rand',
    type: () => uint64,
    lower: l => scalar(uint64, l.b.convert(l.b.call('get_prandom_u32', []), u64)),
  },
]

function settingType(value: string | number | boolean): ScriptType {
  if (typeof value === 'boolean') return bool
  return typeof value === 'number' ? int64 : string(value.length + 1)
}
