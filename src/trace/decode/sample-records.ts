// A handful of everyday calls as the kernel half would record them: for tests and benchmarks.
import { CALL_HAS_ENTER, CAPTURE_BYTES, CAPTURE_CSTR } from '../record.ts'
import { syscallNumber } from '../tables/index.ts'
import { type RecordSpec, text, words32, words64 } from './record-writer.ts'

export interface SampleCall {
  readonly name: string
  readonly call: RecordSpec
  /** the RECORD_ENTER before it */
  readonly entry?: RecordSpec
  /** the line it makes */
  readonly line: string
}

const nrOf = (name: string) => syscallNumber('x86_64', 0, name)!
const POINTER = 0x7fffdeadb000

/** struct stat of x86-64 with mode and size set */
export function statBytes(mode: number, size: number): Uint8Array {
  const bytes = new Uint8Array(144)
  const view = new DataView(bytes.buffer)
  view.setUint32(24, mode, true)
  view.setBigInt64(48, BigInt(size), true)
  return bytes
}

export function everydayCalls(): readonly SampleCall[] {
  const openat: RecordSpec = { nr: nrOf('openat'), args: [-100, POINTER, 0x80000, 0] }
  const write: RecordSpec = { nr: nrOf('write'), args: [1, POINTER, 6] }
  const poll: RecordSpec = { nr: nrOf('poll'), args: [POINTER, 1, -1] }
  return [
    {
      name: 'getppid',
      call: { nr: nrOf('getppid'), ret: 4711n },
      line: 'getppid()                               = 4711',
    },
    {
      name: 'close',
      call: { nr: nrOf('close'), args: [3] },
      line: 'close(3)                                = 0',
    },
    {
      name: 'openat',
      call: { ...openat, flags: CALL_HAS_ENTER, ret: -2n },
      entry: {
        ...openat,
        segments: [{ op: CAPTURE_CSTR, arg: 1, bytes: text('/usr/lib/x86_64-linux-gnu/libc.so.6') }],
      },
      line: 'openat(AT_FDCWD, "/usr/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)',
    },
    {
      name: 'read',
      call: {
        nr: nrOf('read'),
        args: [3, POINTER, 832],
        ret: 832n,
        segments: [
          { op: CAPTURE_BYTES, arg: 1, flags: 2, bytes: text(`\x7fELF\x02\x01\x01${'\0'.repeat(25)}`) },
        ],
      },
      line: 'read(3, "\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"..., 832) = 832',
    },
    {
      name: 'write',
      call: { ...write, flags: CALL_HAS_ENTER, ret: 6n },
      entry: { ...write, segments: [{ op: CAPTURE_BYTES, arg: 1, bytes: text('hello\n') }] },
      line: 'write(1, "hello\\n", 6)                  = 6',
    },
    {
      name: 'fstat',
      call: {
        nr: nrOf('fstat'),
        args: [3, POINTER],
        segments: [{ op: CAPTURE_BYTES, arg: 1, bytes: statBytes(0o100644, 1024) }],
      },
      line: 'fstat(3, {st_mode=S_IFREG|0644, st_size=1024, ...}) = 0',
    },
    {
      name: 'mmap',
      call: { nr: nrOf('mmap'), args: [0, 8192, 3, 0x22, -1, 0], ret: 0x7f1234567000n },
      line: 'mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1234567000',
    },
    {
      name: 'poll',
      call: {
        ...poll,
        flags: CALL_HAS_ENTER,
        ret: 1n,
        segments: [{ op: CAPTURE_BYTES, arg: 0, bytes: words32(3, 0x00010001) }],
      },
      entry: { ...poll, segments: [{ op: CAPTURE_BYTES, arg: 0, bytes: words32(3, 1) }] },
      line: 'poll([{fd=3, events=POLLIN}], 1, -1)    = 1 ([{fd=3, revents=POLLIN}])',
    },
    {
      name: 'gettime',
      call: {
        nr: nrOf('clock_gettime'),
        args: [1, POINTER],
        segments: [{ op: CAPTURE_BYTES, arg: 1, bytes: words64(2837, 759704784) }],
      },
      line: 'clock_gettime(CLOCK_MONOTONIC, {tv_sec=2837, tv_nsec=759704784}) = 0',
    },
  ]
}
