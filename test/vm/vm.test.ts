// The interpreter against what RFC 9669 and the kernel's helpers say, and its refusal of bad programs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/asm/index.ts'
import type { MapSpec } from '../../src/spec/spec.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
} from '../../src/sys/bpf-constants.generated.ts'
import { runProgram, Vm, VmError, type VmOptions } from './index.ts'

const { call, exit, jump, jumpIf32Imm, jumpIfImm, ldImm64, ldMap, load, movImm, movReg, store, storeImm } =
  asm
const MAX = (1n << 64n) - 1n

function check(
  body: asm.Insn[],
  r0: bigint,
  options: VmOptions & { ctx?: Uint8Array; packet?: Uint8Array } = {},
): void {
  assert.equal(runProgram([...body, exit()], options).r0, r0)
}

function checkFails(body: asm.Insn[], pc: number, message: RegExp, options: VmOptions = {}): void {
  assert.throws(
    () => runProgram([...body, exit()], options),
    (error: unknown) => {
      assert.ok(error instanceof VmError, String(error))
      assert.match(error.message, message)
      assert.equal(error.pc, pc)
      return true
    },
  )
}

/** `a op b` in r0, with both as 64-bit numbers. */
function checkAlu(op: asm.AluOp, a: bigint, b: bigint, wide: bigint, narrow: bigint): void {
  const operands = [ldImm64(0, a), ldImm64(1, b)]
  check([...operands, asm.aluReg(op, 0, 1)], wide)
  check([...operands, asm.alu32Reg(op, 0, 1)], narrow)
}

test('arithmetic', () => {
  checkAlu('add', MAX, 1n, 0n, 0n)
  checkAlu('sub', 0n, 1n, MAX, 0xffffffffn)
  checkAlu('mul', 0x1_0000_0001n, 0x1_0000_0001n, 0x2_0000_0001n, 1n)
  checkAlu('div', 0x5_0000_0007n, 2n, 0x2_8000_0003n, 3n)
  checkAlu('div', 5n, 0n, 0n, 0n)
  checkAlu('mod', 0x5_0000_0007n, 0n, 0x5_0000_0007n, 7n)
  checkAlu('sdiv', BigInt.asUintN(64, -7n), 2n, BigInt.asUintN(64, -3n), 0xfffffffdn)
  checkAlu('smod', BigInt.asUintN(64, -7n), 2n, MAX, 0xffffffffn)
  checkAlu('sdiv', 1n << 63n, MAX, 1n << 63n, 0n)
  checkAlu('sdiv', 0x80000000n, MAX, BigInt.asUintN(64, -0x80000000n), 0x80000000n)
  checkAlu('smod', 1n << 63n, MAX, 0n, 0n)
  checkAlu('lsh', 3n, 65n, 6n, 6n)
  checkAlu('rsh', MAX, 36n, 0xfffffffn, 0xfffffffn)
  checkAlu('arsh', 1n << 63n, 63n, MAX, 0n)
  checkAlu('arsh', 0x80000000n, 31n, 1n, 0xffffffffn)
  checkAlu('xor', MAX, 0xff00n, MAX ^ 0xff00n, 0xffff00ffn)
  checkAlu('or', 1n << 40n, 1n, (1n << 40n) | 1n, 1n)
  checkAlu('and', MAX, 0xf_0000_000fn, 0xf_0000_000fn, 0xfn)
})

test('immediates are sign-extended to the width of the operation', () => {
  check([movImm(0, -1)], MAX)
  check([asm.mov32Imm(0, -1)], 0xffffffffn)
  check([movImm(0, 0), asm.aluImm('add', 0, -1)], MAX)
  check([movImm(0, 0), asm.alu32Imm('add', 0, -1)], 0xffffffffn)
  check([movImm(0, 5), asm.neg(0)], BigInt.asUintN(64, -5n))
  check([movImm(0, 5), asm.neg32(0)], BigInt.asUintN(32, -5n))
})

test('sign extension and byte order', () => {
  const value = [ldImm64(1, 0x1122_3344_8566_f788n)]
  check([...value, asm.movsx(0, 1, 8)], 0xffff_ffff_ffff_ff88n)
  check([...value, asm.movsx(0, 1, 16)], 0xffff_ffff_ffff_f788n)
  check([...value, asm.movsx(0, 1, 32)], 0xffff_ffff_8566_f788n)
  check([...value, asm.movsx32(0, 1, 8)], 0xffff_ff88n)
  check([...value, asm.mov32Reg(0, 1)], 0x8566_f788n)
  check([...value, movReg(0, 1), asm.toBe(0, 16)], 0x88f7n)
  check([...value, movReg(0, 1), asm.toBe(0, 64)], 0x88f7_6685_4433_2211n)
  check([...value, movReg(0, 1), asm.toLe(0, 32)], 0x8566_f788n)
  check([...value, movReg(0, 1), asm.bswap(0, 32)], 0x88f7_6685n)
})

test('jumps', () => {
  const taken = (jumpInsn: asm.Insn) => [
    ldImm64(1, 0xffff_ffff_0000_0005n),
    movImm(0, 1),
    jumpInsn,
    movImm(0, 0),
    asm.withLabel(movReg(0, 0), 'end'),
  ]
  for (const [insn, expected] of [
    [jumpIfImm('sgt', 1, 5, 'end'), 0n],
    [jumpIfImm('gt', 1, 5, 'end'), 1n],
    [jumpIf32Imm('gt', 1, 5, 'end'), 0n],
    [jumpIf32Imm('eq', 1, 5, 'end'), 1n],
    [jumpIfImm('eq', 1, 5, 'end'), 0n],
    [jumpIfImm('slt', 1, 0, 'end'), 1n],
    [jumpIf32Imm('slt', 1, 0, 'end'), 0n],
    [jumpIfImm('set', 1, 4, 'end'), 1n],
    [jumpIfImm('set', 1, 2, 'end'), 0n],
    [jump('end'), 1n],
    [asm.jumpLong('end'), 1n],
    [asm.mayGoto('end'), 0n],
  ] as const) {
    check(taken(insn), expected)
  }
  assert.equal(runProgram([...taken(asm.mayGoto('end')), exit()], { mayGotoBudget: 0 }).r0, 1n)
})

test('loads and stores', () => {
  const stored = [ldImm64(1, 0x8182838485868788n), store(8, 10, -8, 1)]
  check([...stored, load(8, 0, 10, -8)], 0x8182838485868788n)
  check([...stored, load(4, 0, 10, -4)], 0x81828384n)
  check([...stored, asm.loadSigned(2, 0, 10, -8)], 0xffff_ffff_ffff_8788n)
  check([...stored, storeImm(1, 10, -7, 0x1ff), load(2, 0, 10, -8)], 0xff88n)
  check([storeImm(8, 10, -8, -2), load(8, 0, 10, -8)], MAX - 1n)
  check([load(4, 0, 1, 4)], 7n, { ctx: Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0) })
  check([asm.ldAbs(2, 1)], 0x0203n, { packet: Uint8Array.of(1, 2, 3) })
  check([movImm(6, 1), asm.ldInd(1, 6, 1)], 3n, { packet: Uint8Array.of(1, 2, 3) })
  check([movImm(0, 9), asm.ldAbs(4, 0)], 0n, { packet: Uint8Array.of(1, 2, 3) })
})

test('a program changes its context in place', () => {
  const ctx = new Uint8Array(8)
  runProgram([storeImm(4, 1, 4, 5), movImm(0, 0), exit()], { ctx })
  assert.deepEqual([...ctx], [0, 0, 0, 0, 5, 0, 0, 0])
})

test('atomic operations', () => {
  const before = [storeImm(8, 10, -8, 0x50), movImm(1, 0x0f), movImm(0, 0x50)]
  const after = [load(8, 0, 10, -8)]
  check([...before, asm.atomic('add', 8, 10, -8, 1), ...after], 0x5fn)
  check([...before, asm.atomicFetch('or', 4, 10, -8, 1), movReg(0, 1)], 0x50n)
  check([...before, asm.atomicFetch('xor', 8, 10, -8, 1), ...after], 0x5fn)
  check([...before, asm.atomic('and', 8, 10, -8, 1), ...after], 0n)
  check([...before, asm.atomicXchg(8, 10, -8, 1), ...after], 0x0fn)
  check([...before, asm.atomicCmpxchg(8, 10, -8, 1), ...after], 0x0fn)
  check([...before, movImm(0, 1), asm.atomicCmpxchg(4, 10, -8, 1)], 0x50n)
  check([...before, asm.storeRelease(1, 10, -8, 1), asm.loadAcquire(2, 0, 10, -8)], 0x0fn)
})

test('subprograms have their own frames and keep r6-r9', () => {
  const program = [
    movImm(1, 20),
    movImm(6, 7),
    storeImm(8, 10, -8, 1),
    asm.callSubprog('double'),
    asm.aluReg('add', 0, 6),
    load(8, 1, 10, -8),
    asm.aluReg('add', 0, 1),
    exit(),
    asm.withLabel(storeImm(8, 10, -8, 99), 'double'),
    movImm(6, 0),
    movReg(0, 1),
    asm.aluReg('add', 0, 0),
    exit(),
  ]
  assert.equal(runProgram(program).r0, 48n)
})

test('bpf_loop calls a subprogram by its address', () => {
  const program = (stopAt: number) => [
    storeImm(8, 10, -8, 0),
    movImm(1, 10),
    asm.ldFuncAddress(2, 'body'),
    movReg(3, 10),
    asm.aluImm('add', 3, -8),
    movImm(4, 0),
    call('bpf_loop'),
    load(8, 1, 10, -8),
    asm.aluImm('lsh', 1, 8),
    asm.aluReg('or', 0, 1),
    exit(),
    asm.withLabel(load(8, 3, 2, 0), 'body'),
    asm.aluReg('add', 3, 1),
    store(8, 2, 0, 3),
    movImm(0, 0),
    jumpIfImm('ne', 1, stopAt, 'go on'),
    movImm(0, 1),
    asm.withLabel(exit(), 'go on'),
  ]
  assert.equal(runProgram(program(100)).r0, (45n << 8n) | 10n)
  assert.equal(runProgram(program(3)).r0, (6n << 8n) | 4n)
})

const map = (name: string, type: number, rest: Partial<MapSpec> = {}): MapSpec => ({
  name,
  type,
  keySize: 4,
  valueSize: 8,
  maxEntries: 2,
  ...rest,
})

const atKey = (mapName: string, key: number) => [
  ldMap(1, mapName),
  storeImm(4, 10, -4, key),
  movReg(2, 10),
  asm.aluImm('add', 2, -4),
]

test('maps: look up, update, delete', () => {
  const update = (key: number, value: number, flags = 0) => [
    ...atKey('m', key),
    storeImm(8, 10, -16, value),
    movReg(3, 10),
    asm.aluImm('add', 3, -16),
    movImm(4, flags),
    call('bpf_map_update_elem'),
  ]
  const read = (key: number) => [
    ...atKey('m', key),
    call('bpf_map_lookup_elem'),
    jumpIfImm('eq', 0, 0, 'missing'),
    load(8, 0, 0, 0),
    asm.withLabel(movReg(0, 0), 'missing'),
  ]
  const remove = (key: number) => [...atKey('m', key), call('bpf_map_delete_elem')]
  const hash = { maps: [map('m', BPF_MAP_TYPE_HASH)] }
  check(update(1, 42), 0n, hash)
  check([...update(1, 42), ...read(1)], 42n, hash)
  check(read(1), 0n, hash)
  check([...update(1, 42), ...update(1, 43, 1)], BigInt.asUintN(64, -17n), hash)
  check(update(1, 43, 2), BigInt.asUintN(64, -2n), hash)
  check([...update(1, 1), ...update(2, 2), ...update(3, 3)], BigInt.asUintN(64, -7n), hash)
  check([...update(1, 1), ...remove(1), ...read(1)], 0n, hash)
  check(remove(1), BigInt.asUintN(64, -2n), hash)
  const lru = { maps: [map('m', BPF_MAP_TYPE_LRU_HASH)] }
  check([...update(1, 1), ...update(2, 2), ...update(3, 3), ...read(1)], 0n, lru)
  const array = { maps: [map('m', BPF_MAP_TYPE_PERCPU_ARRAY)] }
  check([...update(1, 42), ...read(1)], 42n, array)
  check(update(2, 42), BigInt.asUintN(64, -7n), array)
  check(read(2), 0n, array)
  check(remove(1), BigInt.asUintN(64, -22n), array)
})

test('maps live on between runs, and user space sees them', () => {
  const vm = new Vm({ maps: [map('counts', BPF_MAP_TYPE_ARRAY, { maxEntries: 1, valueSize: 16 })] })
  const count = [asm.ldMapValue(1, 'counts', 8), movImm(0, 1), asm.atomic('add', 8, 1, 0, 0), exit()]
  vm.run(count)
  vm.run(count)
  assert.equal(vm.map('counts').lookup(new Uint8Array(4))!.bytes[8], 2)
})

const reserve = (size: number) => [
  ldMap(1, 'events'),
  movImm(2, size),
  movImm(3, 0),
  call('bpf_ringbuf_reserve'),
  jumpIfImm('eq', 0, 0, 'full'),
  storeImm(8, 0, 0, size),
  movReg(1, 0),
  movImm(2, 0),
]
const events = { maps: [map('events', BPF_MAP_TYPE_RINGBUF, { keySize: 0, valueSize: 0, maxEntries: 4096 })] }

test('ring buffers', () => {
  const vm = new Vm(events)
  const emit = (how: string, size: number) =>
    vm.run([...reserve(size), call(how), movImm(0, 1), asm.withLabel(exit(), 'full')]).r0
  assert.equal(emit('bpf_ringbuf_submit', 16), 1n)
  assert.equal(emit('bpf_ringbuf_discard', 16), 1n)
  assert.equal(emit('bpf_ringbuf_submit', 8), 1n)
  assert.deepEqual(
    vm.drain('events').map(record => [record.length, record[0]]),
    [
      [16, 16],
      [8, 8],
    ],
  )
  assert.equal(vm.map('events').ring!.wakeups, 1, 'only the first finds the reader caught up')
  assert.equal(emit('bpf_ringbuf_submit', 4088), 0n, 'a record never fills the whole ring')
  assert.equal(emit('bpf_ringbuf_submit', 4072), 1n)
  assert.equal(emit('bpf_ringbuf_submit', 8), 0n)
  assert.equal(vm.drain('events').length, 1)
  assert.equal(emit('bpf_ringbuf_submit', 8), 1n)
})

test('bpf_ringbuf_output and bpf_ringbuf_query', () => {
  const vm = new Vm(events)
  const output = [
    storeImm(8, 10, -8, 77),
    ldMap(1, 'events'),
    movReg(2, 10),
    asm.aluImm('add', 2, -8),
    movImm(3, 8),
    movImm(4, 0),
    call('bpf_ringbuf_output'),
    ldMap(1, 'events'),
    movImm(2, 0),
    call('bpf_ringbuf_query'),
    exit(),
  ]
  assert.equal(vm.run(output).r0, 16n)
  assert.equal(vm.drain('events')[0]![0], 77)
})

test('probe reads', () => {
  const memory = [
    { address: 0x7fff_0000n, bytes: Buffer.from('hello\0world'), space: 'user' as const },
    { address: 0xffff_8880_0000_1000n, bytes: Buffer.from('kernel\0'), space: 'kernel' as const },
  ]
  const read = (helper: string, from: bigint, size: number) => [
    storeImm(8, 10, -8, -1),
    movReg(1, 10),
    asm.aluImm('add', 1, -8),
    movImm(2, size),
    ldImm64(3, from),
    call(helper),
    load(8, 1, 10, -8),
    asm.aluImm('lsh', 1, 16),
    asm.alu32Imm('and', 0, 0xffff),
    asm.aluReg('or', 0, 1),
  ]
  const text = (value: string) => BigInt(`0x${Buffer.from(value, 'latin1').reverse().toString('hex')}`)
  const full = (value: string, r0: bigint) => BigInt.asUintN(64, (text(value) << 16n) | r0)
  check(read('bpf_probe_read_user_str', 0x7fff_0000n, 8), full('hello\0\xff\xff', 6n), { memory })
  check(read('bpf_probe_read_user_str', 0x7fff_0000n, 4), full('hel\0\xff\xff\xff\xff', 4n), { memory })
  check(read('bpf_probe_read_user', 0x7fff_0006n, 5), full('world\xff\xff\xff', 0n), { memory })
  check(read('bpf_probe_read_user', 0x7fff_0006n, 6), full('\0\0\0\0\0\0\xff\xff', 0xfff2n), { memory })
  check(read('bpf_probe_read_user_str', 0x7fff_0006n, 8), full('\0\0\0\0\0\0\0\0', 0xfff2n), { memory })
  check(read('bpf_probe_read_kernel', 0xffff_8880_0000_1000n, 6), full('kernel\xff\xff', 0n), { memory })
  check(
    read('bpf_probe_read_user', 0xffff_8880_0000_1000n, 1),
    full('\0\xff\xff\xff\xff\xff\xff\xff', 0xfff2n),
    {
      memory,
    },
  )
})

test('facts, strings and printing', () => {
  const facts = { pid: 12, tgid: 11, comm: 'a-name-longer-than-15', ktimeNs: 5n, cpu: 3 }
  check([call('bpf_get_current_pid_tgid')], (11n << 32n) | 12n, { facts })
  check([call('bpf_ktime_get_ns')], 5n, { facts })
  check([call('bpf_get_smp_processor_id')], 3n, { facts })
  const comm = [movReg(1, 10), asm.aluImm('add', 1, -16), movImm(2, 16), call('bpf_get_current_comm')]
  check([...comm, load(8, 0, 10, -8)], 0x0074_2d72_6567_6e6fn, { facts })
  const vm = new Vm({
    facts,
    memory: [{ address: 0x1000n, bytes: Buffer.from('x=%d %s %lx\0name\0'), space: 'kernel' }],
  })
  vm.run([
    movImm(1, 0x1000),
    movImm(2, 12),
    movImm(3, -1),
    movImm(4, 0x100c),
    movImm(5, -1),
    call('bpf_trace_printk'),
    exit(),
  ])
  assert.deepEqual(vm.printed, ['x=-1 name ffffffffffffffff'])
})

test('kernel functions, kernel variables and other helpers are the test’s to give', () => {
  check([asm.callKfunc('bpf_rcu_read_lock')], 3n, { kfuncs: { bpf_rcu_read_lock: () => 3 } })
  check([asm.ldKsym(0, 'jiffies')], 4n, { ksyms: { jiffies: 4n } })
  check([movImm(1, 9), call('bpf_send_signal')], 18n, { helpers: { bpf_send_signal: (_, sig) => sig * 2n } })
})

test('bad programs stop with their place', () => {
  checkFails([movReg(0, 3)], 0, /r3 is read but holds nothing/)
  checkFails([movImm(0, 0), movImm(6, 0), load(8, 0, 6, 0)], 2, /read of 8 bytes at 0x0: no memory there/)
  checkFails([store(8, 10, 0, 10)], 0, /offset 512 of stack of frame 0, which has 512 bytes/)
  checkFails([storeImm(8, 10, -520, 0)], 0, /offset -8 of stack of frame 0/)
  checkFails([storeImm(4, 10, -6, 0)], 0, /offset -6 of stack of frame 0 is not aligned/)
  checkFails([load(8, 0, 1, 4)], 0, /offset 4 of ctx, which has 8 bytes/, {
    ctx: new Uint8Array(8),
  } as VmOptions)
  checkFails([call('bpf_ktime_get_ns'), movReg(0, 1)], 1, /r1 is read but holds nothing/)
  checkFails(
    [ldImm64(0, 1), asm.withLabel(jump('here'), 'here')],
    2,
    /still running after 1000000 instructions/,
  )
  checkFails([movImm(0, 0), call('bpf_skb_vlan_pop')], 1, /there is no helper bpf_skb_vlan_pop/)
  checkFails([ldMap(1, 'm')], 0, /there is no map "m"/)
  checkFails([asm.withLabel(asm.callSubprog('again'), 'again')], 0, /more than 8 nested calls/)
  checkFails([...reserve(8), asm.withLabel(movImm(0, 0), 'full')], 10, /ended with a reserved record/, events)
  checkFails(
    [...atKey('m', 0), call('bpf_map_lookup_elem'), load(8, 0, 0, 4)],
    6,
    /offset 4 of element 0 of map m, which has 8 bytes/,
    { maps: [map('m', BPF_MAP_TYPE_ARRAY)] },
  )
  checkFails(
    [
      ...reserve(8),
      movReg(6, 1),
      call('bpf_ringbuf_submit'),
      load(8, 0, 6, 0),
      asm.withLabel(movImm(0, 0), 'full'),
    ],
    11,
    /no memory there/,
    events,
  )
})

test('loads through bad pointers give 0 where the kernel would', () => {
  check([movImm(1, 16), load(8, 0, 1, 0)], 0n, { probeMem: true })
})
