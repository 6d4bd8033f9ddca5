// futex's arguments, which its operation decides.
import type { Argument } from '../argument.ts'
import type { Call } from '../call.ts'
import { uint } from '../scalars.ts'

const FUTEX_CMD = 0x7f
const FUTEX_PRIVATE = 128
const FUTEX_CLOCK_REALTIME = 256
const WAIT = 0
const FD = 2
const REQUEUE = 3
const CMP_REQUEUE = 4
const WAKE_OP = 5
const LOCK_PI = 6
const UNLOCK_PI = 7
const TRYLOCK_PI = 8
const WAIT_BITSET = 9
const WAKE_BITSET = 10
const WAIT_REQUEUE_PI = 11
const CMP_REQUEUE_PI = 12
const LOCK_PI2 = 13

const command = (call: Call) => call.lo[1]! & FUTEX_CMD
const inCommands = (...commands: readonly number[]) => {
  const set = new Set(commands)
  return (call: Call) => set.has(command(call)) || command(call) > LOCK_PI2
}

/** `FUTEX_WAIT_PRIVATE`, `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME` */
export const futexOperation: Argument = {
  printer: ({ families }) => {
    const family = families.enum('FUTEX_OPS')
    return (w, call, arg) => {
      const op = call.lo[arg]!
      const name = command(call) === UNLOCK_PI ? 'FUTEX_UNLOCK_PI' : family.nameOf(op & FUTEX_CMD)
      if (name === undefined || (op & ~(FUTEX_CMD | FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) !== 0) {
        w.unknown(op, 0, 'FUTEX_???')
        return
      }
      w.flags()
      w.flag(op & FUTEX_PRIVATE ? `${name}_PRIVATE` : name)
      if (op & FUTEX_CLOCK_REALTIME) w.flag('FUTEX_CLOCK_REALTIME')
      w.endFlags()
    }
  },
}

export const futexHasValue = (call: Call) =>
  command(call) !== UNLOCK_PI &&
  command(call) !== LOCK_PI &&
  command(call) !== LOCK_PI2 &&
  command(call) !== TRYLOCK_PI
export const futexHasTimeout = inCommands(WAIT, WAIT_BITSET, LOCK_PI, LOCK_PI2, WAIT_REQUEUE_PI)
const hasSecondValue = inCommands(REQUEUE, CMP_REQUEUE, WAKE_OP, CMP_REQUEUE_PI)
export const futexHasSecond = inCommands(REQUEUE, CMP_REQUEUE, WAKE_OP, CMP_REQUEUE_PI, WAIT_REQUEUE_PI)
export const futexHasThird = inCommands(CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET, CMP_REQUEUE_PI, FD)

/** The fourth argument of the operations that take a second count in the timeout's place. */
export function futexTimeout(timeout: Argument): Argument {
  return {
    ...timeout,
    printer: c => {
      const time = timeout.printer(c)
      const count = uint.printer(c)
      return (w, call, arg) =>
        (hasSecondValue(call) && command(call) <= LOCK_PI2 ? count : time)(w, call, arg)
    },
    shown: call => futexHasTimeout(call) || hasSecondValue(call),
  }
}

export const futexThird: Argument = {
  shown: futexHasThird,
  printer: () => (w, call, arg) => {
    const value = call.lo[arg]!
    const bits = command(call) === WAIT_BITSET || command(call) === WAKE_BITSET
    if (bits && value === 0xffffffff) w.symbol('FUTEX_BITSET_MATCH_ANY')
    else if (bits || command(call) === WAKE_OP) w.hex(value, 0)
    else w.u32(value)
  },
}
