// The running kernel's answers to what the compiler asks (facts.ts), each found when first asked for: most scripts ask
// for one tracepoint's format and nothing else.

import { callKfunc, exit, helperByName, movImm, R0, R1, R2, R3, R4, R5 } from '../../asm/index.ts'
import { type Btf, fieldPath } from '../../btf/index.ts'
import { BeetraceError, VerifierError } from '../../errors/index.ts'
import {
  type Feature,
  features,
  hasFeature,
  hasVmlinuxBtf,
  type KernelSymbols,
  moduleBtf,
  modulesWithBtf,
  onlineCpus,
  openTraceFs,
  possibleCpus,
  programTypeFeatures,
  readKernelSymbols,
  readTraceableFunctions,
  readTraceableFunctionsFile,
  type TraceableFunction,
  type TraceableFunctions,
  type TraceFs,
  type TracepointFormat,
  vmlinuxBtf,
} from '../../kernel/index.ts'
import { machineOf, tracedSyscallNumber } from '../../kernel/uapi/index.ts'
import { type LoadOptions, loadedFunctions, loadedProgramBtf, Program } from '../../program/index.ts'
import { BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP } from '../../sys/index.ts'
import type {
  HelperFeature,
  KernelFacts,
  KernelFunction,
  ProgramFunction,
  ScriptFeature,
  SystemCallFacts,
} from '../facts.ts'
import { loadOptions } from './objects.ts'

export interface KernelFactsOptions {
  /** a file of functions, instead of available_filter_functions; in its form */
  readonly functionList?: string | undefined
  /** features not to use */
  readonly without?: readonly ScriptFeature[]
  /** features that cannot be asked for, and are taken to be there */
  readonly assumed?: readonly ScriptFeature[]
}

export class MachineKernelFacts implements KernelFacts {
  #tracefs: TraceFs | undefined
  #tracepoints: readonly string[] | undefined
  #rawTracepoints: readonly string[] | undefined
  #functions: readonly KernelFunction[] | undefined
  #traceable: TraceableFunctions | undefined
  #symbols: KernelSymbols | undefined
  readonly #callable = new Map<string, boolean>()
  readonly #features = new Map<ScriptFeature, boolean>()
  readonly possibleCpus = possibleCpus().length
  readonly onlineCpus = onlineCpus()
  readonly #functionList: string | undefined

  constructor({ functionList, without = [], assumed = [] }: KernelFactsOptions = {}) {
    this.#functionList = functionList
    for (const feature of assumed) this.#features.set(feature, true)
    for (const feature of without) this.#features.set(feature, false)
  }

  btf(): Btf | undefined {
    return hasVmlinuxBtf() ? vmlinuxBtf() : undefined
  }

  moduleBtf(module: string): Btf | undefined {
    if (module === 'vmlinux') return this.btf()
    return modulesWithBtf().includes(module) ? moduleBtf(module) : undefined
  }

  /** With the formats that have been asked for, which say the numbers that attaching needs. */
  traceFs(): TraceFs {
    this.#tracefs ??= openTraceFs()
    return this.#tracefs
  }

  tracepoints(): readonly string[] {
    this.#tracepoints ??= this.traceFs().tracepoints().sort()
    return this.#tracepoints
  }

  tracepointFormat(category: string, name: string): TracepointFormat | undefined {
    try {
      return this.traceFs().format(category, name)
    } catch (error) {
      if (error instanceof BeetraceError && error.code === 'TRACEPOINT_UNKNOWN') return undefined
      throw error
    }
  }

  rawTracepoints(): readonly string[] {
    this.#rawTracepoints ??= this.#readRawTracepoints()
    return this.#rawTracepoints
  }

  functions(): readonly KernelFunction[] {
    this.#functions ??= this.#readFunctions()
      .all()
      .map(withModule)
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    return this.#functions
  }

  functionsNamed(name: string): readonly KernelFunction[] {
    return this.#readFunctions().named(name).map(withModule)
  }

  programFunctions(id?: number): readonly ProgramFunction[] {
    return loadedFunctions(id)
  }

  programBtf(id: number): Btf | undefined {
    return loadedProgramBtf(id)
  }

  iterators(): readonly string[] {
    const btf = this.btf()
    const names = [...(btf?.namesWithPrefix(ITERATOR_CONTEXT) ?? [])]
    // `bpf_iter__task__safe_trusted` is the verifier's own
    return names
      .map(name => name.slice(ITERATOR_CONTEXT.length))
      .filter(name => btf?.find(`bpf_iter_${name}`, 'func') !== undefined)
      .sort()
  }

  symbols(): KernelSymbols {
    this.#symbols ??= readKernelSymbols()
    return this.#symbols
  }

  symbolAddress(name: string): bigint | undefined {
    return this.symbols().lookup(name)[0]?.address
  }

  systemCalls(): SystemCallFacts | undefined {
    const flag = COMPAT_FLAGS[process.arch]
    const btf = this.btf()
    const task = btf?.find('task_struct', 'struct')
    if (flag === undefined || btf === undefined || task === undefined) return undefined
    const machine = machineOf(process.arch)
    return {
      numberOf: name => tracedSyscallNumber(machine, name),
      compatFlag: { offset: fieldPath(btf, task, flag.path).offsetBytes, mask: flag.mask },
    }
  }

  mayCall(kfunc: string, programType: number): boolean {
    const key = `${kfunc} ${programType}`
    let answer = this.#callable.get(key)
    if (answer === undefined) {
      answer =
        this.btf()?.find(kfunc, 'func') !== undefined && tryCall(kfunc, programType, loadOptions({}, this))
      this.#callable.set(key, answer)
    }
    return answer
  }

  has(feature: ScriptFeature): boolean {
    let answer = this.#features.get(feature)
    if (answer === undefined) {
      answer = this.#ask(feature)
      this.#features.set(feature, answer)
    }
    return answer
  }

  #ask(feature: ScriptFeature): boolean {
    switch (feature) {
      case 'attach_cookie':
        return hasFeature(features.perfEventLink)
      case 'tracing_cookie':
        return hasFeature(features.tracingCookie)
      case 'raw_tracepoint_cookie':
        return hasFeature(features.rawTracepointCookie)
      case 'kprobe':
        return hasFeature(features.kprobe)
      case 'kprobe_multi':
        return hasFeature(features.kprobeMulti)
      case 'kprobe_session':
        return hasFeature(features.kprobeSession)
      case 'uprobe_multi':
        return hasFeature(features.uprobeMulti)
      case 'fentry':
        return hasFeature(TRACING)
      case 'iter':
        return hasFeature(features.iterTask)
      default:
        return this.#hasHelper(feature)
    }
  }

  /** The kernel's own list of helpers says what it has without a program being loaded to try. */
  #hasHelper(name: HelperFeature): boolean {
    if (helperByName(name) === undefined) throw new TypeError(`no kernel has a helper "${name}"`)
    return this.btf()?.enumerator(`BPF_FUNC_${name}`) !== undefined
  }

  #readFunctions(): TraceableFunctions {
    this.#traceable ??=
      this.#functionList === undefined
        ? readTraceableFunctions()
        : readTraceableFunctionsFile(this.#functionList)
    return this.#traceable
  }

  /** Every raw tracepoint has a typedef `btf_trace_NAME` of its prototype. */
  #readRawTracepoints(): readonly string[] {
    const names = (btf: Btf | undefined) => [...(btf?.namesWithPrefix(RAW_TRACEPOINT_TYPE) ?? [])]
    const own = new Set(names(this.btf()))
    const ofModules = modulesWithBtf().flatMap(module =>
      names(moduleBtf(module))
        .filter(name => !own.has(name))
        .map(name => `${module}:${name.slice(RAW_TRACEPOINT_TYPE.length)}`),
    )
    return [...[...own].map(name => name.slice(RAW_TRACEPOINT_TYPE.length)), ...ofModules].sort()
  }
}

/** Asks the verifier, which looks at whether a function may be called before it looks at with what. */
function tryCall(kfunc: string, programType: number, options: LoadOptions): boolean {
  const tracing =
    programType === BPF_PROG_TYPE_TRACING
      ? { expectedAttachType: BPF_TRACE_RAW_TP, attachTo: ANY_TRACEPOINT }
      : {}
  const zeros = [R1, R2, R3, R4, R5].map(register => movImm(register, 0))
  const insns = [...zeros, callKfunc(kfunc), movImm(R0, 0), exit()]
  try {
    Program.load({ name: 'may_call', type: programType, license: 'GPL', insns, ...tracing }, options).close()
    return true
  } catch (error) {
    return error instanceof VerifierError && !/is not allowed|not supported|not found/.test(error.log)
  }
}

const ANY_TRACEPOINT = 'task_newtask'

function withModule({ name, module }: TraceableFunction): KernelFunction {
  return { name, module: module ?? 'vmlinux' }
}

/** TS_COMPAT of arch/x86/include/asm/thread_info.h, 1 << TIF_32BIT of arch/arm64/include/asm/thread_info.h */
const COMPAT_FLAGS: Readonly<Record<string, { readonly path: string; readonly mask: number } | undefined>> = {
  x64: { path: 'thread_info.status', mask: 2 },
  arm64: { path: 'thread_info.flags', mask: 1 << 22 },
}

const ITERATOR_CONTEXT = 'bpf_iter__'
const RAW_TRACEPOINT_TYPE = 'btf_trace_'
const TRACING: Feature = programTypeFeatures.BPF_PROG_TYPE_TRACING!
