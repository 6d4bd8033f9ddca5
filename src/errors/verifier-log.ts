// What matters in a verifier log. The kernel prints every instruction it walked and every register it knew; the
// reason stands in the last line or two, the instruction it speaks of just before, its source line somewhat above.

/** A line of source as the log names it, when the program was loaded with line info. */
export interface VerifierSource {
  readonly text: string
  /** absent before Linux 6.9 */
  readonly file?: string
  readonly line?: number
}

export interface VerifierSummary {
  /** the verifier's own words: one line, or two when the second explains the first */
  readonly reasons: readonly string[]
  /** the instruction, as the log prints it, without register states: `8: (7b) *(u64 *)(r0 +0) = r1` */
  readonly insn?: string
  readonly source?: VerifierSource
  /** what the verifier would have one do. Linux 7.3 */
  readonly suggestion?: string
  /** lines of the log that are in none of these */
  readonly omittedCount: number
}

/** At the end of every log: statistics of the run, never the reason; after `infinite loop detected` the two states. */
const STATISTICS =
  /^((cur|old) state:|processed \d+ insns|verification time|stack depth|max_states|peak_states)/

const INSN = /^(\d+: \([0-9a-f]{2}\) .*)/

/**
 * Lines that tell where the walk was: instructions, register states (`R1=ctx()`, since 5.x also `R1_w=`, before the
 * walk goes on `from 3 to 5:`, frames of callers), source lines, backtracking.
 */
const WALK = [
  INSN,
  /^; /,
  /^\s/,
  /^\d+: /,
  /^(from \d+ to \d+|caller:|callee:|func#\d+|Func#\d+|Validating |Live regs|returning from callee)/,
  /^R\d+(_[a-z]+)?=/,
  /^frame\d+:/,
  /^(mark_precise|last_idx|regs=|parent (didn't have|already had)|last_.*first_|propagating )/,
  // of BTF, before the walk: arguments it could not size
  /^arg#\d+ /,
]

/** Picks the lines of a verifier log that say why. An empty log gives no reasons. */
export const summarizeVerifierLog = (log: string): VerifierSummary => {
  const lines = log
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '')
  const isWalk = (line: string) => WALK.some(pattern => pattern.test(line))
  const report = parseReport(lines)

  let end = report?.start ?? lines.length
  while (end > 0 && STATISTICS.test(lines[end - 1]!)) end--
  let start = end
  while (start > 0 && end - start < 2 && !isWalk(lines[start - 1]!)) start--
  // a log that ends in the middle of the walk was cut: its last line is all there is
  if (start === end && end > 0 && report === undefined) start = end - 1
  const said = lines.slice(start, end)
  const reasons = report === undefined ? said : [...said, ...report.reasons]

  const insnIndex = lines.slice(0, start).findLastIndex(line => INSN.test(line))
  const sourceIndex = lines.slice(0, start).findLastIndex(line => line.startsWith('; '))
  const source = sourceIndex === -1 ? undefined : parseSource(lines[sourceIndex]!)
  const insn = insnIndex === -1 ? undefined : withoutState(lines[insnIndex]!)
  const shown = said.length + (insn === undefined ? 0 : 1) + (source === undefined ? 0 : 1)
  return {
    reasons,
    ...(insn === undefined ? {} : { insn }),
    ...(source === undefined ? {} : { source }),
    ...(report?.suggestion === undefined ? {} : { suggestion: report.suggestion }),
    omittedCount: lines.length - shown - (report?.shownCount ?? 0),
  }
}

interface Report {
  /** index of its first line; what the verifier said before stands above, as ever */
  readonly start: number
  /** what is wrong in a word or two, and in a sentence */
  readonly reasons: readonly string[]
  readonly suggestion: string | undefined
  readonly shownCount: number
}

/**
 * What Linux 7.3 puts behind its line of old:
 *
 *     Verification failed: Register Type Safety: Unreadable register
 *     Reason:
 *       R0 has never been initialized on this path, so the verifier cannot use it as an input.
 *     At:
 *       insn 0
 *       …
 *     Causal path:
 *       …
 *     Suggestion:
 *       Initialize R0 on every path before this instruction.
 */
const parseReport = (lines: readonly string[]): Report | undefined => {
  const start = lines.findLastIndex(line => line.startsWith(REPORT))
  const reasonAt = lines.indexOf('Reason:', Math.max(start, 0))
  if (reasonAt === -1) return undefined
  const reason = indentedAfter(lines, reasonAt)
  const suggestionAt = lines.indexOf('Suggestion:', reasonAt)
  const suggestion = suggestionAt === -1 ? [] : indentedAfter(lines, suggestionAt)
  const title = start === -1 ? [] : [lines[start]!.slice(REPORT.length)]
  return {
    start: start === -1 ? reasonAt : start,
    reasons: [...title, ...(reason.length === 0 ? [] : [reason.join(' ')])],
    suggestion: suggestion.length === 0 ? undefined : suggestion.join(' '),
    // with the two headings, which the message needs no more
    shownCount: title.length + 1 + reason.length + (suggestion.length === 0 ? 0 : 1 + suggestion.length),
  }
}

const REPORT = 'Verification failed: '

const indentedAfter = (lines: readonly string[], heading: number): string[] => {
  let end = heading + 1
  while (end < lines.length && /^\s/.test(lines[end]!)) end++
  return lines.slice(heading + 1, end).map(line => line.trim())
}

/** `7: (b7) r1 = 1                        ; R1=1` and `26: (26) if w0 > 0x3 goto pc+3 12: R0=…` lose their states. */
const withoutState = (line: string): string =>
  line.replace(/\s+; (frame\d+: )?R\d.*$/, '').replace(/ \d+: (frame\d+: )?R\d.*$/, '')

/** `; text @ file.c:12` */
const parseSource = (line: string): VerifierSource => {
  const match = /^; (.*) @ (.+):(\d+)$/.exec(line)
  return match === null
    ? { text: line.slice(2) }
    : { text: match[1]!.trim(), file: match[2]!, line: Number(match[3]) }
}
