// Calls that make, replace, end, wait for and describe processes and threads.
import type { Sink } from '../../write/sink.ts'
import { type Argument, call, labelled, when } from '../argument.ts'
import { path, string } from '../buffers.ts'
import type { Call } from '../call.ts'
import { dirfd, fd, flags, hex, id, int, oneOf, pointer, signalName, size, uint } from '../scalars.ts'
import { structIn, structOut, structsIn, structsOut } from '../struct.ts'
import { CAPABILITY_DATA, CAPABILITY_HEADER } from '../structs/capability.ts'
import { ADDRESS_CELL, ID, ID_CELL, INT_CELL, UINT_CELL } from '../structs/cells.ts'
import { cpuSet } from '../structs/cpu-set.ts'
import { prctlArguments } from '../structs/prctl.ts'
import {
  cloneArguments,
  RLIMIT,
  RLIMIT64,
  RUSAGE,
  SYSINFO,
  UTSNAME,
  WAIT_STATUS,
} from '../structs/process.ts'
import { SIGINFO } from '../structs/signal.ts'
import { TIMESPEC, TIMESPEC64, TMS } from '../structs/time.ts'
import { argv, envp } from '../vectors.ts'

const PER_MASK = 0xff
const ASK = 0xffffffff
const at = flags('AT_FLAGS')
const CLONE_SIGNAL = 0xff
const CLONE_PIDFD = 0x1000
const CLONE_SETTLS = 0x80000
const CLONE_PARENT_SETTID = 0x100000
const CLONE_CHILD_CLEARTID = 0x200000
const CLONE_CHILD_SETTID = 0x1000000

/** Flags with the signal of the child's end in the low byte. */
const cloneFlags: Argument = {
  printer: ({ families }) => {
    const family = families.flags('CLONE_FLAGS')
    return (w, call, arg) => {
      const value = call.lo[arg]!
      const exitSignal = value & CLONE_SIGNAL
      if (value === 0) {
        w.noFlags()
        return
      }
      w.flags()
      if (value !== exitSignal) family.inside(w, value & ~CLONE_SIGNAL, 0, true)
      if (exitSignal !== 0) {
        const name = signalName(call, exitSignal)
        if (name === undefined) w.restDecimal(exitSignal)
        else w.flag(name)
      }
      w.endFlags()
    }
  },
}
const cloneHas = (bits: number) => (c: Call) => (c.lo[0]! & bits) !== 0
const parentTid = labelled(
  'parent_tid',
  when(cloneHas(CLONE_PARENT_SETTID | CLONE_PIDFD), structOut(INT_CELL)),
)
const tls = labelled('tls', when(cloneHas(CLONE_SETTLS), hex))
const childTid = labelled('child_tidptr', when(cloneHas(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID), pointer))
const stack = labelled('child_stack', pointer)

/** -1 asks without changing */
const personality: Argument = {
  printer: () => (w, call, arg) => {
    if (call.lo[arg] === ASK) w.hex(ASK, 0)
    else printPersonality(w, call, call.lo[arg]!)
  },
}
const LINUX_REBOOT_CMD_RESTART2 = 0xa1b2c3d4
const isRestart2 = (c: Call) => c.lo[2] === LINUX_REBOOT_CMD_RESTART2

/** WNOHANG: a result of 0 says that nothing was written */
const reaped = (c: Call) => !c.failed && c.retLo !== 0

export const PROCESS_CALLS = {
  execve: call('file process', [path, argv, envp]),
  execveat: call('desc file process', [dirfd, path, argv, envp, at]),
  exit: call('process', [int], 'none'),
  exit_group: call('process', [int], 'none'),
  fork: call('process'),
  vfork: call('process'),
  clone: call(
    'process',
    [labelled('flags', cloneFlags), stack, parentTid, childTid, tls],
    'int',
    [1, 0, 2, 4, 3],
  ),
  clone3: call('process', [cloneArguments, size]),
  wait4: call('process', [
    int,
    structOut(WAIT_STATUS, reaped),
    flags('WAIT_OPTIONS'),
    structOut(RUSAGE, reaped),
  ]),
  waitpid: call('process', [int, structOut(WAIT_STATUS, reaped), flags('WAIT_OPTIONS')]),
  waitid: call('process', [
    oneOf('WAITID_TYPES'),
    int,
    structOut(SIGINFO),
    flags('WAIT_OPTIONS'),
    structOut(RUSAGE),
  ]),
  getpid: call('pure'),
  getppid: call('pure'),
  gettid: call('pure'),
  getpgrp: call('pure'),
  getpgid: call('', [int]),
  setpgid: call('', [int, int]),
  getsid: call('', [int]),
  setsid: call(''),
  getuid: call('creds pure', [], 'uint'),
  geteuid: call('creds pure', [], 'uint'),
  getgid: call('creds pure', [], 'uint'),
  getegid: call('creds pure', [], 'uint'),
  getuid32: call('creds pure', [], 'uint'),
  geteuid32: call('creds pure', [], 'uint'),
  getgid32: call('creds pure', [], 'uint'),
  getegid32: call('creds pure', [], 'uint'),
  setuid: call('creds', [id]),
  setgid: call('creds', [id]),
  setuid32: call('creds', [id]),
  setgid32: call('creds', [id]),
  setreuid: call('creds', [id, id]),
  setregid: call('creds', [id, id]),
  setreuid32: call('creds', [id, id]),
  setregid32: call('creds', [id, id]),
  setresuid: call('creds', [id, id, id]),
  setresgid: call('creds', [id, id, id]),
  setresuid32: call('creds', [id, id, id]),
  setresgid32: call('creds', [id, id, id]),
  getresuid: call('creds', [structOut(ID_CELL), structOut(ID_CELL), structOut(ID_CELL)]),
  getresgid: call('creds', [structOut(ID_CELL), structOut(ID_CELL), structOut(ID_CELL)]),
  getresuid32: call('creds', [structOut(ID_CELL), structOut(ID_CELL), structOut(ID_CELL)]),
  getresgid32: call('creds', [structOut(ID_CELL), structOut(ID_CELL), structOut(ID_CELL)]),
  setfsuid: call('creds', [id]),
  setfsgid: call('creds', [id]),
  setfsuid32: call('creds', [id]),
  setfsgid32: call('creds', [id]),
  getgroups: call('creds', [int, structsOut(ID, { kind: 'result' })]),
  setgroups: call('creds', [int, structsIn(ID, { kind: 'argument', arg: 0 })]),
  getgroups32: call('creds', [int, structsOut(ID, { kind: 'result' })]),
  setgroups32: call('creds', [int, structsIn(ID, { kind: 'argument', arg: 0 })]),
  capget: call('creds', [structIn(CAPABILITY_HEADER), structOut(CAPABILITY_DATA)]),
  capset: call('creds', [structIn(CAPABILITY_HEADER), structIn(CAPABILITY_DATA)]),
  prctl: call('creds', [oneOf('PRCTL_OPTIONS'), ...prctlArguments]),
  arch_prctl: call('', [oneOf('ARCH_PRCTL_OPTIONS'), archPrctlArgument()]),
  set_tid_address: call('', [pointer]),
  set_thread_area: call('', [pointer]),
  get_thread_area: call('', [pointer]),
  set_robust_list: call('', [pointer, size]),
  get_robust_list: call('', [int, structOut(ADDRESS_CELL), pointer]),
  rseq: call('', [pointer, hex, flags('RSEQ_FLAGS'), hex]),
  rseq_slice_yield: call(''),
  unshare: call('', [flags('UNSHARE_FLAGS')]),
  setns: call('desc', [fd, flags('UNSHARE_FLAGS')]),
  listns: call('', [pointer, pointer, size, hex]),
  personality: call('', [personality], personalityResult),
  ptrace: call('', [oneOf('PTRACE_REQUESTS'), int, pointer, pointer]),
  process_vm_readv: call('', [int, pointer, size, pointer, size, hex]),
  process_vm_writev: call('', [int, pointer, size, pointer, size, hex]),
  kcmp: call('', [int, int, oneOf('KCMP_TYPES'), hex, hex]),
  seccomp: call('', [oneOf('SECCOMP_OPERATIONS'), flags('SECCOMP_FILTER_FLAGS'), pointer]),
  getrlimit: call('', [oneOf('RLIMITS'), structOut(RLIMIT)]),
  ugetrlimit: call('', [oneOf('RLIMITS'), structOut(RLIMIT)]),
  setrlimit: call('', [oneOf('RLIMITS'), structIn(RLIMIT)]),
  prlimit64: call('', [int, oneOf('RLIMITS'), structIn(RLIMIT64), structOut(RLIMIT64)]),
  getrusage: call('', [oneOf('RUSAGE_WHO'), structOut(RUSAGE)]),
  getpriority: call('', [oneOf('PRIORITY_WHICH'), int]),
  setpriority: call('', [oneOf('PRIORITY_WHICH'), int, int]),
  nice: call('', [int]),
  times: call('', [structOut(TMS)], 'uint'),
  sched_yield: call(''),
  sched_setscheduler: call('', [int, oneOf('SCHED_POLICIES'), structIn(INT_CELL)]),
  sched_getscheduler: call('', [int], policyResult),
  sched_setparam: call('', [int, structIn(INT_CELL)]),
  sched_getparam: call('', [int, structOut(INT_CELL)]),
  sched_setattr: call('', [int, pointer, hex]),
  sched_getattr: call('', [int, pointer, uint, hex]),
  sched_get_priority_max: call('', [oneOf('SCHED_POLICIES')]),
  sched_get_priority_min: call('', [oneOf('SCHED_POLICIES')]),
  sched_rr_get_interval: call('', [int, structOut(TIMESPEC)]),
  sched_rr_get_interval_time64: call('', [int, structOut(TIMESPEC64)]),
  sched_setaffinity: call('', [int, uint, cpuSet('entry')]),
  sched_getaffinity: call('', [int, uint, cpuSet('exit')]),
  getcpu: call('', [structOut(UINT_CELL), structOut(UINT_CELL), pointer]),
  ioprio_get: call('', [int, int], 'hex'),
  ioprio_set: call('', [int, int, hex]),
  uname: call('', [structOut(UTSNAME)]),
  sysinfo: call('', [structOut(SYSINFO)]),
  syslog: call('', [int, pointer, int]),
  vhangup: call(''),
  sysfs: call('', [int, hex, hex]),
  reboot: call('', [hex, hex, oneOf('REBOOT_COMMANDS'), when(isRestart2, pointer)]),
  init_module: call('', [pointer, size, string]),
  finit_module: call('desc', [fd, string, flags('MODULE_INIT_FLAGS')]),
  delete_module: call('', [string, openModuleFlags()]),
  kexec_load: call('', [pointer, size, pointer, hex]),
  kexec_file_load: call('desc', [fd, fd, size, string, hex]),
  iopl: call('', [int]),
  ioperm: call('', [hex, hex, int]),
  add_key: call('', [string, string, pointer, size, int]),
  request_key: call('', [string, string, string, int]),
  keyctl: call('', [oneOf('KEYCTL_OPERATIONS'), hex, hex, hex, hex]),
  lsm_get_self_attr: call('', [uint, pointer, pointer, hex]),
  lsm_set_self_attr: call('', [uint, pointer, size, hex]),
  lsm_list_modules: call('', [pointer, pointer, hex]),
  uretprobe: call('', [], 'hex'),
  uprobe: call('', []),
} as const

function printPersonality(w: Sink, call: Call, value: number): void {
  w.flags()
  const name = call.families.enum('PERSONALITIES').nameOf(value)
  const base = name ?? call.families.enum('PERSONALITIES').nameOf(value & PER_MASK)
  if (base !== undefined) w.flag(base)
  else w.rest(value & PER_MASK, 0)
  const bits = value & ~PER_MASK
  if (name === undefined && bits !== 0) call.families.flags('PERSONALITY_FLAGS').inside(w, bits, 0, false)
  w.endFlags()
}

function personalityResult(w: Sink, call: Call): void {
  w.resultAddress(call.retLo, 0)
  w.openMeaning()
  printPersonality(w, call, call.retLo)
  w.closeMeaning()
}

/** Addresses that are set, and a cell for those that are asked. */
function archPrctlArgument(): Argument {
  const cell = structOut(ADDRESS_CELL)
  return {
    ...cell,
    printer: c => {
      const asked = cell.printer(c)
      const given = hex.printer(c)
      const ARCH_GET_FS = 0x1003
      const ARCH_GET_GS = 0x1004
      return (w, call, arg) => {
        const option = call.lo[0]
        ;(option === ARCH_GET_FS || option === ARCH_GET_GS ? asked : given)(w, call, arg)
      }
    },
  }
}

function policyResult(w: Sink, c: Call): void {
  w.i32(c.retLo | 0)
  const name = c.families.enum('SCHED_POLICIES').nameOf(c.retLo & 0xf)
  if (name !== undefined) w.meaning(name)
}

function openModuleFlags(): Argument {
  return flags('OPEN_FLAGS')
}
