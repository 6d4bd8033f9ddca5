// fcntl's third argument and result, which its command decides.
// Memory is fetched after the call, whatever the command: one record then does for the commands that need none.
import { CAPTURE_BYTES } from '../../record.ts'
import type { Sink } from '../../write/sink.ts'
import { type Argument, when } from '../argument.ts'
import type { Call } from '../call.ts'
import { printFd, printOpenFlags, printSignal } from '../scalars.ts'
import { late } from '../struct.ts'
import { FLOCK_BYTES, printFlock } from './file.ts'

const F_DUPFD = 0
const F_GETFD = 1
const F_SETFD = 2
const F_GETFL = 3
const F_SETFL = 4
const F_GETLK = 5
const F_SETLKW = 7
const F_SETOWN = 8
const F_GETOWN = 9
const F_SETSIG = 10
const F_GETSIG = 11
const F_OFD_GETLK = 36
const F_OFD_SETLKW = 38
const F_GETLEASE = 1025
const F_SETLEASE = 1024
const F_DUPFD_CLOEXEC = 1030
const F_SETPIPE_SZ = 1031
const F_GETPIPE_SZ = 1032
const F_ADD_SEALS = 1033
const F_GET_SEALS = 1034

const FCNTL_WITHOUT_ARGUMENT = new Set([
  F_GETFD,
  F_GETFL,
  F_GETOWN,
  F_GETSIG,
  F_GETLEASE,
  F_GETPIPE_SZ,
  F_GET_SEALS,
])

/** fcntl's third argument. */
export const fcntlArgument: Argument = when(
  call => !FCNTL_WITHOUT_ARGUMENT.has(call.lo[1]!),
  late(
    arg => [
      {
        op: CAPTURE_BYTES,
        arg,
        when: 'exit',
        length: { kind: 'constant', count: FLOCK_BYTES },
        limit: FLOCK_BYTES,
      },
    ],
    (w, call, arg) => {
      const command = call.lo[1]! | 0
      const value = call.lo[arg]!
      if (command === F_SETFD) call.families.flags('FD_FLAGS').print(w, value)
      else if (command === F_SETFL) printOpenFlags(w, call, value, 0)
      else if (
        command === F_DUPFD ||
        command === F_DUPFD_CLOEXEC ||
        command === F_SETPIPE_SZ ||
        command === F_SETOWN
      ) {
        w.i32(value | 0)
      } else if (command === F_SETSIG) printSignal(w, call, value | 0)
      else if (command === F_ADD_SEALS) call.families.flags('SEAL_FLAGS').print(w, value)
      else if (command === F_SETLEASE) call.families.enum('LOCK_TYPES').print(w, value)
      else if (isLock(command) && !call.compat && call.output(arg) && call.length >= FLOCK_BYTES) {
        printFlock(
          w,
          call.view,
          call.at,
          call,
          !call.failed && (command === F_GETLK || command === F_OFD_GETLK),
        )
      } else w.hex(value, call.hi[arg]!)
    },
  ),
)

function isLock(command: number): boolean {
  return (command >= F_GETLK && command <= F_SETLKW) || (command >= F_OFD_GETLK && command <= F_OFD_SETLKW)
}

export function fcntlResult(w: Sink, call: Call): void {
  const command = call.lo[1]! | 0
  const value = call.retLo
  if (command === F_GETFD && value !== 0) {
    w.resultHex(value, 0)
    w.openParts()
    w.part('flags')
    call.families.flags('FD_FLAGS').print(w, value)
    w.closeParts()
  } else if (command === F_GETFL) {
    w.resultHex(value, 0)
    w.openParts()
    w.part('flags')
    printOpenFlags(w, call, value, 0)
    w.closeParts()
  } else if (command === F_GET_SEALS && value !== 0) {
    w.resultHex(value, 0)
    w.openParts()
    w.part('seals')
    call.families.flags('SEAL_FLAGS').print(w, value)
    w.closeParts()
  } else if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) printFd(w, call, value | 0)
  else w.i32(value | 0)
}
