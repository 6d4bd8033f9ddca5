// The pipeline: a program to instructions. `compileFunction` lists every pass in order.

import type { Insn } from '../asm/insn.ts'
import { IrError } from '../errors/ir-error.ts'
import type { ProgramSpec } from '../spec/spec.ts'
import type { Func } from './func.ts'
import { globalFunction } from './global.ts'
import { allocate } from './machine/allocate.ts'
import { emit } from './machine/emit.ts'
import { checkFrame } from './machine/frame.ts'
import type { MachineFunc } from './machine/machine.ts'
import { printMachine } from './machine/print.ts'
import { type Cpu, select } from './machine/select.ts'
import { twins } from './machine/twins.ts'
import { cse } from './passes/cse.ts'
import { dead } from './passes/dead.ts'
import { flow } from './passes/flow.ts'
import { fold } from './passes/fold.ts'
import { legalize } from './passes/legalize.ts'
import { narrow } from './passes/narrow.ts'
import { order } from './passes/order.ts'
import { params } from './passes/params.ts'
import { printFunction } from './print.ts'
import type { Program } from './program.ts'
import { checkCallChains } from './stack.ts'

export interface CompileOptions {
  /**
   * The instruction set: `v3` is what every kernel since 5.1 runs, `v4` (6.6) has signed division, sign-extending
   * moves and loads. v3 unless told.
   */
  readonly cpu?: Cpu
  /** false: straightforward code, to compare with. True unless told. */
  readonly optimize?: boolean
  /** byte order of the machine the program is for; little endian unless told */
  readonly bigEndian?: boolean
  /** gets the text of every function after every stage */
  readonly dump?: (stage: string, text: string) => void
}

export interface CompiledFunction {
  readonly name: string
  readonly insnCount: number
  readonly stackBytes: number
}

export interface Compiled {
  /**
   * Main first, then the subprograms that can be reached from it; each function starts at the label of its name.
   * Labels and references are unresolved.
   */
  readonly insns: readonly Insn[]
  readonly functions: readonly CompiledFunction[]
}

/** @throws IrError IR_MISUSE, IR_STACK, IR_TOO_LARGE */
export function compile(p: Program, options: CompileOptions = {}): Compiled {
  const built = new Set(p.functions.map(f => f.name))
  if (!built.has(p.name)) throw new IrError('IR_MISUSE', `program "${p.name}" has no main function`)
  for (const name of p.signatures.keys()) {
    if (!built.has(name)) throw new IrError('IR_MISUSE', `subprogram "${name}" is declared but not built`)
  }
  const compiled = p.functions.map(func => compileFunction(func, options))
  checkCallChains(p.name, compiled)
  // The verifier refuses code that nothing can reach.
  const called = new Set([p.name])
  for (const name of called)
    for (const callee of compiled.find(f => f.name === name)!.calls) called.add(callee)
  const functions = compiled.filter(({ name }) => called.has(name))
  return { insns: functions.flatMap(({ insns }) => insns), functions }
}

/** Compiles a program and wraps it up for the loader. */
export function compileSpec(p: Program, options: CompileOptions = {}): ProgramSpec {
  const { insns, functions } = compile(p, options)
  const globals = functions.flatMap(({ name }) => {
    const signature = p.signatures.get(name)
    return signature?.linkage === 'global' ? [globalFunction(name, signature, p.progType)] : []
  })
  return {
    name: p.name,
    type: p.progType,
    insns,
    license: p.license,
    ...(globals.length === 0 ? {} : { globals }),
  }
}

export function compileFunction(
  input: Func,
  { cpu = 'v3', bigEndian = false, optimize = true, dump }: CompileOptions,
): CompiledFunction & { readonly insns: readonly Insn[]; readonly calls: readonly string[] } {
  const show = (stage: string, func: Func): Func => {
    dump?.(stage, printFunction(func))
    return func
  }
  const showMachine = (stage: string, func: MachineFunc): MachineFunc => {
    dump?.(stage, printMachine(func))
    return func
  }
  let func = show('build', input)
  func = show('order', order(func))
  if (optimize) func = optimized(func, show)
  const legal = show('legalize', legalize(func, cpu))
  // What was made for the target is new to the optimiser.
  func = optimize && legal !== func ? show('legal fold', dead(cse(fold(legal, false)))) : legal

  let machine = showMachine('select', select(func, cpu))
  machine = showMachine('allocate', allocate(machine))
  if (optimize) machine = showMachine('twins', twins(machine))
  const stackBytes = checkFrame(func, machine.slotBytes, machine.spillSlots)
  const insns = emit(machine, { cpu, bigEndian })
  return { name: func.name, insns, insnCount: insns.length, stackBytes, calls: callsOf(func) }
}

/** The cheap passes, again where branches went away, which brings new constants; then the one that ends the canonical form. */
function optimized(input: Func, show: (stage: string, func: Func) => Func): Func {
  let func = input
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    func = show(`params ${round}`, params(func))
    func = show(`fold ${round}`, fold(func, true))
    func = show(`cse ${round}`, cse(func))
    func = show(`dead ${round}`, dead(func))
    const before = branchCount(func)
    func = show(`flow ${round}`, flow(func))
    if (branchCount(func) === before) break
  }
  return show('dead', dead(show('narrow', narrow(func))))
}

const MAX_ROUNDS = 3

function branchCount({ blocks }: Func): number {
  let count = 0
  for (const { end } of blocks) if (end.kind === 'branch') count++
  return count
}

/** The subprograms a function calls or hands out as callbacks. */
function callsOf(func: Func): string[] {
  const calls = new Set<string>()
  for (const { ops } of func.blocks) {
    for (const op of ops) {
      if (op.kind === 'call' && op.target.kind === 'subprog') calls.add(op.target.name)
      if (op.kind === 'address' && op.ref.kind === 'funcAddress') calls.add(op.ref.name)
    }
  }
  return [...calls]
}
