// Error numbers a call can return: names and messages, with the four the kernel keeps for itself.
import { ERRNOS } from './errors.generated.ts'

export interface Errno {
  readonly name: string
  readonly message: string
}

/**
 * Results between the kernel and its own signal code (include/linux/errno.h): the exit tracepoint shows them before
 * the call is restarted or turned into EINTR, so a program never sees them.
 */
const RESTARTS: readonly (readonly [number, string, string])[] = [
  [512, 'ERESTARTSYS', 'To be restarted if SA_RESTART is set'],
  [513, 'ERESTARTNOINTR', 'To be restarted'],
  [514, 'ERESTARTNOHAND', 'To be restarted if no handler'],
  [516, 'ERESTART_RESTARTBLOCK', 'Interrupted by signal'],
]

/** The kernel's error that user space never had a name for (include/linux/errno.h). */
const INTERNAL: readonly (readonly [number, string, string])[] = [[524, 'ENOTSUPP', 'Unknown error 524']]

export const FIRST_RESTART = 512
export const LAST_RESTART = 516

const byNumber: Errno[] = []
for (const [number, name, message] of [...ERRNOS, ...RESTARTS, ...INTERNAL])
  byNumber[number] = { name, message }

/** `number` is positive; undefined when nothing has that number. */
export function errnoOf(number: number): Errno | undefined {
  return byNumber[number]
}

/** True for the results that are shown as `= ? ERESTARTSYS (…)`: the call has no result yet. */
export function isRestart(number: number): boolean {
  return number >= FIRST_RESTART && number <= LAST_RESTART && byNumber[number] !== undefined
}
