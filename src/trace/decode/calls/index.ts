// Every call's story by name, and what is said of a call that has none: its C types decide.
import type { Machine } from '../../tables/index.ts'
import { type SyscallArgument, syscallArguments, syscallNames } from '../../tables/index.ts'
import { type Argument, type CallSpec, call } from '../argument.ts'
import { path } from '../buffers.ts'
import { dirfd, fd, hex, int, long, mode, offset, pointer, size, uint } from '../scalars.ts'
import { DESCRIPTOR_CALLS } from './descriptor.ts'
import { FILE_CALLS } from './file.ts'
import { I386_CALLS } from './i386.ts'
import { IPC_CALLS } from './ipc.ts'
import { MEMORY_CALLS } from './memory.ts'
import { NETWORK_CALLS } from './network.ts'
import { PROCESS_CALLS } from './process.ts'
import { SIGNAL_CALLS } from './signal.ts'
import { TIME_CALLS } from './time.ts'

export const CALLS: ReadonlyMap<string, CallSpec> = new Map<string, CallSpec>(
  [
    I386_CALLS,
    FILE_CALLS,
    DESCRIPTOR_CALLS,
    MEMORY_CALLS,
    PROCESS_CALLS,
    NETWORK_CALLS,
    SIGNAL_CALLS,
    IPC_CALLS,
    TIME_CALLS,
  ].flatMap(calls => Object.entries(calls)),
)

const I386: ReadonlyMap<string, CallSpec> = new Map(Object.entries(I386_CALLS))

/** Calls of i386 whose arguments are laid out otherwise than the same name's on 64-bit machines. */
const COMPAT_BY_TYPE = new Set([
  'mmap',
  'select',
  'preadv',
  'pwritev',
  'preadv2',
  'pwritev2',
  'fanotify_mark',
  'stat',
  'lstat',
  'fstat',
  'statfs',
  'fstatfs',
  'umount',
  'getgroups',
  'setgroups',
  'getresuid',
  'getresgid',
])
const UNKNOWN: CallSpec = call('', [hex, hex, hex, hex, hex, hex])

/** What call `nr` is; `name` is undefined for a number that the tables do not know. */
export function specOf(
  machine: Machine,
  abi: number,
  nr: number,
): { name: string | undefined; spec: CallSpec } {
  const name = syscallNames(machine, abi)[nr] || undefined
  if (name === undefined) return { name, spec: UNKNOWN }
  const compat = abi === 1
  const known = (compat ? I386.get(name) : undefined) ?? CALLS.get(name)
  if (known !== undefined && !(compat && COMPAT_BY_TYPE.has(name))) {
    // clone's last two arguments change places where the kernel is built with CLONE_BACKWARDS: i386, arm64
    if (name !== 'clone' || (!compat && machine === 'x86_64')) return { name, spec: known }
    const [flags, stack, parent, child, tls] = known.args as [
      Argument,
      Argument,
      Argument,
      Argument,
      Argument,
    ]
    return { name, spec: call(known.classes, [flags, stack, parent, tls, child], 'int', [1, 0, 2, 3, 4]) }
  }
  const declared = syscallArguments(machine, abi, name)
  if (declared === undefined) return { name, spec: UNKNOWN }
  return {
    name,
    spec: { ...call(known?.classes ?? '', declared.map(byType)), result: known?.result ?? 'int' },
  }
}

const PATH_NAMES = /^(filename|pathname|path|name|oldname|newname|dir_name|library)$/

/** What can be said of an argument from its declaration alone. */
function byType({ name, type }: SyscallArgument): Argument {
  if (/\bchar \*$/.test(type) && PATH_NAMES.test(name)) return path
  if (type.endsWith('*')) return pointer
  if (/^(old|new)?dfd$|^dirfd$/.test(name)) return dirfd
  if (name === 'fd') return fd
  if (type === 'umode_t') return mode
  if (/flags?$/.test(name)) return hex
  if (/^(int|pid_t|clockid_t|timer_t|key_t|mqd_t|long int)$/.test(type)) return int
  if (/^(unsigned int|u32|uid_t|gid_t|__u32)$/.test(type)) return uint
  if (type === 'loff_t' || type === 'off_t') return offset
  if (type === 'long') return long
  return /addr|start|ptr/.test(name) ? pointer : size
}
