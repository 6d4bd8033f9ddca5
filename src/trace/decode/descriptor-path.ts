// What the file behind a descriptor is called: put together from what the kernel half found, as readlink(2) of
// /proc/PID/fd/N says it.
import {
  CAPTURE_FD,
  FD_DELETED,
  FD_FLAGS,
  FD_INODE,
  FD_MAGIC,
  FD_NAMES,
  FD_NUMBER,
  FD_PLACELESS,
  SEGMENT_HEAD_BYTES,
} from '../record.ts'
import type { RecordReader } from './record-reader.ts'

/** s_magic of include/uapi/linux/magic.h, and of pidfs */
const SOCKFS_MAGIC = 0x534f434b
const PIPEFS_MAGIC = 0x50495045
const ANON_INODE_FS_MAGIC = 0x09041934
const PID_FS_MAGIC = 0x50494446

/**
 * Looks for `fd` in the record. Gives its path, '' for one that is not open, and undefined when the record does not
 * say, or only the kernel can.
 */
export function descriptorPath(record: RecordReader | undefined, fd: number): string | undefined {
  if (record === undefined) return undefined
  const { bytes, view } = record
  for (let at = record.firstSegment; at !== -1; at = record.after(at)) {
    const start = at + SEGMENT_HEAD_BYTES
    if (bytes[at] === CAPTURE_FD && view.getInt32(start + FD_NUMBER, true) === fd)
      return pathIn(bytes, view, start, start + view.getUint32(at + 4, true))
  }
  return undefined
}

function pathIn(bytes: Uint8Array, view: DataView, start: number, end: number): string | undefined {
  if (end - start < FD_NAMES) return ''
  const flags = view.getUint32(start + FD_FLAGS, true)
  const names = Buffer.from(bytes.buffer, bytes.byteOffset + start + FD_NAMES, end - start - FD_NAMES)
    .toString()
    .split('\0')
    .slice(0, -1)
  if ((flags & FD_PLACELESS) !== 0) {
    const inode = view.getBigUint64(start + FD_INODE, true)
    return placeless(view.getUint32(start + FD_MAGIC, true), inode, names[0] ?? '')
  }
  return `/${names.reverse().join('/')}${(flags & FD_DELETED) !== 0 ? ' (deleted)' : ''}`
}

function placeless(magic: number, inode: bigint, name: string): string | undefined {
  switch (magic) {
    case SOCKFS_MAGIC:
      return `socket:[${inode}]`
    case PIPEFS_MAGIC:
      return `pipe:[${inode}]`
    case ANON_INODE_FS_MAGIC:
      return `anon_inode:${name}`
    case PID_FS_MAGIC:
      return 'anon_inode:[pidfd]'
    default:
      // memory files, on a mount of the kernel's own
      return name.startsWith('memfd:') ? `/${name} (deleted)` : undefined
  }
}
