// A program with a lifetime: it lives as long as this object, a link or a pin holds it.

import {
  errno,
  NotSupportedError,
  parseVerifierStatistics,
  type VerifierStatistics,
} from '../errors/index.ts'
import { features, readFdInfo, requireFeature } from '../kernel/index.ts'
import type { ProgramSpec } from '../spec/spec.ts'
import {
  BPF_F_TEST_RUN_ON_CPU,
  BPF_F_TEST_XDP_LIVE_FRAMES,
  BPF_STATS_RUN_TIME,
  BPF_STREAM_STDERR,
  BPF_STREAM_STDOUT,
  bpfEnableStats,
  bpfGetFdById,
  bpfObjGet,
  bpfObjPin,
  bpfProgBindMap,
  bpfProgStreamRead,
  bpfProgTestRun,
  checkSyscall,
  closeFd,
  pinHint,
} from '../sys/index.ts'
import { type EncodedProgram, type LoadOptions, loadProgram } from './load.ts'
import { type LoadedCode, readLoadedCode } from './loaded-code.ts'
import { type ProgramInfo, readProgramInfo } from './program-info.ts'

export interface TestRunOptions {
  /** packet or input data, for the types that take some */
  readonly data?: Uint8Array
  /** the context: for raw tracepoints an array of u64 arguments */
  readonly ctx?: Uint8Array
  /** room for the data as the program left it; as long as `data` and 256 more unless told */
  readonly dataOutBytes?: number
  /** times to run, for a mean duration */
  readonly repeat?: number
  /** BPF_F_TEST_* */
  readonly flags?: number
  /** the processor to run on, with BPF_F_TEST_RUN_ON_CPU; the flag is set */
  readonly cpu?: number
  /** XDP: what the program does with the packets is done: they are passed on, sent, redirected. Linux 5.18 */
  readonly liveFrames?: boolean
  /** packets that are handled in one go, with `liveFrames`; 64 unless told */
  readonly batchSize?: number
}

export interface TestRun {
  /** what the program returned, as a u32 */
  readonly retval: number
  /** mean, ns */
  readonly durationNs: number
  readonly dataOut: Uint8Array
  readonly ctxOut: Uint8Array
}

/** Types whose test run gives data back. The others refuse room for it (EINVAL). */
const DATA_OUT_EXTRA_BYTES = 256

/** for one call; the kernel keeps some 100 KB of a program at most */
const STREAM_BYTES = 1 << 14

export class Program implements Disposable {
  readonly fd: number
  readonly name: string
  /** BPF_*; unknown for a program that was opened, since the kernel does not tell */
  readonly expectedAttachType: number | undefined
  #verifierLog = ''
  #closed = false

  /** Loads what a spec describes. Throws VerifierError, SyscallError, NotSupportedError, AsmError. */
  static load(spec: ProgramSpec | EncodedProgram, options: LoadOptions = {}): Program {
    let said = ''
    const onLog = (log: string) => {
      said = log
      options.onLog?.(log)
    }
    const program = new Program(loadProgram(spec, { ...options, onLog }), spec.name, spec.expectedAttachType)
    program.#verifierLog = said
    return program
  }

  /** Opens a pinned program. Throws SyscallError. */
  static openPinned(path: string): Program {
    return new Program(checkSyscall(bpfObjGet(path), 'bpf(BPF_OBJ_GET)', `open pinned program ${path}`))
  }

  /** Opens a program of the system by its id. Throws SyscallError; needs CAP_SYS_ADMIN. */
  static openById(id: number): Program {
    const action = `open program with id ${id}`
    return new Program(
      checkSyscall(bpfGetFdById('prog', id), 'bpf(BPF_PROG_GET_FD_BY_ID)', action, {
        capabilities: ['CAP_SYS_ADMIN'],
      }),
    )
  }

  /** Takes over a descriptor: closing the program closes it. */
  constructor(fd: number, name?: string, expectedAttachType?: number) {
    this.fd = fd
    this.expectedAttachType = expectedAttachType
    this.name = name ?? readProgramInfo(fd).name
  }

  /** What the verifier said when the program was loaded with a `logLevel`; else nothing. */
  get verifierLog(): string {
    return this.#verifierLog
  }

  /** What it counted: with log level 4 alone at little cost. Undefined when the program was loaded without a log. */
  get verifierStatistics(): VerifierStatistics | undefined {
    return parseVerifierStatistics(this.#verifierLog)
  }

  /**
   * Takes what the program has said so far: on `stdout` by bpf_stream_printk, and what the kernel says of it on `stderr`: faults in
   * an arena, loops that were cut off. Linux 6.17
   * @throws NotSupportedError, SyscallError
   */
  readStream(stream: 'stdout' | 'stderr'): string {
    const id = stream === 'stdout' ? BPF_STREAM_STDOUT : BPF_STREAM_STDERR
    const parts: Uint8Array[] = []
    for (;;) {
      const part = new Uint8Array(new ArrayBuffer(STREAM_BYTES))
      const count = bpfProgStreamRead(this.fd, id, part)
      if (count === -errno.EINVAL) requireFeature(features.programStreams)
      checkSyscall(count, 'bpf(BPF_PROG_STREAM_READ_BY_FD)', `read ${stream} of program "${this.name}"`)
      parts.push(part.subarray(0, count))
      if (count < STREAM_BYTES) return Buffer.concat(parts).toString('utf8')
    }
  }

  /** What the program takes of the kernel's memory, bytes: its instructions, not what they were compiled to. */
  memoryBytes(): number {
    return readFdInfo(this.fd).memlock ?? 0
  }

  /** Runs the program in the kernel on data or a context of ours. Throws SyscallError, NotSupportedError. */
  testRun(options: TestRunOptions = {}): TestRun {
    const { data, ctx, liveFrames = false } = options
    const mayChange = data !== undefined && !liveFrames
    const dataOutBytes = options.dataOutBytes ?? (mayChange ? data.length + DATA_OUT_EXTRA_BYTES : 0)
    const flags =
      (options.flags ?? 0) |
      (options.cpu === undefined ? 0 : BPF_F_TEST_RUN_ON_CPU) |
      (liveFrames ? BPF_F_TEST_XDP_LIVE_FRAMES : 0)
    const dataOut = new Uint8Array(new ArrayBuffer(dataOutBytes))
    const ctxOut = new Uint8Array(new ArrayBuffer(data === undefined ? 0 : (ctx?.length ?? 0)))
    const run = bpfProgTestRun({
      progFd: this.fd,
      ...(data === undefined ? {} : { dataIn: data }),
      ...(dataOutBytes === 0 ? {} : { dataOut }),
      ...(ctx === undefined ? {} : { ctxIn: ctx }),
      ...(ctxOut.length === 0 ? {} : { ctxOut }),
      ...(options.repeat === undefined ? {} : { repeat: options.repeat }),
      ...(flags === 0 ? {} : { flags }),
      ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
      ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
    })
    if (run.result === -errno.ENOTSUPP || run.result === -errno.EOPNOTSUPP) {
      throw new NotSupportedError(`test run of program "${this.name}"`, {
        reason: 'the kernel cannot run this program type on its own',
      })
    }
    checkSyscall(run.result, 'bpf(BPF_PROG_TEST_RUN)', `test-run program "${this.name}"`)
    return {
      retval: run.retval,
      durationNs: run.durationNs,
      dataOut: dataOut.subarray(0, run.dataSizeOut),
      ctxOut: ctxOut.subarray(0, run.ctxSizeOut),
    }
  }

  info(): ProgramInfo {
    return readProgramInfo(this.fd)
  }

  /** The instructions as the verifier left them, with source lines, and what they were compiled to. Throws what `readLoadedCode` throws. */
  code(): LoadedCode {
    return readLoadedCode(this.fd)
  }

  /** Makes the program outlive us under a path of a BPF file system. */
  pin(path: string): void {
    const result = bpfObjPin(this.fd, path)
    checkSyscall(result, 'bpf(BPF_OBJ_PIN)', `pin program "${this.name}" at ${path}`, pinHint(result))
  }

  /** Lets the program own a map its code does not mention (metadata). */
  bindMap(map: { readonly fd: number; readonly name: string }): void {
    checkSyscall(
      bpfProgBindMap(this.fd, map.fd),
      'bpf(BPF_PROG_BIND_MAP)',
      `bind map "${map.name}" to program "${this.name}"`,
    )
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Twice is harmless. What is attached through a link stays attached. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeFd(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Counts runs and time of all programs of the system until disposed. Costs some 20 ns a run. Throws SyscallError. */
export const enableStats = (): Disposable => {
  const fd = checkSyscall(bpfEnableStats(BPF_STATS_RUN_TIME), 'bpf(BPF_ENABLE_STATS)', 'count program runs', {
    capabilities: ['CAP_SYS_ADMIN'],
  })
  let open = true
  return {
    [Symbol.dispose]: () => {
      if (open) closeFd(fd)
      open = false
    },
  }
}
