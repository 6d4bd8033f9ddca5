// Builtins about the machine: CPUs, memory nodes, chance.

import { u64 } from '../../../ir/index.ts'
import { uint64 } from '../../type.ts'
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
    name: 'rand',
    type: () => uint64,
    lower: l => scalar(uint64, l.b.convert(l.b.call('get_prandom_u32', []), u64)),
  },
]
