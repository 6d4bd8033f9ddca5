// Arguments that another argument gives their meaning: ioctl, fcntl, prctl, futex.
// Their memory is fetched after the call, whatever the command: one record then does for the calls that need none.
import { CAPTURE_BYTES, CAPTURE_CSTR } from '../../record.ts'
import type { Sink } from '../../write/sink.ts'
import { type Argument, when } from '../argument.ts'
import type { Call } from '../call.ts'
import { late, printAddress } from '../memory.ts'
import { printFd, printOpenFlags, printSignal, uint } from '../scalars.ts'
import { FLOCK_BYTES, printFlock } from './file.ts'

// fcntl

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

// ioctl

const IOCTL_BYTES = 64
const TCGETS = 0x5401
const TCSETSF = 0x5404
const TIOCGPGRP = 0x540f
const TIOCSPGRP = 0x5410
const TIOCGWINSZ = 0x5413
const TIOCSWINSZ = 0x5414
const FIONREAD = 0x541b
const FIONBIO = 0x5421
const FIOASYNC = 0x5452
const TIOCOUTQ = 0x5411
const TIOCGSID = 0x5429
const TIOCGPTN = 0x80045430
const TIOCSPTLCK = 0x40045431
const INT_BY_POINTER = new Set([
  TIOCGPGRP,
  TIOCSPGRP,
  FIONREAD,
  FIONBIO,
  FIOASYNC,
  TIOCOUTQ,
  TIOCGSID,
  TIOCGPTN,
  TIOCSPTLCK,
])
/** these fill memory: after a failure it says nothing */
const IOCTL_READS = new Set([TCGETS, TIOCGPGRP, TIOCGWINSZ, FIONREAD, TIOCOUTQ, TIOCGSID, TIOCGPTN])
const IOCTL_WITHOUT_ARGUMENT = new Set([0x5450, 0x5451, 0x540c, 0x540d, 0x5422])

const DIRECTIONS = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE'] as const

/** A request by name, or as its parts: `_IOC(_IOC_READ, 0x56, 0x78, 0x4)`. */
export const ioctlRequest: Argument = {
  printer: ({ families }) => {
    const family = families.enum('IOCTLS')
    return (w, call, arg) => {
      const request = call.lo[arg]!
      const name = family.nameOf(request)
      if (name !== undefined) {
        w.symbol(name)
        return
      }
      const part = (value: number) => (value === 0 ? '0' : `0x${value.toString(16)}`)
      const [direction, type] = [DIRECTIONS[request >>> 30]!, (request >>> 8) & 0xff]
      w.symbol(
        `_IOC(${direction}, ${part(type)}, ${part(request & 0xff)}, ${part((request >>> 16) & 0x3fff)})`,
      )
    }
  },
}

export const ioctlArgument: Argument = when(
  call => !IOCTL_WITHOUT_ARGUMENT.has(call.lo[1]!),
  late(
    arg => [
      {
        op: CAPTURE_BYTES,
        arg,
        when: 'exit',
        length: { kind: 'constant', count: IOCTL_BYTES },
        limit: IOCTL_BYTES,
      },
    ],
    (w, call, arg) => {
      const request = call.lo[1]!
      const readable = (!call.failed || !IOCTL_READS.has(request)) && call.output(arg) && call.length >= 36
      if (!readable) {
        if (request === 0) w.hex(call.lo[arg]!, call.hi[arg]!)
        else printAddress(w, call, arg)
      } else if (INT_BY_POINTER.has(request)) {
        w.array()
        w.item()
        w.i32(call.view.getInt32(call.at, true))
        w.endArray()
      } else if (request === TIOCGWINSZ || request === TIOCSWINSZ) printWinsize(w, call)
      else if (request >= TCGETS && request <= TCSETSF) printTermios(w, call)
      else if (call.families.enum('IOCTLS').nameOf(request) === 'FICLONE') printFd(w, call, call.lo[arg]! | 0)
      else printAddress(w, call, arg)
    },
  ),
)

function printWinsize(w: Sink, { view, at }: Call): void {
  w.struct()
  for (const [index, name] of ['ws_row', 'ws_col', 'ws_xpixel', 'ws_ypixel'].entries()) {
    w.field(name)
    w.u32(view.getUint16(at + index * 2, true))
  }
  w.endStruct()
}

const CBAUD = 0o10017
const CSIZE = 0o60

/** The kernel's struct termios: flags symbolic, as `stty` names them; control characters left out. */
function printTermios(w: Sink, call: Call): void {
  const { view, at, families } = call
  const word = (index: number) => view.getUint32(at + index * 4, true)
  w.struct()
  w.field('c_iflag')
  families.flags('TERMIOS_IFLAG').print(w, word(0))
  w.field('c_oflag')
  families.flags('TERMIOS_OFLAG').print(w, word(1))
  w.field('c_cflag')
  const cflag = word(2)
  w.flags()
  const baud = families.enum('TERMIOS_BAUD').nameOf(cflag & CBAUD)
  if (baud !== undefined) w.flag(baud)
  w.flag(`CS${5 + ((cflag & CSIZE) >> 4)}`)
  families.flags('TERMIOS_CFLAG').inside(w, cflag & ~(CSIZE | (baud === undefined ? 0 : CBAUD)), 0, false)
  w.endFlags()
  w.field('c_lflag')
  families.flags('TERMIOS_LFLAG').print(w, word(3))
  w.abbreviated()
  w.endStruct()
}

// prctl

const PR_SET_PDEATHSIG = 1
const PR_GET_PDEATHSIG = 2
const PR_SET_NAME = 15
const PR_GET_NAME = 16
const PR_CAPBSET_READ = 23
const PR_CAPBSET_DROP = 24
const PR_GET_CHILD_SUBREAPER = 37
const PR_SET_DUMPABLE = 4
const PR_SET_SECCOMP = 22
const PR_SET_TIMERSLACK = 29
const COMM_BYTES = 16

/** How many arguments an option of prctl has beside itself; four where nothing is known. */
const PRCTL_ARGUMENTS = new Map([
  [PR_SET_PDEATHSIG, 1],
  [PR_GET_PDEATHSIG, 1],
  [3, 0],
  [PR_SET_DUMPABLE, 1],
  [7, 0],
  [8, 1],
  [PR_SET_NAME, 1],
  [PR_GET_NAME, 1],
  [21, 0],
  [PR_SET_SECCOMP, 2],
  [PR_CAPBSET_READ, 1],
  [PR_CAPBSET_DROP, 1],
  [27, 0],
  [28, 1],
  [PR_SET_TIMERSLACK, 1],
  [30, 0],
  [36, 1],
  [PR_GET_CHILD_SUBREAPER, 1],
  [0x59616d61, 1],
])
/** these take small numbers and not addresses */
const PRCTL_NUMBERS = new Set([PR_SET_DUMPABLE, 8, 28, PR_SET_TIMERSLACK, 36, 38, 39, 41, 42])

export const prctlArguments: readonly Argument[] = [1, 2, 3, 4].map(index =>
  when(
    call => index <= (PRCTL_ARGUMENTS.get(call.lo[0]!) ?? 4),
    late(
      arg => (arg === 1 ? [{ op: CAPTURE_CSTR, arg, when: 'exit', limit: COMM_BYTES }] : []),
      (w, call, arg) => {
        const option = call.lo[0]! | 0
        if (option === PR_SET_PDEATHSIG && arg === 1) printSignal(w, call, call.lo[arg]! | 0)
        else if (
          (option === PR_SET_NAME || option === PR_GET_NAME) &&
          call.output(arg) &&
          (option === PR_SET_NAME || !call.failed)
        ) {
          w.string(call.bytes, call.at, call.length, call.truncated)
        } else if ((option === PR_CAPBSET_READ || option === PR_CAPBSET_DROP) && arg === 1)
          call.families.enum('CAPABILITIES').print(w, call.lo[arg]!)
        else if (PRCTL_NUMBERS.has(option)) w.u64(call.lo[arg]!, call.hi[arg]!)
        else w.hex(call.lo[arg]!, call.hi[arg]!)
      },
    ),
  ),
)

// futex

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
