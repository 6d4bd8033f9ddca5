// What the kernel half must fetch for a call: derived from the same entry that says how its arguments are shown.
import { CAPTURE_FD, type Capture } from '../record.ts'
import type { Machine } from '../tables/index.ts'
import { specOf } from './calls/index.ts'
import { Families } from './families.ts'

/**
 * The fetches of a call: entry ones, exit ones, and behind them what only -y asks for. `abi` is an ABI_* of record.ts; an unknown number has none.
 * A pointer that is NULL or cannot be read costs nothing but the attempt: the printer then shows the address.
 */
export function capturesOf(machine: Machine, abi: number, nr: number): readonly Capture[] {
  const { spec } = specOf(machine, abi, nr)
  const compile = { families: new Families(machine), compat: abi === 1 }
  const all = spec.args.flatMap((argument, arg) => argument.captures?.(arg, compile) ?? [])
  if (spec.result === 'fd')
    all.push({ op: CAPTURE_FD, arg: 0, when: 'exit', length: { kind: 'result' }, limit: 0 })
  const place = ({ op, when }: Capture) => (op === CAPTURE_FD ? 2 : when === 'entry' ? 0 : 1)
  return all.sort((a, b) => place(a) - place(b))
}
