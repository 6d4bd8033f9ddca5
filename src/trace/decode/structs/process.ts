// Processes and signals: wait status, rusage, rlimit, sigaction, sigset, siginfo, clone_args, utsname, sysinfo.
import type { FamilyName } from '../../tables/index.ts'
import type { Sink } from '../../write/sink.ts'
import type { Argument } from '../argument.ts'
import type { Call } from '../call.ts'
import { type Struct, structIn } from '../memory.ts'
import { printId, printSignal, printSigset, signalName } from '../scalars.ts'
import { printTicks, TIMEVAL } from './time.ts'

const CORE_DUMPED = 0x80

/** `{WIFEXITED(s) && WEXITSTATUS(s) == 0}`, in brackets: the int that wait4 fills. */
export const WAIT_STATUS: Struct = {
  size: 4,
  compatSize: 4,
  print: (w, view, at, call) => {
    const status = view.getInt32(at, true)
    w.array()
    w.item()
    w.symbol(waitStatus(call, status))
    w.endArray()
  },
}

export function waitStatus(call: Call, status: number): string {
  const signal = status & 0x7f
  const high = (status >> 8) & 0xff
  const name = (value: number) => signalName(call, value) ?? `${value}`
  if (signal === 0 && status <= 0xffff) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${high}}`
  if (status === 0xffff) return '{WIFCONTINUED(s)}'
  if (signal === 0x7f) {
    const event = status >>> 16
    return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${name(high & 0x7f)}${high & 0x80 ? ' | 0x80' : ''}}${event === 0 ? '' : ` | 0x${event.toString(16)}<<16`}`
  }
  return `{WIFSIGNALED(s) && WTERMSIG(s) == ${name(signal)}${status & CORE_DUMPED ? ' && WCOREDUMP(s)' : ''}}`
}

export const RUSAGE: Struct = {
  size: 144,
  print: (w, view, at, call) => {
    w.struct()
    w.field('ru_utime')
    TIMEVAL.print(w, view, at, call)
    w.field('ru_stime')
    TIMEVAL.print(w, view, at + 16, call)
    w.abbreviated()
    w.endStruct()
  },
}

/** struct rlimit64, which is x86-64's and arm64's struct rlimit */
export const RLIMIT: Struct = {
  size: 16,
  print: (w, view, at) => {
    w.struct()
    for (const [index, name] of ['rlim_cur', 'rlim_max'].entries()) {
      const field = at + index * 8
      w.field(name)
      printLimit(w, view.getUint32(field, true), view.getUint32(field + 4, true))
    }
    w.endStruct()
  },
}
export const RLIMIT64: Struct = { ...RLIMIT, compatSize: 16 }

/** `8192*1024`, `RLIM64_INFINITY` */
function printLimit(w: Sink, lo: number, hi: number): void {
  const value = hi * 0x100000000 + lo
  if (lo === 0xffffffff && hi === 0xffffffff) w.symbol('RLIM64_INFINITY')
  else if (value > 1024 && lo % 1024 === 0 && hi < 0x200000) w.symbol(`${value / 1024}*1024`)
  else w.u64(lo, hi)
}

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

const CLONE_PIDFD = 0x1000
const CLONE_SETTLS = 0x80000
const CLONE_PARENT_SETTID = 0x100000
const CLONE_CHILD_CLEARTID = 0x200000
const CLONE_CHILD_SETTID = 0x1000000

/** struct clone_args (linux/sched.h), its first version and what later ones add when set */
export const CLONE_ARGS: Struct = {
  size: 88,
  compatSize: 88,
  print: (w, view, at, call) => {
    const lo = (index: number) => view.getUint32(at + index * 8, true)
    const hi = (index: number) => view.getUint32(at + index * 8 + 4, true)
    const field = (name: string, index: number, shown = lo(index) !== 0 || hi(index) !== 0) => {
      if (!shown) return
      w.field(name)
      w.pointer(lo(index), hi(index))
    }
    w.struct()
    w.field('flags')
    call.families.flags('CLONE3_FLAGS').print(w, lo(0), hi(0))
    const has = (bits: number) => (lo(0) & bits) !== 0
    field('pidfd', 1, has(CLONE_PIDFD))
    field('child_tid', 2, has(CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID))
    field('parent_tid', 3, has(CLONE_PARENT_SETTID))
    w.field('exit_signal')
    printSignal(w, call, lo(4))
    field('stack', 5, true)
    w.field('stack_size')
    w.hex(lo(6), hi(6))
    field('tls', 7, has(CLONE_SETTLS))
    field('set_tid', 8)
    if (lo(9) !== 0) {
      w.field('set_tid_size')
      w.u64(lo(9), hi(9))
    }
    if (lo(10) !== 0) {
      w.field('cgroup')
      w.u64(lo(10), hi(10))
    }
    w.endStruct()
  },
}

const cloneArgs = structIn(CLONE_ARGS)

/** clone3's argument; what the kernel writes where `parent_tid` points is what the call returns. */
export const cloneArguments: Argument = {
  ...cloneArgs,
  printer: c => {
    const before = cloneArgs.printer(c)
    return (w, call, arg) => {
      const written =
        !call.failed &&
        call.input(arg) &&
        call.length >= 8 &&
        call.view.getUint32(call.at, true) & CLONE_PARENT_SETTID
      if (!written) {
        before(w, call, arg)
        return
      }
      w.change()
      before(w, call, arg)
      w.to()
      w.struct()
      w.field('parent_tid')
      w.array()
      w.item()
      w.i32(call.retLo | 0)
      w.endArray()
      w.endStruct()
      w.endChange()
    }
  },
}

/** struct new_utsname: six names of 65 bytes */
export const UTSNAME: Struct = {
  size: 390,
  compatSize: 390,
  print: (w, view, at, call) => {
    w.struct()
    for (const [index, name] of ['sysname', 'nodename'].entries()) {
      const start = at + index * 65
      let length = 0
      while (length < 65 && view.getUint8(start + length) !== 0) length++
      w.field(name)
      w.string(call.bytes, start, length, false)
    }
    w.abbreviated()
    w.endStruct()
  },
}

const SYSINFO_WORDS = ['totalram', 'freeram', 'sharedram', 'bufferram', 'totalswap', 'freeswap'] as const

export const SYSINFO: Struct = {
  size: 112,
  print: (w, view, at) => {
    const word = (offset: number) =>
      w.u64(view.getUint32(at + offset, true), view.getUint32(at + offset + 4, true))
    w.struct()
    w.field('uptime')
    word(0)
    w.field('loads')
    w.array()
    for (const offset of [8, 16, 24]) {
      w.item()
      word(offset)
    }
    w.endArray()
    for (const [index, name] of SYSINFO_WORDS.entries()) {
      w.field(name)
      word(32 + index * 8)
    }
    w.field('procs')
    w.u32(view.getUint16(at + 80, true))
    w.field('totalhigh')
    word(88)
    w.field('freehigh')
    word(96)
    w.field('mem_unit')
    w.u32(view.getUint32(at + 104, true))
    w.endStruct()
  },
}
