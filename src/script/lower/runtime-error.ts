// What the author of a script is told while it runs: a helper that failed, an index that is out of bounds, a division by
// zero. Nothing of it costs an event that goes well more than one comparison.

import { s32, type Value } from '../../ir/index.ts'
import { int32 } from '../type.ts'
import type { Lowering } from './lowering.ts'
import { emitRecord } from './records.ts'

/** The helper gave a negative errno: told where runs tell such things. */
export function tellFailure(l: Lowering, helper: string, result: Value): void {
  if (l.facts.run.tells === 'nothing') return
  const { b } = l
  const code = b.convert(result, s32)
  l.if(b.lt(code, 0), () => tell(l, helper, code))
}

/** As `tellFailure`, for helpers whose failure the script can see by a zero: only told with `-k`. */
export function tellQuietFailure(l: Lowering, helper: string, result: Value): void {
  if (l.facts.run.tells === 'everything') tellFailure(l, helper, result)
}

/** Tells, with `-k`, that a look-up found nothing. */
export function tellMissing(l: Lowering): void {
  if (l.facts.run.tells === 'everything') tell(l, 'map_lookup_elem', l.b.const(s32, 0))
}

/** Tells of a mistake of the script itself. */
export function tellMistake(l: Lowering, text: string): void {
  if (l.facts.run.tells === 'nothing') return
  const action = l.shared.action({ kind: 'mistake', span: l.span, text, args: [] })
  emitRecord(l, action, [], [])
}

function tell(l: Lowering, helper: string, code: Value): void {
  const action = l.shared.action({ kind: 'helper-error', span: l.span, helper, args: [int32] })
  emitRecord(l, action, [int32], [{ kind: 'scalar', type: int32, value: code }])
}
