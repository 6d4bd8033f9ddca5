// `for` loops: over maps by bpf_for_each_map_elem (Linux 5.13), over ranges by bpf_loop (5.17). Their bodies are
// functions of their own, which share variables with what is around them through scratch memory. Short ranges of
// constants are plain loops.

import { type IntType, pointer, type Type, u8, u64, type Value } from '../../ir/index.ts'
import type { For } from '../ast.ts'
import type { IntegerType } from '../type.ts'
import { registerType } from './datum.ts'
import { lowerInteger } from './expression.ts'
import { Lowering } from './lowering.ts'
import { lowerBlock } from './statement.ts'
import { assignVariable } from './variables.ts'

/** Rounds of a range that the verifier may walk one by one. */
const INLINE_ROUNDS = 32
/** Rounds of one bpf_loop: kernel/bpf/bpf_iter.c, BPF_MAX_LOOPS. */
const MAX_ROUNDS = 1 << 23

export function lowerFor(l: Lowering, node: For): void {
  if (node.iterable.kind === 'map') overMap(l, node)
  else overRange(l, node)
}

function overMap(l: Lowering, node: For): void {
  const { b } = l
  const map = l.shared.map((node.iterable as Extract<For['iterable'], { kind: 'map' }>).name)
  const variable = l.variableOf(node.variable)
  const name = l.callbackName()
  const kernelMap = map.store.map
  buildCallback(l, name, [pointer('map'), pointer('memory'), pointer('mapValue'), u64], (inner, params) => {
    inner.loopMap = kernelMap
    const [, key, value] = params as [Value, Value, Value]
    inner.storage.set(variable.id, { kind: 'element', key, value })
    lowerBlock(inner, node.body)
  })
  forgetStop(l)
  b.call('for_each_map_elem', [b.mapFd(kernelMap), b.functionAddress(name), 0, 0])
  leaveIfStopped(l)
}

function overRange(l: Lowering, node: For): void {
  const { b } = l
  const range = node.iterable as Extract<For['iterable'], { kind: 'range' }>
  const variable = l.variableOf(node.variable)
  const type = (variable.type ?? { kind: 'integer', bits: 64, signed: true }) as IntegerType
  const register = registerType(type) as IntType
  const from = l.constantOf(range.start)
  const to = l.constantOf(range.end)
  if (typeof from === 'bigint' && typeof to === 'bigint' && to - from <= BigInt(INLINE_ROUNDS)) {
    const outer = l.loop
    b.forRange(
      Number(from),
      Number(to),
      (i, loop) =>
        l.scoped(() => {
          l.loop = loop
          assignVariable(l, variable, { kind: 'scalar', type, value: b.convert(i, register) })
          lowerBlock(l, node.body)
        }),
      { type: { kind: 'int', bits: 64, signed: true } },
    )
    l.loop = outer
    return
  }
  const start = l.b.variable(register, lowerInteger(l, range.start, type)).get()
  const end = lowerInteger(l, range.end, type)
  const offset = l.reserveScratch(8)
  b.store(l.scratch(), offset, b.convert(start, u64), u64)
  const name = l.callbackName()
  buildCallback(l, name, [u64, u64], (inner, params) => {
    const first = inner.b.load(inner.scratch(), offset, u64)
    const value = inner.b.convert(inner.b.add(first, params[0]!), register)
    assignVariable(inner, variable, { kind: 'scalar', type, value })
    lowerBlock(inner, node.body)
  })
  const rounds = b.convert(b.sub(b.convert(end, u64), b.convert(start, u64)), u64)
  const some = b.gt(end, start)
  const bounded = b.select(b.gt(rounds, MAX_ROUNDS), b.const(u64, MAX_ROUNDS), rounds)
  forgetStop(l)
  b.call('loop', [b.select(some, bounded, b.const(u64, 0)), b.functionAddress(name), 0, 0])
  leaveIfStopped(l)
}

/** A function that is called once a round: it gives 0 to go on and 1 to stop. */
function buildCallback(
  l: Lowering,
  name: string,
  params: readonly Type[],
  body: (inner: Lowering, params: readonly Value[]) => void,
): void {
  const { state } = l
  state.program.subprogram(name, params, (b, ...values) => {
    const inner: Lowering = new Lowering(b, state, undefined, () => {
      state.stopOffset ??= inner.reserveScratch(8)
      b.store(inner.scratch(), state.stopOffset, 1, u8)
      b.return(1)
    })
    inner.loop = { break: () => b.return(1), continue: () => b.return(0) }
    body(inner, values)
    b.return(0)
  })
}

function forgetStop(l: Lowering): void {
  const { stopOffset } = l.state
  if (stopOffset !== undefined) l.b.store(l.scratch(), stopOffset, 0, u8)
}

/** After a loop whose body may have ended the whole program. */
function leaveIfStopped(l: Lowering): void {
  const { stopOffset } = l.state
  if (stopOffset === undefined) return
  const { b } = l
  b.if(b.ne(b.load(l.scratch(), stopOffset, u8), 0), () => l.leave(0))
}
