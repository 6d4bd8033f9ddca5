// What a descriptor refers to, for -y: the names of its path, read from the kernel's own structures while the call is
// in it. Later nobody could tell: a descriptor is closed, and its number given away again, in microseconds.
//
// bpf_d_path is not for tracepoints. This is its walk (prepend_path of fs/d_path.c): from the file's dentry up to the
// root of its mount, on from the place of that mount, and so on up to the root of the process. It takes no lock: who
// renames a folder in this very moment may make us say part of its old name.

import type { Builder, Value } from '../../ir/index.ts'
import { u32, u64 } from '../../ir/index.ts'
import {
  FD_DELETED,
  FD_FLAGS,
  FD_INODE,
  FD_MAGIC,
  FD_NAMES,
  FD_NUMBER,
  FD_PLACELESS,
  SEGMENT_HEAD_BYTES,
} from '../record.ts'
import { configured } from './config.ts'
import { readU32, readU64 } from './read.ts'

/** Names and mounts that are walked, and the longest name with its NUL. */
const STEPS = 64
const NAME_BYTES = 256
/** Names behind one another, as far as a new one may start: paths are no longer. */
const NAMES_BYTES = 4096
const AT_FDCWD = 0xffff_ff9c

/** Where in struct path the mount and the dentry are. */
const PATH_MOUNT = 0
const PATH_DENTRY = 8
const PATH_BYTES = 16

// What is carried from step to step lies behind the names: of map memory the verifier knows nothing, so that each step
// looks to it like the one before. (Of a stack slot it knows all, and walks each way to have come there.)
const HERE = 2 * NAMES_BYTES - 64
const ROOT = HERE + PATH_BYTES
const USED = ROOT + PATH_BYTES

/**
 * Fills the segment whose head is at `at`, in room for twice NAMES_BYTES. `end` is to close it with its
 * length, and to leave the subprogram.
 */
export function writeDescriptor(
  b: Builder,
  at: Value,
  descriptor: Value,
  end: (length: Value) => void,
): void {
  const to = b.offset(at, SEGMENT_HEAD_BYTES)
  const fd = b.convert(descriptor, u32)
  b.store(to, FD_NUMBER, fd)
  b.store(to, FD_FLAGS, 0, u32)
  const here = b.offset(to, HERE)
  const root = b.offset(to, ROOT)
  b.store(here, PATH_MOUNT, 0, u64)
  b.store(here, PATH_DENTRY, 0, u64)
  b.store(root, PATH_MOUNT, 0, u64)
  b.store(root, PATH_DENTRY, 0, u64)
  const task = b.cast(b.call('get_current_task', []), u64)
  const fs = readU64(b, task, 'taskFs')
  b.call('probe_read_kernel', [root, PATH_BYTES, b.add(fs, configured(b, 'fsRoot'))])
  b.if(
    b.eq(fd, AT_FDCWD),
    () => b.call('probe_read_kernel', [here, PATH_BYTES, b.add(fs, configured(b, 'fsPwd'))]),
    () => {
      const table = readU64(b, readU64(b, task, 'taskFiles'), 'filesFdt')
      b.if(b.lt(fd, readU32(b, table, 'fdtMaxFds')), () => {
        const file = b.slot(8, 'file')
        b.store(file, 0, 0, u64)
        const entry = b.add(readU64(b, table, 'fdtFd'), b.shl(b.convert(fd, u64), 3))
        b.call('probe_read_kernel', [file, 8, entry])
        b.if(b.ne(b.load(file, 0, u64), 0), () => {
          const path = b.add(b.load(file, 0, u64), configured(b, 'filePath'))
          b.call('probe_read_kernel', [here, PATH_BYTES, path])
        })
      })
    },
  )
  const first = b.load(here, PATH_DENTRY, u64)
  b.if(b.eq(first, 0), () => end(b.const(u64, FD_INODE)))
  const inode = readU64(b, first, 'dentryInode')
  b.store(to, FD_INODE, readU64(b, inode, 'inodeNumber'))
  b.store(to, FD_MAGIC, readU64(b, readU64(b, inode, 'inodeSuper'), 'superMagic'))
  // roots, which have no name, are not in the hash table of names either
  b.if(b.ne(readU64(b, first, 'dentryParent'), first), () =>
    b.if(b.eq(readU64(b, first, 'dentryHash'), 0), () => b.store(to, FD_FLAGS, FD_DELETED, u32)),
  )

  b.store(to, USED, FD_NAMES, u64)
  const done = () => end(b.load(to, USED, u64))
  b.forRange(0, STEPS, (_, loop) => {
    const mount = b.load(here, PATH_MOUNT, u64)
    const dentry = b.load(here, PATH_DENTRY, u64)
    b.if(b.eq(dentry, b.load(root, PATH_DENTRY, u64)), () =>
      b.if(b.eq(mount, b.load(root, PATH_MOUNT, u64)), () => done()),
    )
    b.if(b.eq(dentry, readU64(b, mount, 'vfsmountRoot')), () => {
      const whole = b.sub(mount, configured(b, 'mountMnt'))
      const above = readU64(b, whole, 'mountParent')
      b.if(b.eq(above, whole), () => done())
      b.store(here, PATH_DENTRY, readU64(b, whole, 'mountMountpoint'))
      b.store(here, PATH_MOUNT, b.add(above, configured(b, 'mountMnt')))
      loop.continue()
    })
    const place = b.load(to, USED, u64)
    b.if(b.gt(place, NAMES_BYTES), () => done())
    const name = readU64(b, dentry, 'dentryName')
    const got = b.call('probe_read_kernel_str', [b.offset(to, b.clamp(place, NAMES_BYTES)), NAME_BYTES, name])
    b.if(b.le(got, 0), () => done())
    b.store(to, USED, b.add(place, b.convert(got, u64)))
    const parent = readU64(b, dentry, 'dentryParent')
    b.if(b.eq(parent, dentry), () => {
      b.store(to, FD_FLAGS, FD_PLACELESS, u32)
      done()
    })
    b.store(here, PATH_DENTRY, parent)
  })
  done()
}
