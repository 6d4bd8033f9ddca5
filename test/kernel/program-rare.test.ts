// What can be asked of programs besides running them: the verifier's counts, what they said, their memory, a second copy.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exit, type Insn, movImm, R0 } from '../../src/asm/index.ts'
import { NotSupportedError } from '../../src/errors/index.ts'
import { features, hasFeature, hasVmlinuxBtf, isAtLeast, kernelRelease } from '../../src/kernel/index.ts'
import { openObject } from '../../src/object/index.ts'
import { Program } from '../../src/program/index.ts'
import type { ProgramSpec } from '../../src/spec/spec.ts'
import * as sys from '../../src/sys/index.ts'
import { CALLS_PATH } from '../object/sample.ts'
import { noFetchingAtomics, since } from './since.ts'
import { SPOKEN, streamSpeaker } from './stream-speaker.ts'

const program = (insns: Insn[], type: number = sys.BPF_PROG_TYPE_SOCKET_FILTER): ProgramSpec => ({
  ...{ name: 'test_prog', type, insns, license: 'GPL' },
})
const RETURN_0: Insn[] = [movImm(R0, 0), exit()]
const packet = { data: new Uint8Array(64) }

test('the verifier counts what it walked, when it is asked to', () => {
  using quiet = Program.load(program(RETURN_0))
  assert.equal(quiet.verifierLog, '')
  assert.equal(quiet.verifierStatistics, undefined)
  using counted = Program.load(program(RETURN_0), { logLevel: 4 })
  const { processedInsns, insnLimit, verificationTimeUs, stackDepths } = counted.verifierStatistics!
  assert.deepEqual([processedInsns, insnLimit], [2, 1_000_000])
  assert.ok(verificationTimeUs !== undefined, counted.verifierLog)
  assert.deepEqual(stackDepths, [0])
  using walked = Program.load(program(RETURN_0), { logLevel: 2 })
  assert.match(walked.verifierLog, /\(95\) exit/)
})

test('a log that is larger than its first buffer is whole', () => {
  const insns = [movImm(R0, 0), ...Array.from({ length: 3000 }, (_, i) => movImm(R0, i)), exit()]
  const text: string[] = []
  using walked = Program.load(program(insns), { logLevel: 2, onLog: log => text.push(log) })
  assert.ok(walked.verifierLog.length > 64 * 1024)
  assert.match(walked.verifierLog, /^0: /m)
  assert.match(walked.verifierLog, /\(95\) exit/)
  assert.equal(walked.verifierStatistics!.processedInsns, 3002)
  assert.deepEqual(text, [walked.verifierLog])
})

test('an object has the log of all its programs, or of one', { skip: noFetchingAtomics }, () => {
  using all = openObject(CALLS_PATH)
  all.load({ logLevel: 4 })
  assert.ok(all.program('on_call').program.verifierStatistics!.processedInsns > 20)
  using none = openObject(CALLS_PATH)
  none.program('on_call').logLevel = 0
  none.load({ logLevel: 4 })
  assert.equal(none.program('on_call').program.verifierLog, '')
})

test('an object loaded in other threads has its logs, too', { skip: noFetchingAtomics }, async () => {
  using object = openObject(CALLS_PATH)
  await object.loadAsync({ logLevel: 4 })
  assert.ok(object.program('on_call').program.verifierStatistics!.processedInsns > 20)
})

test('what a program says is read once', { skip: since('6.17', 'a program’s streams') }, t => {
  for (const [id, stream, other] of [
    [sys.BPF_STREAM_STDOUT, 'stdout', 'stderr'],
    [sys.BPF_STREAM_STDERR, 'stderr', 'stdout'],
  ] as const) {
    using speaker = streamSpeaker(id, 2000)
    if (speaker.refusal !== undefined) return t.skip(speaker.refusal)
    const said = speaker.program.readStream(stream)
    assert.equal(said, SPOKEN.repeat(2000), `${said.length} bytes`)
    assert.equal(speaker.program.readStream(stream), '')
    assert.equal(speaker.program.readStream(other), '')
  }
})

test('a kernel without streams says so', {
  skip: hasFeature(features.programStreams) && 'this one has them',
}, () => {
  using p = Program.load(program(RETURN_0))
  assert.throws(
    () => p.readStream('stdout'),
    error => error instanceof NotSupportedError && error.since === '6.17',
  )
})

test('a loaded program shows its code, with source lines, and its maps', { skip: noFetchingAtomics }, () => {
  using object = openObject(CALLS_PATH)
  object.load()
  const loaded = object.program('on_call').program
  const { insns, machineCode, mapIds } = loaded.code()
  assert.deepEqual(insns[0]!.labels, ['on_call'])
  assert.ok(insns.some(({ source }) => /^u32 call = args\[1\];$/.test(source?.text ?? '')))
  assert.match(insns.find(({ source }) => source !== undefined)!.source!.file, /calls\.bpf\.c$/)
  assert.equal(machineCode.length, loaded.info().jitedBytes)
  const ids = ['counts', 'events', '.rodata', '.bss'].map(label => object.map(label).map.info().id)
  assert.deepEqual([...mapIds].sort(), [...ids].sort())
  using plain = Program.load(program(RETURN_0))
  assert.deepEqual(
    plain.code().insns.map(({ code }) => code),
    RETURN_0.map(({ code }) => code),
  )
  assert.deepEqual(plain.code().mapIds, [])
})

test('a program takes memory', () => {
  using p = Program.load(program(RETURN_0))
  assert.ok(p.memoryBytes() >= 4096)
})

test('packets of a test run go on where the program sends them', {
  skip: since('5.18', 'live frames'),
}, () => {
  const XDP_DROP = 1
  using p = Program.load(program([movImm(R0, XDP_DROP), exit()], sys.BPF_PROG_TYPE_XDP))
  p.testRun({ ...packet, liveFrames: true, batchSize: 16, repeat: 100 })
  using counted = Program.load(program([movImm(R0, XDP_DROP), exit()], sys.BPF_PROG_TYPE_XDP))
  assert.equal(counted.testRun(packet).retval, XDP_DROP)
})

test('a program runs on the CPU it is told to', () => {
  using p = Program.load(program(RETURN_0, sys.BPF_PROG_TYPE_RAW_TRACEPOINT))
  assert.equal(p.testRun({ ctx: new Uint8Array(8), cpu: 0 }).retval, 0)
})

test('a program is loaded once more, to be attached elsewhere', { skip: noFetchingAtomics }, () => {
  using object = openObject(CALLS_PATH)
  object.global('only_tgid').value = process.pid
  assert.throws(() => object.cloneProgram('on_call'), /is not loaded/)
  object.load({ logLevel: 4 })
  const copy = object.cloneProgram('on_call', { attachTo: 'sys_exit', logLevel: 0 })
  const original = object.program('on_call')
  assert.notEqual(copy.program.fd, original.program.fd)
  assert.equal(copy.program.info().tag, original.program.info().tag)
  assert.equal(copy.program.verifierLog, '')
  const link = copy.attach()
  process.getuid!()
  link.close()
  assert.ok((object.global('total').value as bigint) > 0n)
  copy.close()
  assert.equal(copy.loaded, false)
  const another = object.cloneProgram('on_call')
  const { program } = another
  object.close()
  assert.equal(program.closed, true)
})

test('a copy is verified for the function it is for', {
  skip:
    (!hasVmlinuxBtf() && 'this kernel has no BTF') ||
    (!hasFeature(features.fentry) && 'this kernel takes no fentry programs') ||
    (!isAtLeast(kernelRelease(), '5.11') && 'the type of test runs is new in Linux 5.11'),
}, () => {
  using object = openObject('test/object/fixtures/lacking.bpf.o')
  for (const each of object.programs.values()) each.autoload = false
  object.map('.kconfig').autocreate = false
  object.load()
  const one = object.cloneProgram('traces', { attachTo: 'bpf_fentry_test1' })
  const two = object.cloneProgram('traces', { attachTo: 'bpf_fentry_test2' })
  one.attach().close()
  two.attach().close()
  assert.throws(() => object.cloneProgram('traces'), /no_such_function/)
})
