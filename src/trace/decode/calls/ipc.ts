// System V shared memory, messages and semaphores; futexes; random numbers.
import { type Argument, call, when } from '../argument.ts'
import { bytesOutHex } from '../buffers.ts'
import { flags, hex, int, offset, oneOf, pointer, size, uint } from '../scalars.ts'
import { structIn } from '../struct.ts'
import { futexHasSecond, futexHasValue, futexOperation, futexThird, futexTimeout } from '../structs/futex.ts'
import { TIMESPEC, TIMESPEC64 } from '../structs/time.ts'

const PERMISSIONS = 0o777

/** `IPC_CREAT|0777` */
function getFlags(family: 'IPC_GET_FLAGS' | 'SHMGET_FLAGS'): Argument {
  return {
    printer: ({ families }) => {
      const bits = families.flags(family)
      return (w, call, arg) => {
        const value = call.lo[arg]!
        if ((value & ~PERMISSIONS) === 0) {
          w.octal(value)
          return
        }
        w.flags()
        bits.inside(w, value & ~PERMISSIONS, 0, true)
        w.flag(`0${(value & PERMISSIONS).toString(8).padStart(2, '0')}`)
        w.endFlags()
      }
    },
  }
}

/** IPC_PRIVATE is 0 */
const key: Argument = {
  printer: () => (w, call, arg) => {
    if (call.lo[arg] === 0) w.symbol('IPC_PRIVATE')
    else w.hex(call.lo[arg]!, 0)
  },
}

const futex = (timeout: Argument) =>
  call('', [
    pointer,
    futexOperation,
    when(futexHasValue, uint),
    futexTimeout(timeout),
    when(futexHasSecond, pointer),
    futexThird,
  ])

export const IPC_CALLS = {
  shmget: call('ipc', [key, size, getFlags('SHMGET_FLAGS')]),
  shmat: call('ipc memory', [int, pointer, flags('SHMAT_FLAGS')], 'hex'),
  shmdt: call('ipc memory', [pointer]),
  shmctl: call('ipc', [int, oneOf('SHM_COMMANDS'), pointer]),
  msgget: call('ipc', [key, getFlags('IPC_GET_FLAGS')]),
  msgsnd: call('ipc', [int, pointer, size, flags('IPC_GET_FLAGS')]),
  msgrcv: call('ipc', [int, pointer, size, offset, flags('IPC_GET_FLAGS')]),
  msgctl: call('ipc', [int, oneOf('MSG_COMMANDS'), pointer]),
  semget: call('ipc', [key, int, getFlags('IPC_GET_FLAGS')]),
  semop: call('ipc', [int, pointer, uint]),
  semtimedop: call('ipc', [int, pointer, uint, structIn(TIMESPEC)]),
  semtimedop_time64: call('ipc', [int, pointer, uint, structIn(TIMESPEC64)]),
  semctl: call('ipc', [int, int, oneOf('SEM_COMMANDS'), pointer]),
  ipc: call('ipc', [uint, int, int, int, pointer, int]),
  futex: futex(structIn(TIMESPEC)),
  futex_time64: futex(structIn(TIMESPEC64)),
  futex_wait: call('', [pointer, hex, hex, hex, structIn(TIMESPEC), oneOf('CLOCKS')]),
  futex_wake: call('', [pointer, hex, int, hex]),
  futex_requeue: call('', [pointer, hex, int, int]),
  futex_waitv: call('', [pointer, uint, hex, structIn(TIMESPEC), oneOf('CLOCKS')]),
  getrandom: call('', [bytesOutHex, size, flags('GETRANDOM_FLAGS')]),
} as const
