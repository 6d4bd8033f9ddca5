// posix_spawn(3) of the C library. Not fork: a child that ran JavaScript, even for a moment, would share locks
// with threads that are not there. glibc and musl make the child with CLONE_VFORK on a stack of their own, apply
// the attributes and file actions, and report a failed execve to the parent as this call's result.

import type { LibraryHandle } from 'koffi'
import type { SpawnCall } from './linux.ts'

/** Larger than posix_spawnattr_t (336 bytes in both libraries) and posix_spawn_file_actions_t (80). */
const OBJECT_BYTES = 512

interface SpawnFunctions {
  readonly spawn: (
    pid: number,
    path: number,
    actions: number,
    attr: number,
    argv: number,
    envp: number,
  ) => number
  readonly actionsInit: (actions: number) => number
  readonly actionsDestroy: (actions: number) => number
  readonly addDup2: (actions: number, fd: number, newFd: number) => number
  readonly addClose: (actions: number, fd: number) => number
  readonly addChdir: (actions: number, path: number) => number
  readonly attrInit: (attr: number) => number
  readonly attrDestroy: (attr: number) => number
  readonly setFlags: (attr: number, flags: number) => number
  readonly setSigdefault: (attr: number, set: number) => number
  readonly setSigmask: (attr: number, set: number) => number
  readonly setPgroup: (attr: number, pgroup: number) => number
}

let functions: SpawnFunctions | undefined

/** The pid, or -errno. */
export const nativeSpawn = (
  koffi: { address(value: unknown): bigint },
  libc: LibraryHandle,
  request: SpawnCall,
): number => {
  functions ??= declare(libc)
  const f = functions
  const memory = new Uint8Array(new ArrayBuffer(OBJECT_BYTES * 2 + 8))
  const actions = Number(koffi.address(memory))
  const attr = actions + OBJECT_BYTES
  const pid = attr + OBJECT_BYTES
  const added: number[] = []
  let result = f.actionsInit(actions)
  if (result !== 0) return -result
  result = f.attrInit(attr)
  if (result === 0) {
    // a descriptor duplicated onto itself loses its close-on-exec mark (POSIX.1-2024; glibc >= 2.29, musl >= 1.1.24)
    for (const fd of request.keepFds) added.push(f.addDup2(actions, fd, fd))
    for (const fd of request.closeFds) added.push(f.addClose(actions, fd))
    if (request.cwd !== 0) added.push(f.addChdir(actions, request.cwd))
    added.push(
      f.setFlags(attr, request.flags),
      f.setSigdefault(attr, request.signalDefault),
      f.setSigmask(attr, request.signalMask),
      f.setPgroup(attr, request.pgroup),
    )
    result = added.find(r => r !== 0) ?? f.spawn(pid, request.path, actions, attr, request.argv, request.envp)
    f.attrDestroy(attr)
  }
  f.actionsDestroy(actions)
  return result === 0 ? new DataView(memory.buffer).getInt32(OBJECT_BYTES * 2, true) : -result
}

const declare = (libc: LibraryHandle): SpawnFunctions => {
  const attribute = (name: string, value: 'int16' | 'int32' | 'int64') =>
    libc.func(`posix_spawnattr_${name}`, 'int32', ['int64', value])
  return {
    spawn: libc.func('posix_spawn', 'int32', ['int64', 'int64', 'int64', 'int64', 'int64', 'int64']),
    actionsInit: libc.func('posix_spawn_file_actions_init', 'int32', ['int64']),
    actionsDestroy: libc.func('posix_spawn_file_actions_destroy', 'int32', ['int64']),
    addDup2: libc.func('posix_spawn_file_actions_adddup2', 'int32', ['int64', 'int32', 'int32']),
    addClose: libc.func('posix_spawn_file_actions_addclose', 'int32', ['int64', 'int32']),
    addChdir: libc.func('posix_spawn_file_actions_addchdir_np', 'int32', ['int64', 'int64']),
    attrInit: libc.func('posix_spawnattr_init', 'int32', ['int64']),
    attrDestroy: libc.func('posix_spawnattr_destroy', 'int32', ['int64']),
    setFlags: attribute('setflags', 'int16'),
    setSigdefault: attribute('setsigdefault', 'int64'),
    setSigmask: attribute('setsigmask', 'int64'),
    setPgroup: attribute('setpgroup', 'int32'),
  }
}
