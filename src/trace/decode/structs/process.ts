// Processes: wait status, resource usage and limits, clone3's argument, the system's names and figures.
import type { Sink } from '../../write/sink.ts'
import type { Argument } from '../argument.ts'
import type { Call } from '../call.ts'
import { printSignal, signalName } from '../scalars.ts'
import { type Struct, structIn } from '../struct.ts'
import { TIMEVAL } from './time.ts'

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

function rusage(time: Struct['print'], timeBytes: number): Struct['print'] {
  return (w, view, at, call) => {
    w.struct()
    w.field('ru_utime')
    time(w, view, at, call)
    w.field('ru_stime')
    time(w, view, at + timeBytes, call)
    w.abbreviated()
    w.endStruct()
  }
}

export const RUSAGE: Struct = {
  size: 144,
  compatSize: 72,
  print: rusage(TIMEVAL.print, 16),
  printCompat: rusage(TIMEVAL.printCompat!, 8),
}

const RLIMIT_FIELDS = ['rlim_cur', 'rlim_max'] as const

/** struct rlimit64, which is x86-64's and arm64's struct rlimit */
export const RLIMIT: Struct = {
  size: 16,
  compatSize: 8,
  print: (w, view, at) => {
    w.struct()
    for (const [index, name] of RLIMIT_FIELDS.entries()) {
      const field = at + index * 8
      w.field(name)
      printLimit(w, view.getUint32(field, true), view.getUint32(field + 4, true))
    }
    w.endStruct()
  },
  printCompat: (w, view, at) => {
    w.struct()
    for (const [index, name] of RLIMIT_FIELDS.entries()) {
      const limit = view.getUint32(at + index * 4, true)
      w.field(name)
      if (limit === 0xffffffff) w.symbol('RLIM_INFINITY')
      else printLimit(w, limit, 0)
    }
    w.endStruct()
  },
}
export const RLIMIT64: Struct = { size: 16, compatSize: 16, print: RLIMIT.print }

/** `8192*1024`, `RLIM64_INFINITY` */
function printLimit(w: Sink, lo: number, hi: number): void {
  const value = hi * 0x100000000 + lo
  if (lo === 0xffffffff && hi === 0xffffffff) w.symbol('RLIM64_INFINITY')
  else if (value > 1024 && lo % 1024 === 0 && hi < 0x200000) w.symbol(`${value / 1024}*1024`)
  else w.u64(lo, hi)
}

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
