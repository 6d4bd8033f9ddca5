// Lines as strace 6.1 prints them (each expected line was seen there or follows its sources), and JSON that parses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from '../../text/byte-writer.ts'
import { Pending } from '../decode/pending.ts'
import { RecordReader } from '../decode/record-reader.ts'
import {
  type RecordSpec,
  type SegmentSpec,
  text,
  words32,
  words64,
  writeRecord,
} from '../decode/record-writer.ts'
import { everydayCalls, statBytes } from '../decode/sample-records.ts'
import {
  ABI_COMPAT,
  CALL_REFETCHED,
  CAPTURE_ARGV,
  CAPTURE_BYTES,
  CAPTURE_COUNT,
  CAPTURE_CSTR,
  CAPTURE_FD,
  CAPTURE_IOVEC,
  FD_DELETED,
  FD_PLACELESS,
  RECORD_ENTER,
  SEGMENT_FAULT,
  SEGMENT_NO_ARG,
  SEGMENT_TRUNCATED,
} from '../record.ts'
import { syscallNames, syscallNumber } from '../tables/index.ts'
import { CallPrinter, type PrinterOptions } from './call-printer.ts'
import { EventPrinter } from './events.ts'

const P = 0x7ffc00001000
const read = (spec: RecordSpec) => {
  const record = writeRecord(spec)
  const reader = new RecordReader()
  reader.use(record)
  assert.equal(reader.read(0, record.length), true)
  return reader
}
type Extra = Partial<PrinterOptions>
const printed = (write: (printer: CallPrinter, out: ByteWriter) => void, options: Extra = {}) => {
  const out = new ByteWriter(16)
  write(new CallPrinter({ machine: 'x86_64', ...options }, out), out)
  return Buffer.from(out.view()).toString()
}

interface Example {
  readonly args?: readonly (number | bigint)[]
  readonly ret?: number | bigint
  readonly abi?: number
  /** fetched at entry and at exit */
  readonly input?: readonly SegmentSpec[]
  readonly output?: readonly SegmentSpec[]
}

const specsOf = (name: string, { args = [], ret = 0, abi = 0, input, output = [] }: Example) => {
  const nr = /^\d+$/.test(name) ? Number(name) : syscallNumber('x86_64', abi, name)
  assert.notEqual(nr, undefined, name)
  const base = { nr: nr!, abi, args }
  const call: RecordSpec = { ...base, ret: BigInt(ret), segments: output, flags: input === undefined ? 0 : 1 }
  const entry: RecordSpec | undefined = input && { ...base, kind: RECORD_ENTER, segments: input }
  return { call, entry }
}
/** The line without its padding: one blank before the result. */
const line = (name: string, example: Example, options: Extra = {}) => {
  const { call, entry } = specsOf(name, example)
  return printed((printer, out) => printer.finished(out, read(call), entry && read(entry)), options)
    .trimEnd()
    .replace(/\) += /, ') = ')
}
const json = (name: string, example: Example, options: Extra = {}) => {
  const { call, entry } = specsOf(name, example)
  return JSON.parse(printed((printer, out) => printer.json(out, read(call), entry && read(entry)), options))
}
const cstr = (arg: number, value: string, flags = 0) => ({ op: CAPTURE_CSTR, arg, bytes: text(value), flags })
const bytes = (arg: number, value: Uint8Array, flags = 0) => ({ op: CAPTURE_BYTES, arg, bytes: value, flags })

test('everyday calls, column and all', () => {
  for (const { call, entry, line } of everydayCalls()) {
    const reader = entry && read({ ...entry, kind: RECORD_ENTER })
    assert.equal(
      printed((printer, out) => printer.finished(out, read(call), reader)),
      `${line}\n`,
    )
  }
})

test('files', () => {
  const check = (expected: string, name: string, example: Example) =>
    assert.equal(line(name, example), expected)
  check('openat(-1, "x", O_ACCMODE|O_CREAT, 000) = -1 EBADF (Bad file descriptor)', 'openat', {
    args: [-1, P, 0x43, 0],
    ret: -9,
    input: [cstr(1, 'x')],
  })
  // one bit, two names: AT_REMOVEDIR elsewhere
  check(
    'faccessat2(5, NULL, R_OK|X_OK, AT_SYMLINK_NOFOLLOW|AT_EACCESS) = -1 EFAULT (Bad address)',
    'faccessat2',
    {
      args: [5, 0, 5, 0x300],
      ret: -14,
    },
  )
  check('rseq(NULL, 0x20, RSEQ_FLAG_UNREGISTER, 0x53053053) = -1 EINVAL (Invalid argument)', 'rseq', {
    args: [0, 32, 1, 0x53053053],
    ret: -22,
  })
  check('openat(5, NULL, O_RDONLY|O_EXCL) = -1 EFAULT (Bad address)', 'openat', {
    args: [5, 0, 0x80, 7],
    ret: -14,
  })
  check('open("/tmp/f", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3', 'open', {
    args: [P, 0x241, 0o644],
    ret: 3,
    input: [cstr(0, '/tmp/f')],
  })
  check('access("x", F_OK) = 0', 'access', { args: [P, 0], input: [cstr(0, 'x')] })
  check('access("x", R_OK|W_OK|X_OK) = 0', 'access', { args: [P, 7], input: [cstr(0, 'x')] })
  check('stat(0x7ffc00001000, 0x7ffc00001000) = -1 EFAULT (Bad address)', 'stat', {
    args: [P, P],
    ret: -14,
    input: [cstr(0, '', SEGMENT_FAULT)],
    output: [bytes(1, statBytes(0, 0))],
  })
  check('stat("/tmp", {st_mode=S_IFDIR|S_ISVTX|0777, st_size=40, ...}) = 0', 'stat', {
    args: [P, P],
    input: [cstr(0, '/tmp')],
    output: [bytes(1, statBytes(0o41777, 40))],
  })
  check(
    'newfstatat(AT_FDCWD, "/etc", {st_mode=S_IFDIR|0755, st_size=40, ...}, AT_SYMLINK_NOFOLLOW) = 0',
    'newfstatat',
    {
      args: [-100, P, P, 0x100],
      input: [cstr(1, '/etc')],
      output: [bytes(2, statBytes(0o40755, 40))],
    },
  )
  check('mknodat(-1, "x", S_IFCHR|0600, makedev(0x5, 0x1)) = 0', 'mknodat', {
    args: [-1, P, 0o20600, 0x501],
    input: [cstr(1, 'x')],
  })
  check('umask(022) = 022', 'umask', { args: [0o22], ret: 0o22 })
  check('getdents64(3, 0x7ffc00001000 /* 2 entries */, 4096) = 48', 'getdents64', {
    args: [3, P, 4096],
    ret: 48,
    output: [bytes(1, words32(0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 24, 0))],
  })
  check('readlink("/proc/self/exe", "/usr/bin/ls", 4095) = 11', 'readlink', {
    args: [P, P, 4095],
    ret: 11,
    input: [cstr(0, '/proc/self/exe')],
    output: [bytes(1, text('/usr/bin/ls'))],
  })
  check('pipe2([3, 4], O_CLOEXEC) = 0', 'pipe2', { args: [P, 0x80000], output: [bytes(0, words32(3, 4))] })
  check('lseek(3, -1, 0x9 /* SEEK_??? */) = -1 EINVAL (Invalid argument)', 'lseek', {
    args: [3, -1, 9],
    ret: -22,
  })
})

test('strings are cut at -s and marked', () => {
  const write = (value: string, flags = 0, limit = 32) =>
    line(
      'write',
      { args: [1, P, 100], ret: 100, input: [bytes(1, text(value), flags)] },
      { stringLimit: limit },
    )
  assert.equal(write('abc', SEGMENT_TRUNCATED), 'write(1, "abc"..., 100) = 100')
  assert.equal(write('abcdef', 0, 3), 'write(1, "abc"..., 100) = 100')
  assert.equal(write('abc', 0, 3), 'write(1, "abc", 100) = 100')
  assert.equal(line('read', { args: [0, P, 10], ret: 0 }), 'read(0, "", 10) = 0')
  assert.equal(line('write', { args: [0, P, 0], ret: 0 }), 'write(0, "", 0) = 0')
})

test('what could not be read before the call may have been read after it', () => {
  const example = {
    args: [P, 0x80000],
    ret: 3,
    input: [cstr(0, '', SEGMENT_FAULT)],
    output: [cstr(0, '/cold')],
  }
  assert.equal(line('open', example), 'open("/cold", O_RDONLY|O_CLOEXEC) = 3')
})

test('memory', () => {
  const check = (expected: string, name: string, example: Example) =>
    assert.equal(line(name, example), expected)
  check('mmap(NULL, 0, PROT_NONE, MAP_FILE, -1, 0) = -1 EBADF (Bad file descriptor)', 'mmap', {
    args: [0, 0, 0, 0, -1, 0],
    ret: -9,
  })
  check('mmap(0x1000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3, 0x7000) = 0x1000', 'mmap', {
    args: [0x1000, 4096, 1, 0x812, 3, 0x7000],
    ret: 0x1000,
  })
  check('madvise(NULL, 0, 0x63 /* MADV_??? */) = -1 EINVAL (Invalid argument)', 'madvise', {
    args: [0, 0, 99],
    ret: -22,
  })
  check('mremap(NULL, 0, 4096, MREMAP_MAYMOVE) = 0x2000', 'mremap', { args: [0, 0, 4096, 1, 9], ret: 0x2000 })
  check('brk(NULL) = 0x555555559000', 'brk', { args: [0], ret: 0x555555559000 })
})

test('processes and signals', () => {
  const check = (expected: string, name: string, example: Example) =>
    assert.equal(line(name, example), expected)
  const argv = [cstr(1, 'ls'), cstr(1, '-l'), { op: CAPTURE_ARGV, arg: 1, bytes: text('') }]
  const envp = { op: CAPTURE_COUNT, arg: 2, bytes: words64(2) }
  check('execve("/bin/ls", ["ls", "-l"], 0x7ffc00001000 /* 2 vars */) = 0', 'execve', {
    args: [P, P, P],
    input: [cstr(0, '/bin/ls'), ...argv, envp],
  })
  check('execve("/bin/ls", ["ls", "-l"], 0x7ffc00001000 /* 288 vars or more */) = 0', 'execve', {
    args: [P, P, P],
    input: [cstr(0, '/bin/ls'), ...argv, { ...envp, flags: SEGMENT_TRUNCATED, bytes: words64(288) }],
  })
  check('execve("/bin/ls", [], NULL) = 0', 'execve', {
    args: [P, P, 0],
    input: [cstr(0, '/bin/ls'), { op: CAPTURE_ARGV, arg: 1, bytes: text('') }],
  })
  check(
    'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f00) = 12',
    'clone',
    {
      args: [0x1200011, 0, 0, 0x7f00, 0],
      ret: 12,
    },
  )
  check('wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 9', 'wait4', {
    args: [-1, P, 0, 0],
    ret: 9,
    output: [bytes(1, words32(0x300))],
  })
  check(
    'wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], WNOHANG|WSTOPPED, NULL) = 9',
    'wait4',
    {
      args: [-1, P, 3, 0],
      ret: 9,
      output: [bytes(1, words32(0x8b))],
    },
  )
  check('wait4(-1, 0x7ffc00001000, WNOHANG, NULL) = 0', 'wait4', {
    args: [-1, P, 1, 0],
    output: [bytes(1, words32(0))],
  })
  check('kill(5, SIGRT_8) = 0', 'kill', { args: [5, 40] })
  check('rt_sigprocmask(SIG_SETMASK, [INT RT_2], ~[KILL STOP RTMIN RT_1], 8) = 0', 'rt_sigprocmask', {
    args: [2, P, P, 8],
    input: [bytes(1, words64((1n << 1n) | (1n << 33n)))],
    output: [bytes(2, words64(~((1n << 8n) | (1n << 18n) | (3n << 31n))))],
  })
  check(
    'rt_sigaction(SIGINT, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x50}, NULL, 8) = 0',
    'rt_sigaction',
    {
      args: [2, P, 0, 8],
      input: [bytes(1, words64(1, 0x14000000, 0x50, 0))],
    },
  )
  check('prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0', 'prlimit64', {
    args: [0, 3, 0, P],
    output: [bytes(3, words64(8192 * 1024, -1))],
  })
  check('prctl(PR_SET_NAME, "name") = 0', 'prctl', { args: [15, P], output: [cstr(1, 'name')] })
  check(
    'futex(0x7ffc00001000, FUTEX_WAIT_PRIVATE, 2, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)',
    'futex',
    {
      args: [P, 128, 2, 0, 0, 0],
      ret: -512,
    },
  )
  check('futex(0x7ffc00001000, FUTEX_WAKE_PRIVATE, 1) = 0', 'futex', { args: [P, 129, 1, 7, 7, 7] })
  check('exit_group(3) = ?', 'exit_group', { args: [3] })
  check('getuid() = 4294967294', 'getuid', { ret: 4294967294 })
  check('nanosleep({tv_sec=1, tv_nsec=5}, 0x7ffc00001000) = 0', 'nanosleep', {
    args: [P, P],
    input: [bytes(0, words64(1, 5))],
    output: [bytes(1, words64(9, 9))],
  })
  check(
    'nanosleep({tv_sec=1, tv_nsec=5}, {tv_sec=0, tv_nsec=9}) = -1 EINTR (Interrupted system call)',
    'nanosleep',
    {
      args: [P, P],
      ret: -4,
      input: [bytes(0, words64(1, 5))],
      output: [bytes(1, words64(0, 9))],
    },
  )
})

test('sockets', () => {
  const check = (expected: string, name: string, example: Example) =>
    assert.equal(line(name, example), expected)
  const inet = Uint8Array.from([2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  const inet6 = new Uint8Array(28)
  inet6.set([10, 0, 0, 1])
  inet6[23] = 1
  const unix = (value: string) => Uint8Array.from([1, 0, ...text(value)])
  check('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3', 'socket', {
    args: [2, 0x80001, 6],
    ret: 3,
  })
  check(
    'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    'connect',
    {
      args: [3, P, 16],
      input: [bytes(1, inet)],
    },
  )
  check(
    'connect(3, {sa_family=AF_INET6, sin6_port=htons(1), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    'connect',
    { args: [3, P, 28], input: [bytes(1, inet6)] },
  )
  check('connect(3, {sa_family=AF_UNIX, sun_path="/tmp/x"}, 110) = 0', 'connect', {
    args: [3, P, 110],
    input: [bytes(1, unix('/tmp/x\0\0\0'))],
  })
  check('connect(3, {sa_family=AF_UNIX, sun_path=@"abs"}, 6) = 0', 'connect', {
    args: [3, P, 6],
    input: [bytes(1, unix('\0abs'))],
  })
  check('connect(3, {sa_family=AF_INET, sa_data="\\0"}, 3) = -1 EINVAL (Invalid argument)', 'connect', {
    args: [3, P, 3],
    ret: -22,
    input: [bytes(1, inet.subarray(0, 3))],
  })
  check(
    'accept4(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, [128 => 16], SOCK_CLOEXEC) = 4',
    'accept4',
    {
      args: [3, P, P, 0x80000],
      ret: 4,
      input: [bytes(2, words32(128))],
      output: [bytes(1, inet), bytes(2, words32(16))],
    },
  )
  check('getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0', 'getsockopt', {
    args: [3, 1, 4, P, P],
    input: [bytes(4, words32(4))],
    output: [bytes(3, words32(111)), bytes(4, words32(4))],
  })
  const iov = [
    { op: CAPTURE_IOVEC, arg: 1, bytes: words64(P, 2, P, 3) },
    bytes(1, text('ab')),
    bytes(1, text('cde')),
  ]
  check('writev(3, [{iov_base="ab", iov_len=2}, {iov_base="cde", iov_len=3}], 2) = 5', 'writev', {
    args: [3, P, 2],
    ret: 5,
    input: iov,
  })
  // a page that was not there at the entry
  const { call: again, entry } = specsOf('writev', {
    args: [3, P, 2],
    ret: 5,
    input: [iov[0]!, bytes(1, text('')), bytes(1, text(''), SEGMENT_FAULT)],
    output: iov,
  })
  assert.equal(
    printed((printer, out) =>
      printer.finished(out, read({ ...again, flags: again.flags! | CALL_REFETCHED }), read(entry!)),
    ),
    'writev(3, [{iov_base="ab", iov_len=2}, {iov_base="cde", iov_len=3}], 2) = 5\n',
  )
  check('readv(3, [{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=3}], 2) = 3', 'readv', {
    args: [3, P, 2],
    ret: 3,
    output: iov,
  })
  check('sendto(3, "hi", 2, MSG_NOSIGNAL, NULL, 0) = 2', 'sendto', {
    args: [3, P, 2, 0x4000, 0, 0],
    ret: 2,
    input: [bytes(1, text('hi'))],
  })
})

test('commands decide what their argument is', () => {
  const check = (expected: string, name: string, example: Example) =>
    assert.equal(line(name, example), expected)
  check('fcntl(1, F_GETFD) = 0', 'fcntl', { args: [1, 1, 5] })
  check('fcntl(1, F_GETFD) = 0x1 (flags FD_CLOEXEC)', 'fcntl', { args: [1, 1], ret: 1 })
  check('fcntl(1, F_GETFL) = 0x8001 (flags O_WRONLY|O_LARGEFILE)', 'fcntl', { args: [1, 3], ret: 0x8001 })
  check('fcntl(1, F_SETFL, O_RDONLY|O_NONBLOCK) = 0', 'fcntl', { args: [1, 4, 0x800] })
  check('fcntl(1, F_DUPFD_CLOEXEC, 100) = 100', 'fcntl', { args: [1, 1030, 100], ret: 100 })
  const winsize = new Uint8Array(64)
  winsize.set([24, 0, 80])
  check('ioctl(0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0', 'ioctl', {
    args: [0, 0x5413, P],
    output: [bytes(2, winsize)],
  })
  check('ioctl(0, TCGETS, 0x7ffc00001000) = -1 ENOTTY (Inappropriate ioctl for device)', 'ioctl', {
    args: [0, 0x5401, P],
    ret: -25,
    output: [bytes(2, winsize)],
  })
  check('ioctl(0, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x7ffc00001000) = 0', 'ioctl', {
    args: [0, 0x12345678, P],
  })
})

test('numbers that no table knows', () => {
  assert.equal(
    line('500', { args: [1, 2, 3, 4, 5, -1], ret: -38 }),
    'syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0xffffffffffffffff) = -1 ENOSYS (Function not implemented)',
  )
  assert.equal(line('4000000', { ret: 0 }), 'syscall_0x3d0900(0, 0, 0, 0, 0, 0) = 0')
})

test('32-bit calls have their own numbers and words of four bytes', () => {
  const check = (expected: string, name: string, example: Example) =>
    assert.equal(line(name, { ...example, abi: ABI_COMPAT }), expected)
  check('getppid() = 7', 'getppid', { ret: 7 })
  check('open("x", O_RDONLY) = -1 ENOENT (No such file or directory)', 'open', {
    args: [0x8000, 0],
    ret: 0xfffffffen,
    input: [cstr(0, 'x')],
  })
  check('clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0', 'clock_gettime', {
    args: [1, 0x8000],
    output: [bytes(1, words32(1, 2))],
  })
  check('mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = 0xf7fd0000', 'mmap2', {
    args: [0, 4096, 1, 2, 0xffffffff, 0],
    ret: 0xfffffffff7fd0000n,
  })
})

test('calls in parts', () => {
  const enter = read({ kind: RECORD_ENTER, nr: 0, args: [3, P, 10] })
  const call = read({ nr: 0, args: [3, P, 10], ret: 3n, segments: [bytes(1, text('abc'))] })
  assert.equal(
    printed((p, out) => {
      p.begun(out, enter)
      p.unfinished(out)
    }),
    'read(3,  <unfinished ...>\n',
  )
  assert.equal(
    printed((p, out) => p.resumed(out, call, undefined)),
    '<... read resumed>"abc", 10)            = 3\n',
  )
  assert.equal(
    printed((p, out) => p.cut(out, enter)),
    'read(3,  <unfinished ...>)              = ?\n',
  )
  assert.equal(
    printed((p, out) => p.detached(out, enter)),
    'read(3,  <detached ...>\n',
  )
  assert.equal(
    printed((p, out) => p.continued(out, call, undefined, p.begun(out, enter))),
    'read(3, "abc", 10)                      = 3\n',
  )
  assert.equal(
    printed((p, out) => p.cutShort(out, enter, p.begun(out, enter))),
    'read(3,  <unfinished ...>)              = ?\n',
  )
  assert.equal(
    printed((p, out) => p.cutShort(out, enter, undefined)),
    '<... read resumed> <unfinished ...>)    = ?\n',
  )
  const exit = read({ kind: RECORD_ENTER, nr: 231, args: [0] })
  assert.equal(
    printed((p, out) => p.cut(out, exit)),
    'exit_group(0)                           = ?\n',
  )
  const close = read({ kind: RECORD_ENTER, nr: 3, args: [5] })
  assert.equal(
    printed((p, out) => {
      p.begun(out, close)
      p.unfinished(out)
    }),
    'close(5 <unfinished ...>\n',
  )
  assert.equal(
    printed((p, out) => p.resumed(out, read({ nr: 3, args: [5] }), undefined)),
    '<... close resumed>)                    = 0\n',
  )
})

test('prefixes and durations', () => {
  const record = read({ nr: 39, tid: 77, ret: 77n, startNs: 1_000_001_000n, timeNs: 1_000_124_999n })
  const check = (options: Extra, expected: string) =>
    assert.equal(
      printed((p, out) => p.finished(out, record, undefined), options),
      `${expected}\n`,
    )
  check({ pid: 'column' }, '77    getpid()                          = 77')
  check({ pid: 'bracket' }, '[pid    77] getpid()                    = 77')
  check({ duration: true }, 'getpid()                                = 77 <0.000123>')
  check({ time: 'ttt', realtimeOffsetNs: 1.7e18 }, '1700000001.000001 getpid()              = 77')
  check({ time: 'r' }, '     0.000000 getpid()                  = 77')
  check({ column: 0 }, 'getpid() = 77')
})

test('descriptors with what they refer to', () => {
  const fdPath = (tid: number, fd: number) =>
    tid === 1000 && fd === 3 ? '/etc/ünï' : fd === -100 ? '/home' : undefined
  const example = { args: [-100, P, 0], ret: 3, input: [cstr(1, 'x')] }
  assert.equal(line('openat', example, { fdPath }), 'openat(AT_FDCWD</home>, "x", O_RDONLY) = 3</etc/ünï>')
  assert.deepEqual(json('openat', example, { fdPath }).args.dfd, { fd: 'AT_FDCWD', path: '/home' })
})

test('descriptors as the kernel half found them', () => {
  const fdPath = () => assert.fail('asked of /proc')
  const file = (fd: number, names: readonly string[] = [], flags = 0, magic = 0): SegmentSpec => ({
    op: CAPTURE_FD,
    arg: SEGMENT_NO_ARG,
    bytes: Buffer.concat([
      words32(fd, flags),
      ...(names.length === 0 ? [] : [words64(4711, magic), text(names.map(name => `${name}\0`).join(''))]),
    ]),
  })
  const check = (expected: string, name: string, example: Example) =>
    assert.equal(line(name, example, { fdPath }), expected)
  check('openat(AT_FDCWD</home/me>, "x", O_RDONLY) = 3</usr/lib/x>', 'openat', {
    args: [-100, P, 0],
    ret: 3,
    input: [cstr(1, 'x'), file(-100, ['me', 'home'])],
    output: [file(3, ['x', 'lib', 'usr'])],
  })
  check('dup2(7</etc/old>, 5</>) = 5</etc/old>', 'dup2', {
    args: [7, 5],
    ret: 5,
    input: [file(7, ['old', 'etc']), file(5, [''])],
    output: [file(5, ['old', 'etc'])],
  })
  check('close(9) = -1 EBADF (Bad file descriptor)', 'close', {
    args: [9],
    ret: -9,
    input: [file(9)],
  })
  const closes = (expected: string, ...file: SegmentSpec[]) =>
    check(`close(${expected}) = 0`, 'close', { args: [4], input: file })
  closes('4</tmp/gone>(deleted)', file(4, ['gone', 'tmp'], FD_DELETED))
  closes('4</a\\nb\\74/c\\\\>', file(4, ['c\\', 'a\nb<']))
  closes('4<pipe:[4711]>', file(4, [''], FD_PLACELESS, 0x50495045))
  closes('4<socket:[4711]>', file(4, [''], FD_PLACELESS, 0x534f434b))
  closes('4<anon_inode:[eventpoll]>', file(4, ['[eventpoll]'], FD_PLACELESS, 0x09041934))
  closes('4<anon_inode:[pidfd]>', file(4, ['12'], FD_PLACELESS, 0x50494446))
  closes('4</memfd:m>(deleted)', file(4, ['memfd:m'], FD_PLACELESS, 0x01021994))
})

test('JSON', () => {
  const check = (name: string, example: Example, expected: unknown) =>
    assert.deepEqual(json(name, example), { pid: 1000, tid: 1000, syscall: name, ...(expected as object) })
  check('getppid', { ret: 3 }, { args: {}, ret: 3 })
  check(
    'openat',
    { args: [-100, P, 0x80000, 0], ret: -2, input: [cstr(1, 'ü')] },
    {
      args: { dfd: 'AT_FDCWD', filename: 'ü', flags: ['O_RDONLY', 'O_CLOEXEC'] },
      ret: -1,
      error: 'ENOENT',
    },
  )
  check(
    'lseek',
    { args: [3, 2n ** 60n, 0], ret: 2n ** 60n },
    {
      args: { fd: 3, offset: `${2n ** 60n}`, whence: 'SEEK_SET' },
      ret: `${2n ** 60n}`,
    },
  )
  check(
    'fstat',
    { args: [3, P], output: [bytes(1, statBytes(0o100644, 5))] },
    {
      args: { fd: 3, statbuf: { st_mode: 'S_IFREG|0644', st_size: 5 } },
      ret: 0,
    },
  )
  check('pause', { ret: -514 }, { args: {}, ret: null, error: 'ERESTARTNOHAND' })
  check('exit_group', { args: [1] }, { args: { error_code: 1 }, ret: null })
  check(
    'poll',
    {
      args: [P, 1, -1],
      ret: 1,
      input: [bytes(0, words32(3, 1))],
      output: [bytes(0, words32(3, 0x10001))],
    },
    {
      args: { ufds: [{ fd: 3, events: ['POLLIN'] }], nfds: 1, timeout_msecs: -1 },
      ret: 1,
      meaning: [{ fd: 3, revents: ['POLLIN'] }],
    },
  )
  assert.deepEqual(json('close', { args: [-1, 2] }, { raw: true }).raw, [
    '0xffffffffffffffff',
    '0x2',
    '0x0',
    '0x0',
    '0x0',
    '0x0',
  ])
  const times = read({ nr: 39, tid: 5, tgid: 4, ret: 4n, startNs: 10n ** 9n, timeNs: 10n ** 9n + 5000n })
  assert.deepEqual(
    JSON.parse(printed((p, out) => p.json(out, times, undefined), { realtimeOffsetNs: 1e18 })),
    {
      time: 1000000001,
      pid: 4,
      tid: 5,
      syscall: 'getpid',
      args: {},
      ret: 4,
      duration: 0.000005,
    },
  )
})

test('any well-formed record makes one line of text and one JSON object', () => {
  const out = new ByteWriter()
  const printer = new CallPrinter({ machine: 'x86_64' }, out)
  const word = fc.oneof(
    fc.constantFrom(0n, 1n, -1n, 3n, 0xffffffffn, 2n ** 63n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.nat(64).map(BigInt),
  )
  const segments = fc.array(
    fc.record({
      op: fc.integer({ min: 0, max: 5 }),
      arg: fc.nat(5),
      flags: fc.nat(3),
      bytes: fc.uint8Array({ maxLength: 160 }),
    }),
    { maxLength: 6 },
  )
  const names = [syscallNames('x86_64', 0).length, syscallNames('x86_64', 1).length]
  fc.assert(
    fc.property(
      fc.nat(1),
      fc.nat(1),
      fc.nat(480),
      fc.array(word, { minLength: 6, maxLength: 6 }),
      word,
      segments,
      segments,
      (abi, hasEntry, nr, args, ret, input, output) => {
        assert.ok(names[abi]! > 300)
        const call = read({ nr, abi, args, ret: BigInt.asIntN(64, ret), segments: output })
        const entry = hasEntry ? read({ kind: RECORD_ENTER, nr, abi, args, segments: input }) : undefined
        const line = (write: () => void) => {
          out.clear()
          write()
          const result = Buffer.from(out.view()).toString()
          assert.equal(result.indexOf('\n'), result.length - 1, result)
          return result
        }
        line(() => printer.finished(out, call, entry))
        line(() => printer.resumed(out, call, entry))
        JSON.parse(line(() => printer.json(out, call, entry)))
        if (entry === undefined) return
        for (const kind of ['unfinished', 'cut', 'detached'] as const) line(() => printer[kind](out, entry))
        JSON.parse(line(() => printer.json(out, entry, undefined, false)))
      },
    ),
    { numRuns: 20_000 },
  )
})

test('a damaged record is refused or shown, and never crashes', () => {
  const out = new ByteWriter()
  const printer = new CallPrinter({ machine: 'x86_64' }, out)
  const events = new EventPrinter(printer, out)
  const pending = new Pending()
  const records = everydayCalls().flatMap(({ call, entry }) =>
    [call, ...(entry === undefined ? [] : [{ ...entry, kind: RECORD_ENTER }])].map(writeRecord),
  )
  const damage = fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.nat(records.length - 1), damage, fc.nat(300), (index, changes, length) => {
      const record = records[index]!.slice()
      for (const [at, value] of changes) record[at % record.length] = value
      const reader = new RecordReader()
      reader.use(record)
      out.clear()
      if (!reader.read(0, length % 2 === 0 ? record.length : length)) printer.malformed(out, reader)
      else if (reader.kind === RECORD_ENTER) pending.keep(reader)
      else if (reader.isCall) {
        const entry = pending.take(reader.tid)
        printer.finished(out, reader, entry)
        printer.json(out, reader, entry)
      } else {
        events.signal(out, reader)
        events.exit(out, reader)
        events.signalJson(out, reader)
        events.exitJson(out, reader)
      }
    }),
    { numRuns: 20_000 },
  )
})
