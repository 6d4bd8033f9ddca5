// Signals: sets of them, handlers, alternate stacks, and what is told with one.
import type { FamilyName } from '../../tables/index.ts'
import type { Sink } from '../../write/sink.ts'
import type { Call } from '../call.ts'
import { printId, printSignal, printSigset, signalName } from '../scalars.ts'
import type { Struct } from '../struct.ts'
import { printTicks } from './time.ts'

export const SIGSET: Struct = {
  size: 8,
  compatSize: 8,
  print: (w, view, at, call) => printSigset(w, call, view.getUint32(at, true), view.getUint32(at + 4, true)),
}

const SA_RESTORER = 0x04000000

/** The kernel's struct sigaction: handler, flags, restorer, mask. */
export const SIGACTION: Struct = {
  size: 32,
  compatSize: 20,
  print: (w, view, at, call) => {
    const word = (offset: number) =>
      [view.getUint32(at + offset, true), view.getUint32(at + offset + 4, true)] as const
    printSigaction(w, call, word(0), word(8), word(16), word(24))
  },
  printCompat: (w, view, at, call) => {
    const word = (offset: number) => [view.getUint32(at + offset, true), 0] as const
    printSigaction(w, call, word(0), word(4), word(8), [
      view.getUint32(at + 12, true),
      view.getUint32(at + 16, true),
    ])
  },
}

type Word = readonly [lo: number, hi: number]

function printSigaction(w: Sink, call: Call, handler: Word, flags: Word, restorer: Word, mask: Word): void {
  w.struct()
  w.field('sa_handler')
  if (handler[1] === 0 && handler[0] < 2) w.symbol(handler[0] === 0 ? 'SIG_DFL' : 'SIG_IGN')
  else w.pointer(handler[0], handler[1])
  w.field('sa_mask')
  printSigset(w, call, mask[0], mask[1])
  w.field('sa_flags')
  call.families.flags('SIGACTION_FLAGS').print(w, flags[0], flags[1])
  if (flags[0] & SA_RESTORER) {
    w.field('sa_restorer')
    w.pointer(restorer[0], restorer[1])
  }
  w.endStruct()
}

/** stack_t */
export const SIGALTSTACK: Struct = {
  size: 24,
  print: (w, view, at, call) => {
    w.struct()
    w.field('ss_sp')
    w.pointer(view.getUint32(at, true), view.getUint32(at + 4, true))
    w.field('ss_flags')
    call.families.flags('SIGALTSTACK_FLAGS').print(w, view.getUint32(at + 8, true))
    w.field('ss_size')
    w.u64(view.getUint32(at + 16, true), view.getUint32(at + 20, true))
    w.endStruct()
  },
}

const CODE_FAMILIES: Readonly<Record<string, FamilyName>> = {
  SIGILL: 'SIGILL_CODES',
  SIGFPE: 'SIGFPE_CODES',
  SIGSEGV: 'SIGSEGV_CODES',
  SIGBUS: 'SIGBUS_CODES',
  SIGTRAP: 'SIGTRAP_CODES',
  SIGCHLD: 'SIGCHLD_CODES',
  SIGIO: 'SIGPOLL_CODES',
  SIGSYS: 'SIGSYS_CODES',
}
const SI_KERNEL = 0x80
const SI_TIMER = -2
const SI_MESGQ = -3
const CLD_EXITED = 1

export const SIGINFO_BYTES = 48

/** The parts of siginfo_t that its signal and code give a meaning to; 64-bit layout (asm-generic/siginfo.h). */
export function printSiginfo(w: Sink, view: DataView, at: number, call: Call): void {
  const signal = view.getInt32(at, true)
  const errno = view.getInt32(at + 4, true)
  const code = view.getInt32(at + 8, true)
  const name = signalName(call, signal) ?? ''
  w.struct()
  w.field('si_signo')
  printSignal(w, call, signal)
  w.field('si_code')
  const family = code > 0 && code !== SI_KERNEL ? CODE_FAMILIES[name] : undefined
  call.families.enum(family ?? 'SIGINFO_CODES').print(w, code)
  if (errno !== 0) {
    w.field('si_errno')
    w.i32(errno)
  }
  if (family !== undefined) printFault(w, view, at, call, name, code)
  else if (code === SI_TIMER) {
    w.field('si_timerid')
    w.hex(view.getUint32(at + 16, true), 0)
    w.field('si_overrun')
    w.i32(view.getInt32(at + 20, true))
    printSigval(w, view, at + 24)
  } else if (code <= 0) {
    printSender(w, view, at)
    if (code === -1 || code === SI_MESGQ) printSigval(w, view, at + 24)
  }
  w.endStruct()
}

function printFault(w: Sink, view: DataView, at: number, call: Call, name: string, code: number): void {
  if (name === 'SIGCHLD') {
    printSender(w, view, at)
    const status = view.getInt32(at + 24, true)
    w.field('si_status')
    if (code === CLD_EXITED) w.i32(status)
    else printSignal(w, call, status)
    for (const [index, time] of ['si_utime', 'si_stime'].entries()) {
      w.field(time)
      printTicks(w, view.getUint32(at + 32 + index * 8, true), view.getUint32(at + 36 + index * 8, true))
    }
  } else if (name === 'SIGIO') {
    w.field('si_band')
    w.i64(view.getUint32(at + 16, true), view.getUint32(at + 20, true))
  } else if (name === 'SIGSYS') {
    w.field('si_call_addr')
    w.pointer(view.getUint32(at + 16, true), view.getUint32(at + 20, true))
    w.field('si_syscall')
    w.i32(view.getInt32(at + 24, true))
    w.field('si_arch')
    w.hex(view.getUint32(at + 28, true), 0)
  } else {
    w.field('si_addr')
    w.pointer(view.getUint32(at + 16, true), view.getUint32(at + 20, true))
  }
}

function printSender(w: Sink, view: DataView, at: number): void {
  w.field('si_pid')
  w.i32(view.getInt32(at + 16, true))
  w.field('si_uid')
  printId(w, view.getUint32(at + 20, true))
}

function printSigval(w: Sink, view: DataView, at: number): void {
  w.field('si_int')
  w.i32(view.getInt32(at, true))
  w.field('si_ptr')
  w.pointer(view.getUint32(at, true), view.getUint32(at + 4, true))
}

export const SIGINFO: Struct = { size: SIGINFO_BYTES, print: printSiginfo }

/** struct sigevent: what a timer or a message queue does when it is time (asm-generic/siginfo.h). */
export const SIGEVENT: Struct = {
  size: 64,
  print: (w, view, at, call) => {
    w.struct()
    if (view.getUint32(at, true) !== 0 || view.getUint32(at + 4, true) !== 0) {
      w.field('sigev_value')
      w.struct()
      w.field('sival_int')
      w.i32(view.getInt32(at, true))
      w.field('sival_ptr')
      w.pointer(view.getUint32(at, true), view.getUint32(at + 4, true))
      w.endStruct()
    }
    w.field('sigev_signo')
    printSignal(w, call, view.getInt32(at + 8, true))
    w.field('sigev_notify')
    call.families.enum('SIGEV_NOTIFY').print(w, view.getInt32(at + 12, true))
    w.endStruct()
  },
}
