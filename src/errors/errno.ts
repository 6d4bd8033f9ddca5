// Error numbers to names and words. System calls are made raw here, so a failure is a small negative number.

import { ERRNO_MESSAGES, type ErrnoName, errno } from './errno-table.ts'

export { type ErrnoName, errno } from './errno-table.ts'

const nameByNumber: (ErrnoName | undefined)[] = []
for (const name of Object.keys(errno) as ErrnoName[]) nameByNumber[errno[name]] = name

/** The symbolic name of an error number (positive, or negative as a raw call returns it); `errno 999` if unknown. */
export const errnoName = (number: number): string => {
  const n = Math.abs(number)
  return nameByNumber[n] ?? `errno ${n}`
}

/** What strerror(3) says, first letter in lower case: "permission denied". */
export const errnoMessage = (number: number): string => {
  const name = nameByNumber[Math.abs(number)]
  if (name === undefined) return 'unknown error'
  const text = ERRNO_MESSAGES[name]
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text
}
