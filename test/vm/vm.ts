// A BPF interpreter: runs programs anywhere, without a kernel, and stops them where the verifier or the hardware
// would. Slow and plain on purpose (BigInt registers); it exists to say what a program means.

import { helperById, type Insn, LD_IMM64, resolveLabels, slotCount } from '../../src/asm/index.ts'
import { AsmError } from '../../src/errors/asm-error.ts'
import type { MapSpec } from '../../src/spec/spec.ts'
import * as bpf from '../../src/sys/bpf-constants.generated.ts'
import { arithmetic, compare, swapBytes } from './alu.ts'
import { Fault, VmError } from './fault.ts'
import { type HelperMachine, helperFunctions, type MachineFacts, type VmHelper } from './helper-functions.ts'
import { createMap, type VmMap } from './maps.ts'
import { Memory, type Region, type Space } from './memory.ts'

export interface VmOptions {
  readonly maps?: readonly MapSpec[]
  /** more helpers, or others in place of the ready ones, by kernel name (`bpf_send_signal`) */
  readonly helpers?: Readonly<Record<string, VmHelper>>
  /** kernel functions by name */
  readonly kfuncs?: Readonly<Record<string, VmHelper>>
  /** addresses of kernel variables by name */
  readonly ksyms?: Readonly<Record<string, bigint>>
  /** memory that pointers in the context or elsewhere lead to; read-only */
  readonly memory?: readonly { readonly address: bigint; readonly bytes: Uint8Array; readonly space: Space }[]
  readonly facts?: Partial<MachineFacts>
  /** loads through bad pointers give 0 instead of an error, as in fentry and tp_btf programs */
  readonly probeMem?: boolean
}

export interface RunOptions {
  /** the bytes r1 points to; the program may write them */
  readonly ctx?: Uint8Array
  /** the packet that BPF_ABS and BPF_IND read */
  readonly packet?: Uint8Array
  /** instructions after which the program counts as endless; one million unless given */
  readonly budget?: number
  /** how many may_goto fall through before one jumps */
  readonly mayGotoBudget?: number
}

export interface RunResult {
  readonly r0: bigint
  /** instructions executed */
  readonly instructions: number
}

const STACK_SIZE = 512
const MAX_FRAMES = 8
/** Subprogram addresses: this plus the slot. */
const FUNCTION_BASE = 0xffffffffa0000000n

/** Runs a program once. For maps that live on between runs make a `Vm` and call its `run`. */
export function runProgram(insns: readonly Insn[], options: VmOptions & RunOptions = {}): RunResult {
  return new Vm(options).run(insns, options)
}

/** A machine with its memory and maps. */
export class Vm {
  readonly memory = new Memory()
  readonly maps: ReadonlyMap<string, VmMap>
  readonly printed: string[] = []
  readonly #options: VmOptions
  readonly #facts: MachineFacts

  /** @throws Fault for a map type that is not modelled */
  constructor(options: VmOptions = {}) {
    this.#options = options
    this.maps = new Map((options.maps ?? []).map(spec => [spec.name, createMap(spec, this.memory)]))
    for (const { address, bytes, space } of options.memory ?? []) {
      this.memory.place(`${space} memory`, address, bytes, space)
    }
    this.#facts = {
      ktimeNs: 1_000_000_000n,
      pid: 1001,
      tgid: 1000,
      uid: 0,
      gid: 0,
      comm: 'vm',
      cpu: 0,
      cgroupId: 1n,
      task: 0n,
      attachCookie: 0n,
      ...options.facts,
    }
  }

  /** The map of that name. @throws Fault if the machine has none */
  map(name: string): VmMap {
    const map = this.maps.get(name)
    if (map === undefined) throw new Fault(`there is no map "${name}"`)
    return map
  }

  /** Records submitted to a ring buffer since the last call. */
  drain(name: string): Uint8Array[] {
    return this.map(name).ring!.drain()
  }

  /**
   * Runs a program from its first instruction; labels and map names are resolved here.
   * @throws VmError where the program does what no kernel would let it do
   */
  run(insns: readonly Insn[], options: RunOptions = {}): RunResult {
    const run = new Run(this, this.#options, this.#facts, insns, options)
    return run.start()
  }
}

interface Frame {
  readonly stack: Region
  /** where to go on in the caller, and its r6-r9; undefined for the program itself and for callbacks */
  readonly caller: { readonly pc: number; readonly saved: readonly (bigint | undefined)[] } | undefined
}

/** One execution. Registers that hold nothing yet (or no longer, after a call) are undefined, and reading one is an error. */
class Run implements HelperMachine {
  readonly memory: Memory
  readonly facts: MachineFacts
  readonly printed: string[]
  readonly #vm: Vm
  readonly #options: VmOptions
  readonly #packet: Uint8Array | undefined
  readonly #budget: number
  /** the instruction in each slot; undefined in the second slot of a 64-bit load */
  readonly #slots: (Insn | undefined)[] = []
  readonly #frames: Frame[] = []
  readonly #ctx: Uint8Array | undefined
  #regs: (bigint | undefined)[] = new Array(11).fill(undefined)
  #pc = 0
  #executed = 0
  #mayGotoLeft: number

  constructor(vm: Vm, options: VmOptions, facts: MachineFacts, insns: readonly Insn[], run: RunOptions) {
    this.#vm = vm
    this.#options = options
    this.memory = vm.memory
    this.facts = facts
    this.printed = vm.printed
    this.#packet = run.packet
    this.#ctx = run.ctx
    this.#budget = run.budget ?? 1_000_000
    this.#mayGotoLeft = run.mayGotoBudget ?? 1 << 23
    for (const insn of resolveLabels(insns, { longJumps: true })) {
      this.#slots.push(insn)
      if (slotCount(insn) === 2) this.#slots.push(undefined)
    }
  }

  get maps(): Iterable<VmMap> {
    return this.#vm.maps.values()
  }

  start(): RunResult {
    const ctx = this.#ctx === undefined ? undefined : this.memory.add('ctx', this.#ctx)
    try {
      this.#pushFrame(undefined)
      this.#regs[1] = ctx?.base ?? 0n
      const r0 = this.#interpret()
      for (const map of this.maps) {
        if (map.ring?.reserved)
          throw new Fault(`the program ended with a reserved record of ring "${map.spec.name}"`)
      }
      return { r0, instructions: this.#executed }
    } catch (error) {
      if (!(error instanceof Fault || error instanceof AsmError)) throw error
      throw new VmError(this.#pc, error.message, { cause: error })
    } finally {
      if (ctx !== undefined) this.memory.remove(ctx)
      for (const { stack } of this.#frames) this.memory.remove(stack)
    }
  }

  mapAt(address: bigint): VmMap {
    for (const map of this.maps) if (map.address === address) return map
    throw new Fault(`0x${address.toString(16)} is no map`)
  }

  callFunction(address: bigint, args: readonly bigint[]): bigint {
    const [pc, regs] = [this.#pc, this.#regs]
    this.#regs = new Array(11).fill(undefined)
    this.#pushFrame(undefined)
    for (let i = 0; i < args.length; i++) this.#regs[i + 1] = args[i]!
    this.#pc = this.#functionAt(address)
    const r0 = this.#interpret()
    this.#pc = pc
    this.#regs = regs
    return r0
  }

  /** Runs until the frame that is on top now returns. */
  #interpret(): bigint {
    const depth = this.#frames.length
    for (;;) {
      const insn = this.#slots[this.#pc]
      if (insn === undefined) throw new Fault('there is no instruction here')
      if (++this.#executed > this.#budget) throw new Fault(`still running after ${this.#budget} instructions`)
      if (insn.code === (bpf.BPF_JMP | bpf.BPF_EXIT) || !this.#step(insn)) {
        const r0 = this.#get(0)
        const frame = this.#frames.pop()!
        this.memory.remove(frame.stack)
        if (this.#frames.length < depth) return r0
        this.#returnTo(frame)
      }
    }
  }

  /** Executes one instruction and moves on; false if the whole frame ends here. */
  #step(insn: Insn): boolean {
    let next = this.#pc + slotCount(insn)
    switch (insn.code & 7) {
      case bpf.BPF_ALU:
        this.#set(insn.dst, this.#alu(insn, 32))
        break
      case bpf.BPF_ALU64:
        this.#set(insn.dst, this.#alu(insn, 64))
        break
      case bpf.BPF_LD:
        if (insn.code === LD_IMM64) this.#set(insn.dst, this.#wideImmediate(insn))
        else if (!this.#loadPacket(insn)) {
          this.#regs[0] = 0n
          return false
        }
        break
      case bpf.BPF_LDX:
        this.#set(insn.dst, this.#load(insn))
        break
      case bpf.BPF_ST:
        this.memory.write(this.#get(insn.dst) + BigInt(insn.off), sizeOf(insn), BigInt(insn.imm))
        break
      case bpf.BPF_STX:
        if ((insn.code & 0xe0) === bpf.BPF_ATOMIC) this.#atomic(insn)
        else this.memory.write(this.#get(insn.dst) + BigInt(insn.off), sizeOf(insn), this.#get(insn.src))
        break
      default:
        next = this.#jump(insn, next)
    }
    this.#pc = next
    return true
  }

  #alu(insn: Insn, bits: 32 | 64): bigint {
    const op = insn.code & 0xf0
    const dst = () => BigInt.asUintN(bits, this.#get(insn.dst))
    if (op === bpf.BPF_NEG) return BigInt.asUintN(bits, -dst())
    if (op === bpf.BPF_END) {
      const value = BigInt.asUintN(insn.imm, this.#get(insn.dst))
      return bits === 64 || insn.code & bpf.BPF_TO_BE ? swapBytes(value, insn.imm) : value
    }
    const fromReg = (insn.code & bpf.BPF_X) !== 0
    const src = BigInt.asUintN(bits, fromReg ? this.#get(insn.src) : BigInt(insn.imm))
    if (op !== bpf.BPF_MOV) return arithmetic(op, dst(), src, bits, insn.off === 1)
    const castsAddress = insn.off === bpf.BPF_ADDR_SPACE_CAST
    return fromReg && insn.off !== 0 && !castsAddress
      ? BigInt.asUintN(bits, BigInt.asIntN(insn.off, src))
      : src
  }

  #wideImmediate(insn: Insn): bigint {
    const { ref } = insn
    const value = insn.imm64 ?? 0n
    if (ref === undefined) {
      if (insn.src === 0) return value
      if (insn.src === bpf.BPF_PSEUDO_FUNC) {
        return FUNCTION_BASE + BigInt(this.#pc + 1) + BigInt.asIntN(32, value)
      }
      throw new Fault('a 64-bit load of a descriptor or BTF id means nothing here: load by name')
    }
    switch (ref.kind) {
      case 'map':
        return this.#vm.map(ref.name).address
      case 'mapValue': {
        const map = this.#vm.map(ref.name)
        if (map.spec.type !== bpf.BPF_MAP_TYPE_ARRAY)
          throw new Fault(`map "${ref.name}" has no direct values`)
        if (ref.offset < 0 || ref.offset >= map.spec.valueSize) {
          throw new Fault(`offset ${ref.offset} is outside of the value of map "${ref.name}"`)
        }
        return map.lookup(new Uint8Array(4))!.base + BigInt(ref.offset)
      }
      case 'ksym': {
        const address = this.#options.ksyms?.[ref.name]
        if (address === undefined) throw new Fault(`there is no kernel variable "${ref.name}"`)
        return address
      }
      default:
        throw new Fault(`can't load ${ref.kind} "${ref.name}"`)
    }
  }

  #load(insn: Insn): bigint {
    const size = sizeOf(insn)
    const address = BigInt.asUintN(64, this.#get(insn.src) + BigInt(insn.off))
    const mode = insn.code & 0xe0
    if (mode !== bpf.BPF_MEM && mode !== bpf.BPF_MEMSX)
      throw new Fault(`unknown load 0x${insn.code.toString(16)}`)
    if (this.#options.probeMem && this.memory.find(address) === undefined) return 0n
    const value = this.memory.read(address, size)
    return mode === bpf.BPF_MEMSX ? BigInt.asUintN(64, BigInt.asIntN(size * 8, value)) : value
  }

  /** Packet loads are in network order, keep only r6-r9, and end the program with 0 when they leave the packet. */
  #loadPacket(insn: Insn): boolean {
    const mode = insn.code & 0xe0
    if (this.#packet === undefined || (mode !== bpf.BPF_ABS && mode !== bpf.BPF_IND)) {
      throw new Fault(`unknown load 0x${insn.code.toString(16)}`)
    }
    const index = mode === bpf.BPF_IND ? Number(BigInt.asIntN(32, this.#get(insn.src))) : 0
    const at = index + insn.imm
    const size = sizeOf(insn)
    if (at < 0 || at + size > this.#packet.length) return false
    this.#forgetScratch()
    this.#regs[0] = this.#packet
      .subarray(at, at + size)
      .reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
    return true
  }

  #atomic(insn: Insn): void {
    const size = sizeOf(insn)
    const bits = size * 8
    if (insn.imm === bpf.BPF_LOAD_ACQ) {
      this.#set(insn.dst, this.memory.read(this.#aligned(insn.src, insn.off, size), size))
      return
    }
    const address = this.#aligned(insn.dst, insn.off, size)
    const operand = BigInt.asUintN(bits, this.#get(insn.src))
    if (insn.imm === bpf.BPF_STORE_REL) {
      this.memory.write(address, size, operand)
      return
    }
    if (size < 4) throw new Fault('atomic operations have 4 or 8 bytes')
    const old = this.memory.read(address, size)
    switch (insn.imm) {
      case bpf.BPF_XCHG:
        this.memory.write(address, size, operand)
        this.#set(insn.src, old)
        return
      case bpf.BPF_CMPXCHG:
        if (old === BigInt.asUintN(bits, this.#get(0))) this.memory.write(address, size, operand)
        this.#set(0, old)
        return
    }
    const op = insn.imm & ~bpf.BPF_FETCH
    if (op !== bpf.BPF_ADD && op !== bpf.BPF_OR && op !== bpf.BPF_AND && op !== bpf.BPF_XOR) {
      throw new Fault(`unknown atomic operation 0x${insn.imm.toString(16)}`)
    }
    this.memory.write(address, size, arithmetic(op, old, operand, 64, false))
    if (insn.imm & bpf.BPF_FETCH) this.#set(insn.src, old)
  }

  #aligned(reg: number, off: number, size: number): bigint {
    const address = this.#get(reg) + BigInt(off)
    if (address % BigInt(size) !== 0n)
      throw new Fault(`atomic access at 0x${address.toString(16)} is not aligned`)
    return address
  }

  /** Jumps and calls; returns the next slot. */
  #jump(insn: Insn, next: number): number {
    const op = insn.code & 0xf0
    const bits = (insn.code & 7) === bpf.BPF_JMP32 ? 32 : 64
    switch (op) {
      case bpf.BPF_JA:
        return next + (bits === 32 ? insn.imm : insn.off)
      case bpf.BPF_JCOND:
        return this.#mayGotoLeft-- > 0 ? next : next + insn.off
      case bpf.BPF_CALL:
        return this.#call(insn, next)
    }
    const a = BigInt.asUintN(bits, this.#get(insn.dst))
    const b = BigInt.asUintN(bits, insn.code & bpf.BPF_X ? this.#get(insn.src) : BigInt(insn.imm))
    return compare(op, a, b, bits) ? next + insn.off : next
  }

  #call(insn: Insn, next: number): number {
    if (insn.src === bpf.BPF_PSEUDO_CALL) {
      const args = this.#regs.slice(1, 6)
      const saved = this.#regs.slice(6, 10)
      this.#regs = new Array(11).fill(undefined)
      this.#pushFrame({ pc: next, saved })
      for (const [i, arg] of args.entries()) this.#regs[i + 1] = arg
      return next + insn.imm
    }
    const result = this.#callee(insn)(this, ...this.#arguments())
    this.#forgetScratch()
    this.#set(0, BigInt.asUintN(64, BigInt(result)))
    return next
  }

  #callee(insn: Insn): VmHelper {
    if (insn.src === bpf.BPF_PSEUDO_KFUNC_CALL) {
      const name = insn.ref?.name ?? `with BTF id ${insn.imm}`
      const kfunc = this.#options.kfuncs?.[name]
      if (kfunc === undefined) throw new Fault(`there is no kernel function ${name}`)
      return kfunc
    }
    const name = helperById(insn.imm)?.name ?? `#${insn.imm}`
    const helper = this.#options.helpers?.[name] ?? helperFunctions[name]
    if (helper === undefined) throw new Fault(`there is no helper ${name}`)
    const wanted = helperById(insn.imm)?.args.filter(({ kind }) => kind !== 'variadic').length ?? 0
    for (let reg = 1; reg <= wanted; reg++) this.#get(reg)
    return helper
  }

  /** r1-r5; what a helper does not take may hold nothing, and counts as 0. */
  #arguments(): [bigint, bigint, bigint, bigint, bigint] {
    const at = (reg: number) => this.#regs[reg] ?? 0n
    return [at(1), at(2), at(3), at(4), at(5)]
  }

  #forgetScratch(): void {
    this.#regs.fill(undefined, 0, 6)
  }

  #pushFrame(caller: Frame['caller']): void {
    if (this.#frames.length === MAX_FRAMES) throw new Fault(`more than ${MAX_FRAMES} nested calls`)
    const name = `stack of frame ${this.#frames.length}`
    // Never zero: a program must not count on what it has not written.
    const stack = this.memory.add(name, new Uint8Array(STACK_SIZE).fill(0xcc), { aligned: true })
    this.#frames.push({ stack, caller })
    this.#regs[10] = stack.base + BigInt(STACK_SIZE)
  }

  #returnTo({ caller }: Frame): void {
    this.#pc = caller!.pc
    this.#regs.fill(undefined, 1, 6)
    for (const [i, value] of caller!.saved.entries()) this.#regs[i + 6] = value
    this.#regs[10] = this.#frames.at(-1)!.stack.base + BigInt(STACK_SIZE)
  }

  #functionAt(address: bigint): number {
    const slot = Number(address - FUNCTION_BASE)
    if (slot < 0 || slot >= this.#slots.length) throw new Fault(`0x${address.toString(16)} is no function`)
    return slot
  }

  #get(reg: number): bigint {
    const value = this.#regs[reg]
    if (value === undefined) throw new Fault(`r${reg} is read but holds nothing`)
    return value
  }

  #set(reg: number, value: bigint): void {
    if (reg >= 10) throw new Fault('r10 is read only')
    this.#regs[reg] = value
  }
}

function sizeOf(insn: Insn): 1 | 2 | 4 | 8 {
  switch (insn.code & 0x18) {
    case bpf.BPF_B:
      return 1
    case bpf.BPF_H:
      return 2
    case bpf.BPF_W:
      return 4
    default:
      return 8
  }
}
