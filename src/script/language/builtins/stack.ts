// Stacks: `kstack` and `ustack`, as names and as calls with a mode and a limit.

import { u64, type Value } from '../../../ir/index.ts'
import type { Checker } from '../../check/checker.ts'
import { NO_STACK, STACK_OVERFLOW_BIT } from '../../compiled.ts'
import type { Datum } from '../../lower/datum.ts'
import { BPF_F_USER_STACK, BPF_NOEXIST } from '../../lower/kernel-flags.ts'
import type { Lowering } from '../../lower/lowering.ts'
import type { StackType } from '../../type.ts'
import type { BuiltinEntry } from '../entry.ts'
import { tgidWord } from './probe.ts'

const DEFAULT_LIMIT = 127

export function defaultStack(c: Checker, kind: 'kstack' | 'ustack'): StackType {
  const mode = c.config.stack_mode
  return { kind, mode: kind === 'kstack' && mode === 'build_id' ? 'raw' : mode, limit: DEFAULT_LIMIT }
}

/**
 * The stack that led here, by its number in the map of stacks. bpf_get_stackid refuses a stack whose bucket another
 * one has; such a stack is kept whole in a second map, under the hash of its frames.
 */
export function takeStack(l: Lowering, type: StackType): Datum {
  const { b } = l
  const stores = l.shared.stackStore(type)
  const user = type.kind === 'ustack' ? BPF_F_USER_STACK : 0
  const ctx = l.ctx!
  const id = b.variable(u64, NO_STACK)
  const got = b.call('get_stackid', [ctx, b.mapFd(stores.traces), user])
  l.if(
    b.ge(got, 0),
    () => id.set(b.convert(got, u64)),
    () => {
      l.if(b.eq(got, -EEXIST), () => id.set(overflow(l, type, stores.overflow, user)))
    },
  )
  const tgid = type.kind === 'ustack' ? tgidWord(l) : b.const(u64, 0)
  return { kind: 'words', type, words: [id.get(), tgid] }
}

const EEXIST = 17
/** Frames that are mixed into the number of a stack that overflowed: enough to tell stacks apart. */
const HASHED_FRAMES = 32
const HASH_FACTOR = 0x9e3779b97f4a7c15n

function overflow(l: Lowering, type: StackType, map: string, flags: number): Value {
  const { b } = l
  const frameBytes = type.mode === 'build_id' ? 32 : 8
  const bytes = type.limit * frameBytes
  const area = l.buffer(8 + bytes)
  const buildId = type.mode === 'build_id' ? BPF_F_USER_BUILD_ID : 0
  const got = b.call('get_stack', [l.ctx!, b.offset(area.base, area.offset + 8), bytes, flags | buildId])
  const id = b.variable(u64, NO_STACK)
  l.if(b.gt(got, 0), () => {
    const length = b.convert(got, u64)
    b.store(area.base, area.offset, length)
    const hash = b.variable(u64, length)
    const words = Math.min(HASHED_FRAMES, bytes / 8)
    b.forRange(0, words, (i, loop) => {
      const at = b.shl(b.clamp(b.convert(i, u64), words - 1), 3)
      b.if(b.ge(at, length), () => loop.break())
      const word = b.load(b.offset(area.base, at), area.offset + 8, u64)
      const mixed = b.mul(b.xor(hash.get(), word), HASH_FACTOR)
      hash.set(b.xor(mixed, b.shr(mixed, 29)))
    })
    const key = b.or(hash.get(), STACK_OVERFLOW_BIT)
    // All ones says that there is no stack.
    const slot = b.slot(8, 'stack')
    b.store(slot, 0, b.and(key, NO_STACK - 1n))
    b.call('map_update_elem', [b.mapFd(map), slot, b.offset(area.base, area.offset), BPF_NOEXIST])
    id.set(b.load(slot, 0, u64))
  })
  return id.get()
}

const BPF_F_USER_BUILD_ID = 1 << 11

export const stackBuiltins: readonly BuiltinEntry[] = (['kstack', 'ustack'] as const).map(kind => ({
  name: kind,
  type(c, node) {
    if (!c.needsContext(node)) return undefined
    return defaultStack(c, kind)
  },
  lower: (l, node) => takeStack(l, l.typeOf(node) as StackType),
}))
