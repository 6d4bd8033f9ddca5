// Calls on descriptors: reading, writing, seeking, waiting, duplicating, controlling.
import { call } from '../argument.ts'
import { bytesIn, bytesOut, string } from '../buffers.ts'
import { fd, flags, hex, int, long, offset, oneOf, openFlags, pointer, size, uint } from '../scalars.ts'
import { structAndRest, structChanged, structIn, structOut, structsOut } from '../struct.ts'
import { INT, OFFSET_CELL } from '../structs/cells.ts'
import { fcntlArgument, fcntlResult } from '../structs/fcntl.ts'
import { ioctlArgument, ioctlRequest } from '../structs/ioctl.ts'
import { EPOLL_EVENT, fdSet, pollfds, pollResult, selectResult } from '../structs/poll.ts'
import { SIGSET } from '../structs/signal.ts'
import { ITIMERSPEC, ITIMERSPEC64, TIMESPEC, TIMESPEC64, TIMEVAL } from '../structs/time.ts'
import { iovec } from '../vectors.ts'

const pair = structsOut(INT, { kind: 'constant', count: 2 })

export const DESCRIPTOR_CALLS = {
  read: call('desc', [fd, bytesOut, size]),
  write: call('desc', [fd, bytesIn(2), size]),
  pread64: call('desc', [fd, bytesOut, size, offset]),
  pwrite64: call('desc', [fd, bytesIn(2), size, offset]),
  readv: call('desc', [fd, iovec(2, 'exit'), size]),
  writev: call('desc', [fd, iovec(2, 'entry'), size]),
  preadv: call('desc', [fd, iovec(2, 'exit'), size, offset]),
  pwritev: call('desc', [fd, iovec(2, 'entry'), size, offset]),
  preadv2: call(
    'desc',
    [fd, iovec(2, 'exit'), size, offset, hex, flags('RWF_FLAGS')],
    'int',
    [0, 1, 2, 3, 5],
  ),
  pwritev2: call(
    'desc',
    [fd, iovec(2, 'entry'), size, offset, hex, flags('RWF_FLAGS')],
    'int',
    [0, 1, 2, 3, 5],
  ),
  vmsplice: call('desc', [fd, iovec(2, 'entry'), size, flags('SPLICE_FLAGS')]),
  lseek: call('desc', [fd, offset, oneOf('SEEK_WHENCE')]),
  close: call('desc', [fd]),
  close_range: call('', [uint, uint, flags('CLOSE_RANGE_FLAGS')]),
  dup: call('desc', [fd], 'fd'),
  dup2: call('desc', [fd, fd], 'fd'),
  dup3: call('desc', [fd, fd, openFlagsOnly()], 'fd'),
  pipe: call('desc', [pair]),
  pipe2: call('desc', [pair, openFlagsOnly()]),
  fcntl: call('desc', [fd, oneOf('FCNTL_COMMANDS'), fcntlArgument], fcntlResult),
  fcntl64: call('desc', [fd, oneOf('FCNTL_COMMANDS'), fcntlArgument], fcntlResult),
  ioctl: call('desc', [fd, ioctlRequest, ioctlArgument]),
  flock: call('desc', [fd, flags('FLOCK_FLAGS')]),
  fsync: call('desc', [fd]),
  fdatasync: call('desc', [fd]),
  syncfs: call('desc', [fd]),
  sync_file_range: call('desc', [fd, offset, offset, flags('SYNC_FILE_RANGE_FLAGS')]),
  ftruncate: call('desc', [fd, offset]),
  fadvise64: call('desc', [fd, offset, size, oneOf('FADVISE')]),
  readahead: call('desc', [fd, offset, size]),
  sendfile: call('desc network', [fd, fd, structChanged(OFFSET_CELL), size]),
  sendfile64: call('desc network', [fd, fd, structChanged(OFFSET_CELL), size]),
  splice: call('desc', [fd, structIn(OFFSET_CELL), fd, structIn(OFFSET_CELL), size, flags('SPLICE_FLAGS')]),
  tee: call('desc', [fd, fd, size, flags('SPLICE_FLAGS')]),
  copy_file_range: call('desc', [fd, structIn(OFFSET_CELL), fd, structIn(OFFSET_CELL), size, hex]),
  poll: call('desc', [pollfds(1), uint, int], pollResult),
  ppoll: call('desc', [pollfds(1), uint, structIn(TIMESPEC), structIn(SIGSET), size], pollResult),
  ppoll_time64: call('desc', [pollfds(1), uint, structIn(TIMESPEC64), structIn(SIGSET), size], pollResult),
  select: call('desc', [int, fdSet, fdSet, fdSet, structAndRest(TIMEVAL)], selectResult(TIMEVAL)),
  _newselect: call('desc', [int, fdSet, fdSet, fdSet, structAndRest(TIMEVAL)], selectResult(TIMEVAL)),
  pselect6: call(
    'desc',
    [int, fdSet, fdSet, fdSet, structAndRest(TIMESPEC), pointer],
    selectResult(TIMESPEC),
  ),
  pselect6_time64: call(
    'desc',
    [int, fdSet, fdSet, fdSet, structAndRest(TIMESPEC64), pointer],
    selectResult(TIMESPEC64),
  ),
  epoll_create: call('desc', [int], 'fd'),
  epoll_create1: call('desc', [flags('EPOLL_CREATE_FLAGS')], 'fd'),
  epoll_ctl: call('desc', [fd, oneOf('EPOLL_OPERATIONS'), fd, structIn(EPOLL_EVENT)]),
  epoll_wait: call('desc', [fd, structsOut(EPOLL_EVENT, { kind: 'result' }), int, int]),
  epoll_pwait: call('desc', [
    fd,
    structsOut(EPOLL_EVENT, { kind: 'result' }),
    int,
    int,
    structIn(SIGSET),
    size,
  ]),
  epoll_pwait2: call('desc', [
    fd,
    structsOut(EPOLL_EVENT, { kind: 'result' }),
    int,
    structIn(TIMESPEC64),
    structIn(SIGSET),
    size,
  ]),
  eventfd: call('desc', [uint], 'fd'),
  eventfd2: call('desc', [uint, flags('EVENTFD_FLAGS')], 'fd'),
  signalfd: call('desc signal', [fd, structIn(SIGSET), size], 'fd'),
  signalfd4: call('desc signal', [fd, structIn(SIGSET), size, flags('SIGNALFD_FLAGS')], 'fd'),
  timerfd_create: call('desc', [oneOf('CLOCKS'), flags('TIMERFD_CREATE_FLAGS')], 'fd'),
  timerfd_settime: call('desc', [
    fd,
    flags('TIMERFD_SETTIME_FLAGS'),
    structIn(ITIMERSPEC),
    structOut(ITIMERSPEC),
  ]),
  timerfd_settime64: call('desc', [
    fd,
    flags('TIMERFD_SETTIME_FLAGS'),
    structIn(ITIMERSPEC64),
    structOut(ITIMERSPEC64),
  ]),
  timerfd_gettime: call('desc', [fd, structOut(ITIMERSPEC)]),
  timerfd_gettime64: call('desc', [fd, structOut(ITIMERSPEC64)]),
  memfd_create: call('desc', [string, flags('MEMFD_FLAGS')], 'fd'),
  memfd_secret: call('desc', [flags('FD_FLAGS')], 'fd'),
  userfaultfd: call('desc', [flags('USERFAULTFD_FLAGS')], 'fd'),
  io_uring_setup: call('desc', [uint, pointer], 'fd'),
  io_uring_enter: call('desc signal', [fd, uint, uint, flags('IO_URING_ENTER_FLAGS'), pointer, size]),
  io_uring_register: call('desc memory', [fd, oneOf('IO_URING_REGISTER_OPS'), pointer, uint]),
  io_setup: call('memory', [uint, pointer]),
  io_destroy: call('memory', [hex]),
  io_submit: call('', [hex, long, pointer]),
  io_cancel: call('', [hex, pointer, pointer]),
  io_getevents: call('', [hex, long, long, pointer, structIn(TIMESPEC)]),
  io_pgetevents: call('', [hex, long, long, pointer, structIn(TIMESPEC), pointer]),
  io_pgetevents_time64: call('', [hex, long, long, pointer, structIn(TIMESPEC64), pointer]),
  pidfd_open: call('desc', [int, flags('PIDFD_OPEN_FLAGS')], 'fd'),
  pidfd_getfd: call('desc', [fd, int, hex], 'fd'),
  process_madvise: call('desc', [fd, iovec(2, 'entry'), size, oneOf('MADVISE'), hex]),
  process_mrelease: call('desc', [fd, hex]),
  perf_event_open: call('desc', [pointer, int, int, fd, flags('PERF_OPEN_FLAGS')], 'fd'),
  bpf: call('desc', [oneOf('BPF_COMMANDS'), pointer, uint]),
  landlock_create_ruleset: call('desc', [pointer, size, flags('LANDLOCK_CREATE_FLAGS')], 'fd'),
  landlock_add_rule: call('desc', [fd, int, pointer, hex]),
  landlock_restrict_self: call('desc', [fd, hex]),
  mq_open: call('desc', [string, openFlags, hex, pointer], 'fd'),
  mq_unlink: call('', [string]),
  mq_timedsend: call('desc', [fd, bytesIn(2), size, uint, structIn(TIMESPEC)]),
  mq_timedsend_time64: call('desc', [fd, bytesIn(2), size, uint, structIn(TIMESPEC64)]),
  mq_timedreceive: call('desc', [fd, bytesOut, size, pointer, structIn(TIMESPEC)]),
  mq_timedreceive_time64: call('desc', [fd, bytesOut, size, pointer, structIn(TIMESPEC64)]),
  mq_notify: call('desc', [fd, pointer]),
  mq_getsetattr: call('desc', [fd, pointer, pointer]),
} as const

/** Open flags of calls that open nothing: no access mode in front. */
function openFlagsOnly() {
  return flags('OPEN_FLAGS')
}
