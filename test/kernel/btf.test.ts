// The kernel's word on BTF that we build: it takes it, and its verifier's log carries the lines of the script.
// Needs root. The program is a socket filter that is never attached.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  callSubprog,
  encode,
  exit,
  type Insn,
  ldImm64,
  movImm,
  R0,
  R6,
  resolveLabels,
} from '../../src/asm/index.ts'
import { BtfBuilder, buildProgramInfo, type NewBtfType } from '../../src/btf/index.ts'
import { btfById, loadedBtfs, withMemlock } from '../../src/kernel/index.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_PROG_TYPE_SOCKET_FILTER,
  bpfBtfLoad,
  bpfMapCreate,
  bpfProgLoad,
  checkSyscall,
  closeFd,
} from '../../src/sys/index.ts'

function loadBtf(btf: Uint8Array): number {
  const log = new Uint8Array(1 << 16)
  const fd = withMemlock(() => bpfBtfLoad(btf, log))
  assert.ok(fd >= 0, `load BTF: ${fd}: ${Buffer.from(log).toString('utf8').replace(/\0.*/s, '')}`)
  return fd
}

/** An instruction with the source line that it came from. */
const at = (line: number, text: string, insn: Insn): Insn => ({
  ...insn,
  source: { file: 'open.bt', line, column: 1, text },
})

test("the verifier's log has the script's lines, also in subprograms and after wide instructions", () => {
  const insns: Insn[] = [
    ldImm64(R6, 0x1_0000_0001n),
    at(1, 'begin {', callSubprog('sub')),
    at(2, '  return 7', movImm(R0, 7)),
    exit(),
    at(9, 'fn sub() { 5 }', { ...movImm(R0, 5), labels: ['sub'] }),
    exit(),
  ]
  const info = buildProgramInfo('on open', insns)
  const btfFd = loadBtf(info.btf)
  try {
    const logBuf = new Uint8Array(1 << 16)
    const fd = withMemlock(() =>
      bpfProgLoad({
        progType: BPF_PROG_TYPE_SOCKET_FILTER,
        insns: encode(resolveLabels(insns)),
        license: 'GPL',
        logLevel: 2,
        logBuf,
        progBtfFd: btfFd,
        funcInfo: { bytes: info.funcInfo, recSize: info.funcInfoRecSize },
        lineInfo: { bytes: info.lineInfo, recSize: info.lineInfoRecSize },
      }),
    )
    const log = Buffer.from(logBuf).toString('utf8').replace(/\0.*/s, '')
    assert.ok(fd >= 0, `load: ${fd}: ${log}`)
    closeFd(fd)
    for (const line of ['begin {', 'return 7', 'fn sub() { 5 }']) {
      // as the kernel prints it: `; begin { @ open.bt:1`, the place since Linux 6.9
      assert.match(log, new RegExp(`; ${line.replace(/[(){}]/g, '\\$&')}( @ open\\.bt:\\d+)?$`, 'm'))
    }
  } finally {
    closeFd(btfFd)
  }
})

test('the kernel takes a map with the types of its key and value', () => {
  const builder = new BtfBuilder()
  const int = (name: string, sizeBytes: number): NewBtfType => ({
    kind: 'int',
    name,
    sizeBytes,
    encoding: 'unsigned',
    offsetBits: 0,
    sizeBits: sizeBytes * 8,
  })
  const u32 = builder.add(int('u32', 4))
  const u64 = builder.add(int('u64', 8))
  const array = builder.add({ kind: 'array', name: '', elementTypeId: u32, indexTypeId: u32, count: 2 })
  const value = builder.add({
    kind: 'struct',
    name: 'value',
    sizeBytes: 24,
    members: [
      { name: 'count', typeId: u64, offsetBits: 0, bitfieldBits: 0 },
      { name: 'pair', typeId: array, offsetBits: 64, bitfieldBits: 0 },
      { name: 'flag', typeId: u32, offsetBits: 128, bitfieldBits: 3 },
    ],
  })
  const btfFd = loadBtf(builder.build())
  try {
    const attr = {
      mapType: BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      maxEntries: 1,
      btfFd,
      btfKeyTypeId: u32,
      btfValueTypeId: value,
    }
    closeFd(
      checkSyscall(
        withMemlock(() => bpfMapCreate({ ...attr, valueSize: 24 })),
        'bpf',
        'create the map',
      ),
    )
    // the kernel holds the sizes against the types: they are really looked at
    assert.ok(withMemlock(() => bpfMapCreate({ ...attr, valueSize: 32 })) < 0)
  } finally {
    closeFd(btfFd)
  }
})

test('BTF that the kernel holds is listed and read by its id', () => {
  const builder = new BtfBuilder()
  builder.add({ kind: 'struct', name: 'of_this_test', sizeBytes: 4, members: [] })
  const btfFd = loadBtf(builder.build())
  try {
    const held = [...loadedBtfs()]
    const ours = held.filter(each => !each.isKernel && each.name === '').map(({ id }) => btfById(id))
    assert.ok(ours.some(btf => btf.find('of_this_test', 'struct') !== undefined))
    const module = held.find(each => each.isKernel && each.name !== 'vmlinux')
    if (module !== undefined) {
      const btf = btfById(module.id)
      assert.ok(btf.firstId > 1 && btf.typeCount >= btf.firstId, module.name)
      assert.ok(btf.type(btf.typeCount))
    }
  } finally {
    closeFd(btfFd)
  }
  assert.throws(() => btfById(0x7fffffff), /read BTF with id 2147483647: .*ENOENT/)
})
