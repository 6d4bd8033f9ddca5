// Programs attached by BTF to functions behind kill(2), which JavaScript calls as often as it likes; iterators.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  aluImm,
  call,
  encode,
  exit,
  load,
  movImm,
  movReg,
  R0,
  R1,
  R2,
  R3,
  R10,
  storeImm,
  withLabel,
} from '../../src/asm/index.ts'
import { buildProgramInfo } from '../../src/btf/index.ts'
import { compileSpec, program, u64 } from '../../src/ir/index.ts'
import { features, hasFeature, programTypeFeatures } from '../../src/kernel/index.ts'
import {
  attachExtension,
  attachIterator,
  attachTracing,
  type IteratorScope,
  type Link,
  readIterator,
  readIteratorText,
} from '../../src/link/index.ts'
import { Program, resolveAttachTarget, resolveProgramTarget } from '../../src/program/index.ts'
import {
  BPF_LSM_MAC,
  BPF_MAP_TYPE_HASH,
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
  bpfBtfLoad,
  bpfMapCreate,
  bpfMapUpdate,
  bpfProgLoad,
  checkSyscall,
  closeFd,
} from '../../src/sys/index.ts'
import { assertGone, countEventsOf } from './kernel-programs.ts'
import { since } from './since.ts'

const COOKIE = 0xbee_0000_0004_c0den
const PREFIX = { x64: '__x64_', arm64: '__arm64_', riscv64: '__riscv_' }[process.arch as string] ?? ''
const KILL = `${PREFIX}sys_kill`
const noFentry = !hasFeature(features.fentry) && 'this kernel loads no fentry programs'

const tracing = (
  what: string,
  attachTo: string,
  attachType: number,
  { cookie = 0n, perCall = 1n as bigint | 'some', skip = noFentry as string | false } = {},
) =>
  test(what, { skip }, async () => {
    using program = countEventsOf(process.pid, BPF_PROG_TYPE_TRACING, cookie !== 0n, attachType, attachTo)
    const options = cookie === 0n ? {} : { cookie, attachType }
    using link: Link = attachTracing(program, { target: attachTo, ...options })
    for (let i = 0; i < 10; i++) process.kill(process.pid, 0)
    if (perCall === 'some') assert.ok(program.count() >= 10n)
    else assert.equal(program.count(), 10n * perCall)
    assert.equal(program.cookie(), cookie)
    const info = link.info()!
    assert.equal(info.progId, program.id)
    if (info.kind === 'tracing') assert.equal(info.attachType, attachType)
    else assert.equal(info.kind, 'raw_tracepoint')
    link.close()
    const seen = program.count()
    process.kill(process.pid, 0)
    assert.equal(program.count(), seen, 'events after closing')
    await assertGone([['link', info.id]])
  })

const noCookie = noFentry || (!hasFeature(features.tracingCookie) && 'cookies of fentry are new in 5.19')
tracing('fentry', KILL, BPF_TRACE_FENTRY)
tracing('fexit', KILL, BPF_TRACE_FEXIT)
tracing('fentry with a cookie', KILL, BPF_TRACE_FENTRY, { cookie: COOKIE, skip: noCookie })
tracing('fexit with a cookie', KILL, BPF_TRACE_FEXIT, { cookie: COOKIE, skip: noCookie })
tracing('fmod_ret', 'security_task_kill', BPF_MODIFY_RETURN)
tracing('tp_btf', 'sys_enter', BPF_TRACE_RAW_TP, {
  perCall: 'some',
  skip: !hasFeature(features.tpBtf) && 'this kernel loads no tp_btf programs',
})
tracing('tp_btf with a cookie', 'sys_enter', BPF_TRACE_RAW_TP, {
  perCall: 'some',
  cookie: COOKIE,
  skip:
    (!hasFeature(features.tpBtf) && 'this kernel loads no tp_btf programs') ||
    (!hasFeature(features.rawTracepointCookie) && 'cookies of raw tracepoints are new in 6.10'),
})

test('LSM', { skip: !hasFeature(features.lsm) && 'this kernel loads no LSM programs' }, async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_LSM, false, BPF_LSM_MAC, 'task_kill')
  using link = attachTracing(program, { target: 'LSM hook task_kill' })
  process.kill(process.pid, 0)
  const active = /(^|,)bpf(,|$)/.test(securityModules())
  assert.equal(program.count(), active ? 1n : 0n)
  const { id } = link.info()!
  link.close()
  await assertGone([['link', id]])
})

const noIter = !hasFeature(features.iterTask) && 'this kernel loads no iterators'

test('an iterator over tasks', { skip: noIter }, () => {
  using program = iterator('task')
  using link = attachIterator(program)
  const before = link.info()!
  assert.ok(before.kind === 'iter' && before.targetName === 'task')
  assert.match(readIteratorText(link), /^x+$/)
  assert.ok(readIterator(link).length >= 1, 'a second walk')
})

test('an iterator over the threads of a process', {
  skip: noIter || since('6.1', 'an iterator with a task'),
}, () => {
  using program = iterator('task')
  const threads = Number(/^Threads:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))![1])
  const length = (scope: IteratorScope) => {
    using link = attachIterator(program, scope)
    return readIterator(link).length
  }
  // and once more with no task, at the end
  assert.equal(length({ kind: 'task', pid: process.pid }), threads + 1)
  assert.equal(length({ kind: 'task', tid: process.pid }), 2)
})

test('an iterator over the elements of a map', { skip: noIter }, () => {
  const mapFd = bpfMapCreate({ mapType: BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 4, maxEntries: 10 })
  checkSyscall(mapFd, 'bpf', 'create a map')
  try {
    for (const key of [1, 2, 3]) bpfMapUpdate(mapFd, new Uint8Array([key, 0, 0, 0]), new Uint8Array(4))
    using program = iterator('bpf_map_elem')
    using link = attachIterator(program, { kind: 'map', fd: mapFd })
    // and once more with no element, at the end
    assert.equal(readIteratorText(link), 'xxxx')
    assert.throws(() => attachIterator(program), /need the map/)
  } finally {
    closeFd(mapFd)
  }
})

test('an extension takes the place of a function, until it is closed', {
  skip: !hasFeature(programTypeFeatures.BPF_PROG_TYPE_EXT!) && 'this kernel loads no extensions',
}, () => {
  const p = program({ name: 'asks', progType: BPF_PROG_TYPE_RAW_TRACEPOINT })
  p.globalSubprogram('answer', [u64], (b, x) => b.return(b.add(x, 1)))
  p.main((b, ctx) => b.return(b.callSubprogram('answer', [b.load(ctx, 0, u64)])))
  using target = Program.load(compileSpec(p))
  const run = () => target.testRun({ ctx: new Uint8Array(BigUint64Array.of(41n).buffer) }).retval
  assert.equal(run(), 42)
  using extension = answerZero(target)
  using link = attachExtension(extension)
  assert.equal(run(), 0)
  assert.ok(link.info()?.kind === 'tracing')
  link.close()
  assert.equal(run(), 42)
  if (hasFeature(features.tracingCookie)) {
    // one that was taken off is put back only where it is said
    using other = answerZero(target)
    using cookied = attachExtension(other, undefined, { cookie: COOKIE })
    assert.ok(cookied.info()?.kind === 'tracing')
    assert.equal(run(), 0)
  }
})

test('what is not there is named', { skip: noFentry }, () => {
  const attach = (attachTo: string, expectedAttachType: number) => () =>
    resolveAttachTarget({ type: BPF_PROG_TYPE_TRACING, expectedAttachType, attachTo })
  assert.throws(attach('vfs_raed', BPF_TRACE_FENTRY), /no func vfs_raed, did you mean .*vfs_read/)
  assert.throws(attach('no_module:f', BPF_TRACE_FENTRY), /BTF of module no_module/)
})

/** Writes an `x` for each object it is run for. */
function iterator(kind: string) {
  const insns = encode([
    storeImm(1, R10, -8, 0x78),
    load(8, R1, R1, 0), // ctx->meta
    load(8, R1, R1, 0), // meta->seq
    movReg(R2, R10),
    aluImm('add', R2, -8),
    movImm(R3, 1),
    call('bpf_seq_write'),
    movImm(R0, 0),
    exit(),
  ])
  const type = BPF_PROG_TYPE_TRACING
  const { attachBtfId } = resolveAttachTarget({ type, expectedAttachType: BPF_TRACE_ITER, attachTo: kind })
  const attr = { progType: type, insns, license: 'GPL', expectedAttachType: BPF_TRACE_ITER, attachBtfId }
  const fd = checkSyscall(bpfProgLoad(attr), 'bpf(BPF_PROG_LOAD)', `load an iterator over ${kind}`)
  return { fd, name: kind, [Symbol.dispose]: () => closeFd(fd) }
}

/** `u32 answer(u64) { return 0 }`, to take the place of the function of that name. */
function answerZero(target: Program) {
  const body = [withLabel(movImm(R0, 0), 'answer'), exit()]
  const globals = [{ name: 'answer', params: [{ kind: 'int', sizeBytes: 8, signed: false }] }] as const
  const info = buildProgramInfo('answer', body, ['answer'], globals)
  const btfFd = checkSyscall(bpfBtfLoad(info.btf), 'bpf(BPF_BTF_LOAD)', 'load BTF')
  const { attachBtfId } = resolveProgramTarget(target, 'answer')
  const attr = {
    progType: BPF_PROG_TYPE_EXT,
    insns: encode(body),
    license: 'GPL',
    progBtfFd: btfFd,
    funcInfo: { bytes: info.funcInfo, recSize: info.funcInfoRecSize },
    attachBtfId,
    attachProgFd: target.fd,
  }
  const fd = checkSyscall(bpfProgLoad(attr), 'bpf(BPF_PROG_LOAD)', 'load an extension')
  closeFd(btfFd)
  return { fd, name: 'answer', [Symbol.dispose]: () => closeFd(fd) }
}

function securityModules(): string {
  try {
    return readFileSync('/sys/kernel/security/lsm', 'latin1').trim()
  } catch {
    return ''
  }
}
