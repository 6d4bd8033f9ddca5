// Builtins that tell the time.

import { u64, type Value } from '../../../ir/index.ts'
import type { Call, Expression } from '../../ast.ts'
import { CONTROL_MAP, CONTROL_START_TIME } from '../../compiled.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { type IntegerType, uint64 } from '../../type.ts'
import type { BuiltinEntry } from '../entry.ts'
import { scalar } from './process.ts'

export type Clock = NonNullable<IntegerType['clock']>

export const CLOCKS: readonly Clock[] = ['monotonic', 'boot', 'tai', 'sw_tai']

export function clockType(clock: Clock): IntegerType {
  return { ...uint64, clock }
}

/** The clock's time in nanoseconds, read each time it is asked for: scripts measure themselves by two of them. */
export function now(l: Lowering, clock: Clock): Value {
  const { b } = l
  const has = (feature: 'ktime_get_boot_ns' | 'ktime_get_tai_ns') => l.facts.kernel.has(feature)
  const read = (helper: string): Value => b.call(helper, [], { result: u64 })
  switch (clock) {
    case 'monotonic':
      return read('ktime_get_ns')
    case 'boot':
      return read(has('ktime_get_boot_ns') ? 'ktime_get_boot_ns' : 'ktime_get_ns')
    case 'tai':
      return read('ktime_get_tai_ns')
    case 'sw_tai': {
      const offset = l.facts.run.taiOffsetNs ?? 0n
      return b.add(read(has('ktime_get_boot_ns') ? 'ktime_get_boot_ns' : 'ktime_get_ns'), offset)
    }
  }
}

/** The clock that `nsecs(mode)` names. */
export function clockOf(call: Call): Clock | undefined {
  const arg = call.args[0] as Expression | undefined
  if (arg === undefined) return 'boot'
  return arg.kind === 'identifier' ? CLOCKS.find(clock => clock === arg.name) : undefined
}

export const clockBuiltins: readonly BuiltinEntry[] = [
  { name: 'nsecs', type: () => clockType('boot'), lower: l => scalar(uint64, now(l, 'boot')) },
  {
    name: 'elapsed',
    type: () => uint64,
    lower(l) {
      const { b } = l
      const start = b.load(b.mapValue(CONTROL_MAP), CONTROL_START_TIME, u64)
      return scalar(uint64, b.sub(now(l, 'boot'), start))
    },
  },
  {
    name: 'jiffies',
    type(c, node) {
      if (!c.facts.kernel.has('jiffies64')) {
        c.error(node, 'jiffies needs bpf_jiffies64, which this kernel does not have (Linux 5.9)')
      }
      return uint64
    },
    lower: l => scalar(uint64, l.b.call('jiffies64', [], { result: u64 })),
  },
]
