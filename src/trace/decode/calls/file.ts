// Calls that take file names, and those on the files behind descriptors.
import { type Argument, call, type ResultKind, when } from '../argument.ts'
import { bytesIn, bytesOut, path, string, stringOut } from '../buffers.ts'
import {
  device,
  dirfd,
  fd,
  flags,
  flagsOr,
  hex,
  id,
  int,
  long,
  mode,
  offset,
  oneOf,
  openFlags,
  pointer,
  size,
  uint,
} from '../scalars.ts'
import { structIn, structOut, structsIn } from '../struct.ts'
import { directoryEntries, fileMode, OPEN_HOW, STAT, STAT64, STATFS, STATX } from '../structs/file.ts'
import { TIMEVAL, UTIME_TIMESPEC, UTIME_TIMESPEC64 } from '../structs/time.ts'

const O_CREAT = 0x40
const O_TMPFILE = 0x400000
const creates = (flagsArg: number) => (c: { lo: Uint32Array }) =>
  (c.lo[flagsArg]! & (O_CREAT | O_TMPFILE)) !== 0
const S_IFMT = 0o170000
const isDevice = (modeArg: number) => (c: { lo: Uint32Array }) => {
  const type = c.lo[modeArg]! & S_IFMT
  return type === 0o020000 || type === 0o060000
}

const at = flags('AT_FLAGS')
const access = flagsOr('ACCESS_MODES', 'F_OK')
const AT_STATX_SYNC_TYPE = 0x6000
/** statx's at-flags: how to synchronise comes first and has a name for none */
const statxFlags: Argument = {
  printer: ({ families }) => {
    const family = families.flags('AT_FLAGS')
    return (w, call, arg) => {
      const value = call.lo[arg]!
      w.flags()
      if ((value & AT_STATX_SYNC_TYPE) === 0) w.flag('AT_STATX_SYNC_AS_STAT')
      family.inside(w, value, 0, (value & AT_STATX_SYNC_TYPE) !== 0)
      w.endFlags()
    }
  },
}
const newFd: ResultKind = 'fd'

export const FILE_CALLS = {
  open: call('desc file', [path, openFlags, when(creates(1), mode)], newFd),
  openat: call('desc file', [dirfd, path, openFlags, when(creates(2), mode)], newFd),
  openat2: call('desc file', [dirfd, path, structIn(OPEN_HOW), size], newFd),
  creat: call('desc file', [path, mode], newFd),
  access: call('file', [path, access]),
  faccessat: call('desc file', [dirfd, path, access]),
  faccessat2: call('desc file', [dirfd, path, access, flags('FACCESSAT_FLAGS')]),
  stat: call('file stat %stat', [path, structOut(STAT)]),
  lstat: call('file lstat %stat', [path, structOut(STAT)]),
  fstat: call('desc fstat %stat', [fd, structOut(STAT)]),
  newfstatat: call('desc file fstat %stat', [dirfd, path, structOut(STAT), at]),
  stat64: call('file stat %stat', [path, structOut(STAT64)]),
  lstat64: call('file lstat %stat', [path, structOut(STAT64)]),
  fstat64: call('desc fstat %stat', [fd, structOut(STAT64)]),
  fstatat64: call('desc file fstat %stat', [dirfd, path, structOut(STAT64), at]),
  oldstat: call('file stat %stat', [path, pointer]),
  oldlstat: call('file lstat %stat', [path, pointer]),
  oldfstat: call('desc fstat %stat', [fd, pointer]),
  statx: call('desc file fstat %stat', [dirfd, path, statxFlags, flags('STATX_MASK'), structOut(STATX)]),
  statfs: call('file statfs %statfs', [path, structOut(STATFS)]),
  fstatfs: call('desc fstatfs %statfs', [fd, structOut(STATFS)]),
  statfs64: call('file statfs %statfs', [path, size, pointer]),
  fstatfs64: call('desc fstatfs %statfs', [fd, size, pointer]),
  ustat: call('%statfs', [device, pointer]),
  statmount: call('', [pointer, pointer, size, hex]),
  listmount: call('', [pointer, pointer, size, hex]),
  truncate: call('file', [path, long]),
  mkdir: call('file', [path, mode]),
  mkdirat: call('desc file', [dirfd, path, mode]),
  rmdir: call('file', [path]),
  unlink: call('file', [path]),
  unlinkat: call('desc file', [dirfd, path, flags('UNLINK_FLAGS')]),
  rename: call('file', [path, path]),
  renameat: call('desc file', [dirfd, path, dirfd, path]),
  renameat2: call('desc file', [dirfd, path, dirfd, path, flags('RENAME_FLAGS')]),
  link: call('file', [path, path]),
  linkat: call('desc file', [dirfd, path, dirfd, path, at]),
  symlink: call('file', [path, path]),
  symlinkat: call('desc file', [path, dirfd, path]),
  readlink: call('file', [path, bytesOut, size]),
  readlinkat: call('desc file', [dirfd, path, bytesOut, size]),
  chmod: call('file', [path, mode]),
  fchmod: call('desc', [fd, mode]),
  fchmodat: call('desc file', [dirfd, path, mode]),
  fchmodat2: call('desc file', [dirfd, path, mode, at]),
  chown: call('file', [path, id, id]),
  lchown: call('file', [path, id, id]),
  fchown: call('desc', [fd, id, id]),
  fchownat: call('desc file', [dirfd, path, id, id, at]),
  chown32: call('file', [path, id, id]),
  lchown32: call('file', [path, id, id]),
  fchown32: call('desc', [fd, id, id]),
  mknod: call('file', [path, fileMode, when(isDevice(1), device)]),
  mknodat: call('desc file', [dirfd, path, fileMode, when(isDevice(2), device)]),
  utime: call('file', [path, pointer]),
  utimes: call('file', [path, structsIn(TIMEVAL, { kind: 'constant', count: 2 })]),
  futimesat: call('desc file', [dirfd, path, structsIn(TIMEVAL, { kind: 'constant', count: 2 })]),
  utimensat: call('desc file', [dirfd, path, structsIn(UTIME_TIMESPEC, { kind: 'constant', count: 2 }), at]),
  utimensat_time64: call('desc file', [
    dirfd,
    path,
    structsIn(UTIME_TIMESPEC64, { kind: 'constant', count: 2 }),
    at,
  ]),
  chdir: call('file', [path]),
  fchdir: call('desc', [fd]),
  chroot: call('file', [path]),
  getcwd: call('file', [stringOut, size]),
  umask: call('', [mode], 'octal'),
  acct: call('file', [path]),
  getxattr: call('file', [path, string, bytesOut, size]),
  lgetxattr: call('file', [path, string, bytesOut, size]),
  fgetxattr: call('desc', [fd, string, bytesOut, size]),
  getxattrat: call('desc file', [dirfd, path, at, string, pointer, size]),
  setxattr: call('file', [path, string, bytesIn(3), size, flags('XATTR_FLAGS')]),
  lsetxattr: call('file', [path, string, bytesIn(3), size, flags('XATTR_FLAGS')]),
  fsetxattr: call('desc', [fd, string, bytesIn(3), size, flags('XATTR_FLAGS')]),
  setxattrat: call('desc file', [dirfd, path, at, string, pointer, size]),
  listxattr: call('file', [path, bytesOut, size]),
  llistxattr: call('file', [path, bytesOut, size]),
  flistxattr: call('desc', [fd, bytesOut, size]),
  listxattrat: call('desc file', [dirfd, path, at, bytesOut, size]),
  removexattr: call('file', [path, string]),
  lremovexattr: call('file', [path, string]),
  fremovexattr: call('desc', [fd, string]),
  removexattrat: call('desc file', [dirfd, path, at, string]),
  file_getattr: call('desc file', [dirfd, path, pointer, size, at]),
  file_setattr: call('desc file', [dirfd, path, pointer, size, at]),
  name_to_handle_at: call('desc file', [dirfd, path, pointer, pointer, flags('NAME_TO_HANDLE_FLAGS')]),
  open_by_handle_at: call('desc', [dirfd, pointer, openFlags], newFd),
  getdents: call('desc', [fd, directoryEntries(16), size]),
  getdents64: call('desc', [fd, directoryEntries(16), size]),
  readdir: call('desc', [fd, pointer, uint]),
  swapon: call('file', [path, hex]),
  swapoff: call('file', [path]),
  uselib: call('file', [path]),
  quotactl: call('file', [hex, path, uint, pointer]),
  quotactl_fd: call('desc', [fd, hex, uint, pointer]),
  mount: call('file', [path, path, string, flags('MOUNT_FLAGS'), string]),
  umount: call('file', [path]),
  umount2: call('file', [path, flags('UMOUNT_FLAGS')]),
  pivot_root: call('file', [path, path]),
  open_tree: call('desc file', [dirfd, path, hex], newFd),
  open_tree_attr: call('desc file', [dirfd, path, hex, pointer, size], newFd),
  move_mount: call('desc file', [dirfd, path, dirfd, path, flags('MOVE_MOUNT_FLAGS')]),
  fsopen: call('desc', [string, flags('FSOPEN_FLAGS')], newFd),
  fspick: call('desc file', [dirfd, path, flags('FSPICK_FLAGS')], newFd),
  fsconfig: call('desc file', [fd, oneOf('FSCONFIG_COMMANDS'), string, pointer, int]),
  fsmount: call('desc', [fd, flags('FSMOUNT_FLAGS'), flags('MOUNT_ATTR_FLAGS')], newFd),
  mount_setattr: call('desc file', [dirfd, path, at, pointer, size]),
  inotify_init: call('desc', [], newFd),
  inotify_init1: call('desc', [flags('INOTIFY_INIT_FLAGS')], newFd),
  inotify_add_watch: call('desc file', [fd, path, flags('INOTIFY_MASK')]),
  inotify_rm_watch: call('desc', [fd, int]),
  fanotify_init: call('desc', [flags('FANOTIFY_INIT_FLAGS'), openFlags], newFd),
  fanotify_mark: call('desc file', [fd, flags('FANOTIFY_MARK_FLAGS'), hex, dirfd, path]),
  sync: call(''),
  lookup_dcookie: call('', [hex, bytesOut, size]),
  cachestat: call('desc', [fd, pointer, pointer, hex]),
  fallocate: call('desc', [fd, flags('FALLOCATE_FLAGS'), offset, offset]),
} as const
