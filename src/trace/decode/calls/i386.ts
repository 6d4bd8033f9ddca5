// Calls of 32-bit x86 programs that take their arguments otherwise than the same name on 64-bit machines, or that
// only exist there: 64-bit values come in two registers, file offsets in pages.
import { type Argument, call } from '../argument.ts'
import { bytesIn, bytesOut, path } from '../buffers.ts'
import { fd, flags, oneOf, size } from '../scalars.ts'
import { structOut } from '../struct.ts'
import { OFFSET_CELL } from '../structs/cells.ts'

const PAGE_SHIFT = 12

/** 64 bits in this register and the next, low half first unless `highFirst`. */
function pair(name: string, highFirst = false): Argument {
  return {
    name,
    printer: () => (w, c, arg) => {
      const [lo, hi] = highFirst ? [c.lo[arg + 1]!, c.lo[arg]!] : [c.lo[arg]!, c.lo[arg + 1]!]
      w.i64(lo, hi)
    },
  }
}

/** The second register of a pair: never shown, only counted. */
const second: Argument = { printer: () => () => {}, shown: () => false }

/** An offset in pages, shown in bytes. */
export const pageOffset: Argument = {
  printer: () => (w, c, arg) => {
    const pages = c.lo[arg]!
    w.hex(pages << PAGE_SHIFT, pages >>> (32 - PAGE_SHIFT))
  },
}

const advice = oneOf('FADVISE')

export const I386_CALLS = {
  pread64: call('desc', [fd, bytesOut, size, pair('pos'), second]),
  pwrite64: call('desc', [fd, bytesIn(2), size, pair('pos'), second]),
  truncate64: call('file', [path, pair('length'), second]),
  ftruncate64: call('desc', [fd, pair('length'), second]),
  readahead: call('desc', [fd, pair('offset'), second, size]),
  fadvise64: call('desc', [fd, pair('offset'), second, size, advice]),
  fadvise64_64: call('desc', [fd, pair('offset'), second, pair('len'), second, advice]),
  fallocate: call('desc', [fd, flags('FALLOCATE_FLAGS'), pair('offset'), second, pair('len'), second]),
  sync_file_range: call('desc', [
    fd,
    pair('offset'),
    second,
    pair('nbytes'),
    second,
    flags('SYNC_FILE_RANGE_FLAGS'),
  ]),
  _llseek: call('desc', [fd, pair('offset', true), second, structOut(OFFSET_CELL), oneOf('SEEK_WHENCE')]),
} as const
