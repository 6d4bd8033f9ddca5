// `bee prog load` and `loadall` on a real kernel: what is pinned where.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import {
  aluImm,
  call,
  exit,
  type Insn,
  ldImm64,
  movImm,
  movReg,
  R0,
  R1,
  R2,
  R10,
  store,
} from '../../src/asm/index.ts'
import { progLoad } from '../../src/cli/prog-load.ts'
import { progTracelog } from '../../src/cli/prog-tracelog.ts'
import { ElfError, UsageError } from '../../src/errors/index.ts'
import { features, hasFeature, hasVmlinuxBtf, openBpfFs, VMLINUX_BTF_PATH } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { Program } from '../../src/program/index.ts'
import { BPF_PROG_TYPE_SOCKET_FILTER, BPF_STREAM_STDERR } from '../../src/sys/index.ts'
import { CALLS_PATH, SAMPLE_PATH } from '../object/sample.ts'
import { noFetchingAtomics, since } from './since.ts'
import { SPOKEN, streamSpeaker } from './stream-speaker.ts'

const ready =
  hasVmlinuxBtf() && hasFeature(features.loop)
    ? {}
    : { skip: 'the sample needs kernel BTF and bpf_loop (Linux 5.17)' }

let root = ''
let notes = ''
beforeEach(() => {
  root = `${openBpfFs()}/beetrace-load-${process.pid}`
  notes = ''
  mkdirSync(root)
})
afterEach(() => rmSync(root, { recursive: true }))

const load = (...words: string[]) =>
  progLoad(words, text => {
    notes += text
  })

test('a loader within the kernel loads and pins the same', ready, () => {
  assert.equal(load('loadall', '-L', CALLS_PATH, `${root}/light`, 'pinmaps', `${root}/maps`), 0)
  assert.deepEqual(readdirSync(`${root}/light`), ['on_call'])
  assert.deepEqual(readdirSync(`${root}/maps`).sort(), ['calls_bss', 'calls_rodata', 'counts', 'events'])
  assert.equal(load('load', '-L', '-d', CALLS_PATH), 0)
  assert.match(notes, /call bpf_sys_bpf#166/)
})

test('loadall pins every program, and maps by the names that the kernel has', ready, () => {
  assert.equal(load('loadall', SAMPLE_PATH, `${root}/progs`, 'pinmaps', `${root}/maps`), 0)
  assert.deepEqual(readdirSync(`${root}/progs`).sort(), ['first', 'second'])
  assert.deepEqual(readdirSync(`${root}/maps`).sort(), [
    ...['_data_counts', 'by_process', 'events', 'inner_a', 'inner_b', 'jumps', 'outer'],
    ...['sample_bss', 'sample_data', 'sample_kconfig', 'sample_rodata'],
  ])
  assert.throws(() => load('loadall', SAMPLE_PATH, `${root}/progs`), /EEXIST/)
  assert.deepEqual(readdirSync(`${root}/progs`).sort(), ['first', 'second'], 'what was there stays')
})

test('what cannot be attached or pinned leaves no folder behind', ready, () => {
  assert.throws(() => load('loadall', CALLS_PATH, `${root}/a.b`), /cannot make \S+a\.b: .*names have no dots/)
  assert.throws(() => load('loadall', CALLS_PATH, '/proc/self/x/y'), /cannot make \/proc\/self\/x: /)
  const pinmaps = ['pinmaps', `${root}/m.d`]
  assert.throws(() => load('loadall', CALLS_PATH, `${root}/new/progs`, ...pinmaps), /cannot make \S+m\.d/)
  assert.deepEqual(readdirSync(root), [])
})

test('load pins the first program', ready, () => {
  load('load', SAMPLE_PATH, `${root}/one`)
  assert.deepEqual(readdirSync(root), ['one'])
})

test('maps are replaced by those that are there', { skip: noFetchingAtomics }, () => {
  using map = BpfMap.create({ name: 'stand_in', type: 1, keySize: 4, valueSize: 8, maxEntries: 3 })
  map.pin(`${root}/map`)
  load(
    'load',
    CALLS_PATH,
    `${root}/a`,
    'map',
    'name',
    'counts',
    'pinned',
    `${root}/map`,
    'pinmaps',
    `${root}/m`,
  )
  using pinned = BpfMap.openPinned(`${root}/m/counts`)
  assert.equal(pinned.info().id, map.info().id)
  load('load', CALLS_PATH, `${root}/b`, 'map', 'name', 'counts', 'id', String(map.info().id))
  load('load', CALLS_PATH, `${root}/c`, 'map', 'idx', '0', 'name', 'stand_in')
  const replace = (...words: string[]) => load('load', CALLS_PATH, `${root}/d`, 'map', ...words)
  assert.throws(() => replace('name', 'nothing', 'id', '1'), /has no map nothing: it has counts, events/)
  assert.throws(() => replace('idx', '0', 'name', 'no_such_map_'), /there is no map named/)
  const twice = ['name', 'counts', 'pinned', `${root}/map`, 'map', 'idx', '0', 'pinned', `${root}/map`]
  assert.throws(() => replace(...twice), UsageError)
  assert.equal(existsSync(`${root}/d`), false)
})

test('with autoattach the link is pinned; what says no place is pinned itself', ready, () => {
  load('loadall', CALLS_PATH, `${root}/calls`, 'autoattach')
  assert.deepEqual(readdirSync(`${root}/calls`), ['on_call'])
  assert.equal(notes, '')
})

test('a type and the types of the kernel are told', ready, () => {
  assert.throws(() => load('load', CALLS_PATH, `${root}/x`, 'type', 'xdp'), /on_call/)
  load('load', SAMPLE_PATH, `${root}/x`, 'kernel_btf', VMLINUX_BTF_PATH)
  assert.throws(() => load('load', SAMPLE_PATH, `${root}/y`, 'kernel_btf', '/nowhere'), ElfError)
  assert.deepEqual(readdirSync(root), ['x'])
})

test('-d tells what the verifier said of each program', { skip: noFetchingAtomics }, () => {
  load('load', CALLS_PATH, `${root}/told`, '-d')
  assert.match(notes, /^-- verifier log of on_call --\n.*\(95\) exit.*processed \d+ insns.*-- end --\n$/s)
})

const tracelog = async (...words: string[]) => {
  let shown = ''
  const stop = AbortSignal.timeout(500)
  await progTracelog(words, { out: text => (shown += text), note: () => {}, stop })
  return shown
}

test('tracelog shows what a program has said', { skip: since('6.17', 'a program’s streams') }, async () => {
  using speaker = streamSpeaker(BPF_STREAM_STDERR, 2)
  const { program, refusal } = speaker
  const { id, tag } = program.info()
  program.pin(`${root}/speaks`)
  assert.equal(await tracelog('stdout', 'tag', tag), '')
  await assert.rejects(
    tracelog('stdout', 'name', 'no_such_one'),
    /there is no program with name "no_such_one"/,
  )
  assert.equal(await tracelog('stderr', 'id', `${id}`), refusal === undefined ? SPOKEN.repeat(2) : '')
  assert.equal(await tracelog('stderr', 'pinned', `${root}/speaks`), '')
})

test('tracelog without a program shows what programs print', async () => {
  const text = `printed by ${process.pid}`
  using printing = printingProgram(text)
  const shown = tracelog('-j')
  printing.testRun({ data: new Uint8Array(64) })
  const line = (await shown).split('\n').find(each => each.includes(text))
  assert.equal(JSON.parse(line!).printk, text)
})

/** bpf_trace_printk of words on its stack */
function printingProgram(text: string): Program {
  const bytes = Buffer.alloc(Math.ceil((text.length + 1) / 8) * 8)
  bytes.write(text)
  const insns: Insn[] = []
  for (let at = 0; at < bytes.length; at += 8)
    insns.push(ldImm64(R1, bytes.readBigInt64LE(at)), store(8, R10, at - bytes.length, R1))
  insns.push(
    ...[movReg(R1, R10), aluImm('add', R1, -bytes.length), movImm(R2, text.length + 1)],
    ...[call('bpf_trace_printk'), movImm(R0, 0), exit()],
  )
  return Program.load({ name: 'prints', type: BPF_PROG_TYPE_SOCKET_FILTER, insns, license: 'GPL' })
}
