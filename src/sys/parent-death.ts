// PR_SET_PDEATHSIG for a process that is not us: the request can only be made by the process itself, so it is made to
// make it. A stopped process that we trace has just come out of a system call; put back on that instruction, with
// prctl's number and arguments in its registers, it makes one more call and is then as it was.

import { allocate, LITTLE_ENDIAN, setU64 } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'

const PTRACE_SINGLESTEP = 9
const PTRACE_GETREGSET = 0x4204
const PTRACE_SETREGSET = 0x4205
const NT_PRSTATUS = 1
const PR_SET_PDEATHSIG = 1
/** wait for children of any kind, stopped ones included when we trace them */
const WALL = 0x40000000
const SIGTRAP = 5
const WSTOPPED = 0x7f

/** Where the registers of a system call are in the machine's NT_PRSTATUS, as byte offsets (asm/ptrace.h). */
interface CallRegisters {
  readonly sizeBytes: number
  readonly number: number
  readonly arguments: readonly [number, number]
  readonly result: number
  readonly pc: number
  /** of the instruction that makes a system call */
  readonly instructionBytes: number
  readonly prctl: number
  /** -1 here: this is not a call to be restarted */
  readonly original?: number
}

const MACHINES: Readonly<Record<string, CallRegisters | undefined>> = {
  x64: {
    sizeBytes: 216,
    number: 80,
    arguments: [112, 104],
    result: 80,
    pc: 128,
    instructionBytes: 2,
    prctl: 157,
    original: 120,
  },
  arm64: {
    sizeBytes: 272,
    number: 64,
    arguments: [0, 8],
    result: 0,
    pc: 256,
    instructionBytes: 4,
    prctl: 167,
  },
}

/**
 * Has a process that stopped itself, and that `bindProcess` holds, sent `signal` when the thread that started it ends.
 * False where that cannot be done; the process is then as before. prctl(2), ptrace(2).
 */
export const setParentDeathSignal = (pid: number, signal: number): boolean => {
  const registers = MACHINES[process.arch]
  if (registers === undefined || !hasStopped(pid)) return false
  const before = allocate(registers.sizeBytes)
  if (!moveRegisters(PTRACE_GETREGSET, pid, before)) return false
  const call = allocate(registers.sizeBytes)
  call.bytes.set(before.bytes)
  const pc = before.data.getBigUint64(registers.pc, LITTLE_ENDIAN)
  call.data.setBigUint64(registers.pc, pc - BigInt(registers.instructionBytes), LITTLE_ENDIAN)
  if (registers.original !== undefined) call.data.setBigInt64(registers.original, -1n, LITTLE_ENDIAN)
  setU64(call.data, registers.number, registers.prctl)
  setU64(call.data, registers.arguments[0], PR_SET_PDEATHSIG)
  setU64(call.data, registers.arguments[1], signal)
  if (!moveRegisters(PTRACE_SETREGSET, pid, call)) return false
  const stepped = linux().ptrace(PTRACE_SINGLESTEP, pid, 0, 0) === 0 && hasStopped(pid, SIGTRAP)
  moveRegisters(PTRACE_GETREGSET, pid, call)
  const result = call.data.getBigInt64(registers.result, LITTLE_ENDIAN)
  moveRegisters(PTRACE_SETREGSET, pid, before)
  return stepped && result === 0n
}

/** Waits until a process that we trace has stopped, by the signal when one is given. */
const hasStopped = (pid: number, signal?: number): boolean => {
  const status = allocate(4)
  const waited = linux().wait4(pid, status.address, WALL, 0)
  keepAlive(status)
  const word = status.data.getInt32(0, LITTLE_ENDIAN)
  return (
    waited === pid && (word & 0xff) === WSTOPPED && (signal === undefined || ((word >> 8) & 0xff) === signal)
  )
}

const moveRegisters = (request: number, pid: number, registers: ReturnType<typeof allocate>): boolean => {
  // struct iovec
  const vector = allocate(16)
  setU64(vector.data, 0, registers.address)
  setU64(vector.data, 8, registers.bytes.length)
  const result = linux().ptrace(request, pid, NT_PRSTATUS, vector.address)
  keepAlive(vector)
  keepAlive(registers)
  return result === 0
}
