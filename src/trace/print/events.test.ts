// Signals, exits, summaries and time prefixes, as strace 6.1 shows them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from '../../text/byte-writer.ts'
import { RecordReader } from '../decode/record-reader.ts'
import { type RecordSpec, words32, writeRecord } from '../decode/record-writer.ts'
import { CAPTURE_BYTES, RECORD_EXEC, RECORD_EXIT, RECORD_SIGNAL } from '../record.ts'
import { CallPrinter } from './call-printer.ts'
import { EventPrinter } from './events.ts'
import { LinePrefix } from './line-prefix.ts'
import { writeSummary } from './summary.ts'

type Kind = 'signal' | 'stopped' | 'exit' | 'superseded' | 'signalJson' | 'stoppedJson' | 'exitJson'

const printed = (spec: RecordSpec, kind: Kind) => {
  const out = new ByteWriter(16)
  const record = writeRecord(spec)
  const reader = new RecordReader()
  reader.use(record)
  assert.equal(reader.read(0, record.length), true)
  new EventPrinter(new CallPrinter({ machine: 'x86_64' }, out), out)[kind](out, reader)
  return Buffer.from(out.view()).toString()
}
const signal = (nr: number, ...siginfo: number[]): RecordSpec => ({
  kind: RECORD_SIGNAL,
  nr,
  segments: [
    { op: CAPTURE_BYTES, arg: 0, bytes: words32(...siginfo, ...new Array(12 - siginfo.length).fill(0)) },
  ],
})

test('signals', () => {
  const check = (spec: RecordSpec, expected: string) =>
    assert.equal(printed(spec, 'signal'), `--- ${expected} ---\n`)
  check(
    signal(17, 17, 0, 1, 0, 23148, 0, 3),
    'SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=23148, si_uid=0, si_status=3, si_utime=0, si_stime=0}',
  )
  check(
    signal(17, 17, 0, 2, 0, 5, 7, 9, 0, 424),
    'SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=5, si_uid=7, si_status=SIGKILL, si_utime=424 /* 4.24 s */, si_stime=0}',
  )
  check(signal(15, 15, 0, 0, 0, 5, 0), 'SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=5, si_uid=0}')
  check(signal(10, 10, 0, -6, 0, 5, 0), 'SIGUSR1 {si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=5, si_uid=0}')
  check(signal(11, 11, 0, 1, 0, 0x10), 'SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}')
  check(signal(11, 11, 0, 1, 0, 0), 'SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}')
  check(signal(11, 11, 0, 0x80), 'SIGSEGV {si_signo=SIGSEGV, si_code=SI_KERNEL}')
  check({ kind: RECORD_SIGNAL, nr: 40 }, 'SIGRT_8')
})

test('stops', () => {
  assert.equal(printed(signal(19, 19), 'stopped'), '--- stopped by SIGSTOP ---\n')
  assert.equal(JSON.parse(printed(signal(20, 20), 'stoppedJson')).stopped, 'SIGTSTP')
})

test('exits', () => {
  const check = (status: number, expected: string) =>
    assert.equal(printed({ kind: RECORD_EXIT, nr: 1, ret: BigInt(status) }, 'exit'), `+++ ${expected} +++\n`)
  check(0, 'exited with 0')
  check(0x300, 'exited with 3')
  check(0xff00, 'exited with 255')
  check(9, 'killed by SIGKILL')
  check(0x8b, 'killed by SIGSEGV (core dumped)')
  const exec: RecordSpec = { kind: RECORD_EXEC, nr: 12, tid: 10 }
  assert.equal(printed(exec, 'superseded'), '+++ superseded by execve in pid 12 +++\n')
})

test('JSON of both', () => {
  assert.deepEqual(JSON.parse(printed(signal(15, 15, 0, 0, 0, 5, 0), 'signalJson')), {
    pid: 1000,
    tid: 1000,
    signal: 'SIGTERM',
    siginfo: { si_signo: 'SIGTERM', si_code: 'SI_USER', si_pid: 5, si_uid: 0 },
  })
  const exit = (status: bigint) =>
    JSON.parse(printed({ kind: RECORD_EXIT, nr: 1, ret: status, timeNs: 5n * 10n ** 9n }, 'exitJson'))
  assert.deepEqual(exit(0x300n), { time: 5, pid: 1000, tid: 1000, exit: 3 })
  assert.deepEqual(exit(0x8bn), { time: 5, pid: 1000, tid: 1000, killed: 'SIGSEGV', core: true })
})

test('the table of -c', () => {
  const out = new ByteWriter()
  writeSummary(out, [
    { name: 'read', calls: 7, errors: 0, totalNs: 250_000 },
    { name: 'openat', calls: 20, errors: 19, totalNs: 750_000 },
    { name: 'close', calls: 0, errors: 0, totalNs: 0 },
  ])
  assert.equal(
    Buffer.from(out.view()).toString(),
    [
      '% time     seconds  usecs/call     calls    errors syscall',
      '------ ----------- ----------- --------- --------- ----------------',
      ' 75.00    0.000750          37        20        19 openat',
      ' 25.00    0.000250          35         7           read',
      '------ ----------- ----------- --------- --------- ----------------',
      '100.00    0.001000          37        27        19 total',
      '',
    ].join('\n'),
  )
})

test('the table fits its longest name, and is empty without calls', () => {
  const out = new ByteWriter()
  writeSummary(out, [{ name: 'close', calls: 0, errors: 0, totalNs: 0 }])
  assert.equal(out.length, 0)
  writeSummary(out, [{ name: 'sched_getaffinity', calls: 1, errors: 0, totalNs: 1 }])
  assert.match(Buffer.from(out.view()).toString(), /^-.* -{18}$/m)
})

test('time prefixes', () => {
  const prefix = (time: 't' | 'tt' | 'ttt' | 'r', ...times: number[]) => {
    const out = new ByteWriter()
    const writer = new LinePrefix({ time, realtimeOffsetNs: 0 })
    for (const ns of times) writer.write(out, 1, ns)
    return Buffer.from(out.view()).toString()
  }
  const local = new Date(5000).toTimeString().slice(0, 8)
  assert.equal(prefix('t', 5_000_001_999), `${local} `)
  assert.equal(prefix('tt', 5_000_001_999), `${local}.000001 `)
  assert.equal(prefix('ttt', 5_000_001_999), '5.000001 ')
  assert.equal(prefix('r', 5_000_000_000, 6_500_000_000), '     0.000000      1.500000 ')
})
