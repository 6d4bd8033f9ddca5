// What the verifier counts while it walks a program: the last lines of its log, and all of it at log level 4 (BPF_LOG_STATS).
//
//     verification time 1234 usec
//     stack depth 8+0
//     processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0

export interface VerifierStatistics {
  /** instructions walked, each as often as it was */
  readonly processedInsns: number
  /** the most that the kernel would have walked */
  readonly insnLimit: number
  /** states kept at one instruction, at most */
  readonly maxStatesPerInsn: number
  readonly totalStates: number
  /** states kept at the same time, at most */
  readonly peakStates: number
  /** µs; only with log level 4 */
  readonly verificationTimeUs?: number
  /** bytes that the program and each of its functions take of the stack; only with log level 4 */
  readonly stackDepths?: readonly number[]
}

/** Undefined when the log has no such lines: the program was refused before the walk, or the log was cut. */
export const parseVerifierStatistics = (log: string): VerifierStatistics | undefined => {
  const counts = PROCESSED.exec(log)
  if (counts === null) return undefined
  const [processedInsns, insnLimit, maxStatesPerInsn, totalStates, peakStates] = counts.slice(1).map(Number)
  const time = /^verification time (\d+) usec$/m.exec(log)?.[1]
  const depths = /^stack depth (\d+(?:\+\d+)*)/m.exec(log)?.[1]
  return {
    processedInsns: processedInsns!,
    insnLimit: insnLimit!,
    maxStatesPerInsn: maxStatesPerInsn!,
    totalStates: totalStates!,
    peakStates: peakStates!,
    ...(time === undefined ? {} : { verificationTimeUs: Number(time) }),
    ...(depths === undefined ? {} : { stackDepths: depths.split('+').map(Number) }),
  }
}

const PROCESSED =
  /^processed (\d+) insns \(limit (\d+)\) max_states_per_insn (\d+) total_states (\d+) peak_states (\d+)/m
