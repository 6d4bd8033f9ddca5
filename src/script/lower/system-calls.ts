// Probes on many system calls as one program. Each call's tracepoint is made of raw_syscalls:sys_enter and sys_exit, which
// every call passes, with records laid out alike (struct syscall_trace_enter and trace_event_raw_sys_enter):
//
//     bytes   0       8              16
//             common  number         six arguments, or the result
//
// So one program there, which looks its call up by number, does what 360 do that are attached one by one, each with a perf
// event that takes the kernel a grace period to take down.

import { pointer, u32, u64, type Value } from '../../ir/index.ts'
import type { Node } from '../ast.ts'
import type { CheckedBody } from '../check/checked.ts'
import type { CheckFacts } from '../check/checker.ts'
import type { Place } from '../compiled.ts'
import type { SystemCallFacts } from '../facts.ts'
import type { ResolvedPlace } from '../resolve/places.ts'
import { mentions, visitChildren } from '../tree.ts'
import type { Lowering } from './lowering.ts'
import type { ScriptBuilder } from './script-builder.ts'

export interface SystemCalls {
  readonly end: 'enter' | 'exit'
  readonly places: readonly ResolvedPlace[]
  /** of each place */
  readonly numbers: readonly number[]
  /** bytes of the longest name of a probe, rounded up: what the builtin `probe` has room for */
  readonly nameBytes: number
  readonly compatFlag: SystemCallFacts['compatFlag']
}

/** From here on it is better that all other calls pay for a look-up than that so many events are made. */
const WORTH_IT = 24

type CallPlace = Extract<Place, { kind: 'tracepoint' }>

/** The places of a body that one program can serve, by the end of the call they are at; the others are in `rest`. */
export function groupSystemCalls(
  body: Pick<CheckedBody, 'probe' | 'places'>,
  facts: CheckFacts,
): { readonly groups: readonly SystemCalls[]; readonly rest: readonly ResolvedPlace[] } {
  const { probe, places } = body
  const nothing = { groups: [], rest: places }
  if (places.length < WORTH_IT || places[0]!.place.kind !== 'tracepoint') return nothing
  if (namesRecordType(probe) || namesProbeInLoop(probe) || !facts.kernel.has('get_current_task_btf'))
    return nothing
  const known = facts.kernel.systemCalls?.()
  if (known === undefined) return nothing
  const longest = Math.max(...places.map(({ place }) => place.probe.length)) + 1
  const groups: SystemCalls[] = []
  const taken = new Set<ResolvedPlace>()
  for (const end of ['enter', 'exit'] as const) {
    const numbers = new Map<ResolvedPlace, number>()
    for (const place of places) {
      const number = numberOf(place.place as CallPlace, end, known)
      if (number !== undefined) numbers.set(place, number)
    }
    if (numbers.size < WORTH_IT) continue
    groups.push({
      end,
      places: [...numbers.keys()],
      numbers: [...numbers.values()],
      nameBytes: (longest + 7) & ~7,
      compatFlag: known.compatFlag,
    })
    for (const place of numbers.keys()) taken.add(place)
  }
  return { groups, rest: places.filter(place => !taken.has(place)) }
}

function numberOf({ category, name }: CallPlace, end: string, calls: SystemCallFacts): number | undefined {
  const prefix = `sys_${end}_`
  return category === 'syscalls' && name.startsWith(prefix)
    ? calls.numberOf(name.slice(prefix.length))
    : undefined
}

/** Only `common_type` tells the records apart. */
function namesRecordType(node: Node): boolean {
  if (node.kind === 'field' && node.name === 'common_type') return true
  let found = false
  visitChildren(node, child => {
    found ||= namesRecordType(child)
  })
  return found
}

/** The body of a loop may be a function of its own, without the context by which places are told apart. */
export function namesProbeInLoop(node: Node): boolean {
  if (node.kind === 'for' && mentions(node.body, name => name === 'probe')) return true
  let found = false
  visitChildren(node, child => {
    found ||= namesProbeInLoop(child)
  })
  return found
}

/** What is attached instead of the places. */
export function sharedTracepoint({ end }: SystemCalls): Place {
  const name = `sys_${end}`
  return { kind: 'tracepoint', probe: `tracepoint:raw_syscalls:${name}`, category: 'raw_syscalls', name }
}

/**
 * Ends the program for calls that no place is for, and for those of 32-bit programs, whose numbers mean other calls and
 * which have no tracepoints of their own. Gives the name of the place: text that ends with NUL.
 */
export function enterSystemCall(l: Lowering, calls: SystemCalls): Value {
  const { b } = l
  const key = b.slot(4, 'call', 4)
  b.store(key, 0, b.convert(b.load(l.ctx!, NUMBER_OFFSET, u64), u32))
  const found = b.call('map_lookup_elem', [b.mapFd(namesByNumber(l.shared, calls)), key])
  b.if(b.isNull(found), () => b.return(0))
  const name = { id: found.id, type: pointer('mapValue') }
  b.if(b.eq(b.load(name, 0, { kind: 'int', bits: 8, signed: false }), 0), () => b.return(0))
  const { offset, mask } = calls.compatFlag
  const flags = b.load(b.offset(b.call('get_current_task_btf', []), offset), 0, u32)
  b.if(b.ne(b.and(flags, mask), 0), () => b.return(0))
  return name
}

const NUMBER_OFFSET = 8

/** An array by number of call: the probe's name, or nothing for calls that are not meant. */
function namesByNumber(shared: ScriptBuilder, { end, places, numbers, nameBytes }: SystemCalls): string {
  const texts: string[] = new Array(Math.max(...numbers) + 1).fill('')
  for (const [i, { place }] of places.entries()) texts[numbers[i]!] = place.probe
  return shared.constants(`calls_${end}_${places[0]!.spec.node.id}`, texts, nameBytes)
}
