// Errors and signals in the words of the C library, which scripts print and compare.

import { errnoMessage } from '../../errors/index.ts'

/** As strerror(3): `No such file or directory`. The number may be negative. */
export function errnoText(number: number): string {
  const text = errnoMessage(number)
  return text === '' ? text : text[0]!.toUpperCase() + text.slice(1)
}

/** As strsignal(3), from 1. */
const SIGNALS = [
  'Hangup',
  'Interrupt',
  'Quit',
  'Illegal instruction',
  'Trace/breakpoint trap',
  'Aborted',
  'Bus error',
  'Floating point exception',
  'Killed',
  'User defined signal 1',
  'Segmentation fault',
  'User defined signal 2',
  'Broken pipe',
  'Alarm clock',
  'Terminated',
  'Stack fault',
  'Child exited',
  'Continued',
  'Stopped (signal)',
  'Stopped',
  'Stopped (tty input)',
  'Stopped (tty output)',
  'Urgent I/O condition',
  'CPU time limit exceeded',
  'File size limit exceeded',
  'Virtual timer expired',
  'Profiling timer expired',
  'Window changed',
  'I/O possible',
  'Power failure',
  'Bad system call',
]

/** SIGRTMIN of the C library, which keeps the first two real-time signals for itself. */
const FIRST_REAL_TIME = 34
const LAST_SIGNAL = 64

/** What a signal is called; `N/A` for a number that is none's, as bpftrace says. */
export function signalText(number: number): string {
  if (number < 0 || number > LAST_SIGNAL) return 'N/A'
  if (number >= FIRST_REAL_TIME) return `Real-time signal ${number - FIRST_REAL_TIME}`
  return SIGNALS[number - 1] ?? `Unknown signal ${number}`
}
