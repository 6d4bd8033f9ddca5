// Messages of `bee` on their way to a descriptor: their bytes, and their colour on a terminal.

import { isUtf8 } from 'node:buffer'
import { errnoText } from '../script/run/errno-text.ts'

/** Whether messages are coloured: `BPFTRACE_COLOR` (auto, always, never), else as the terminal is. */
export function isColoured(mode: string | undefined, isTerminal: boolean): boolean {
  return mode === 'always' || (mode !== 'never' && isTerminal)
}

/** `ERROR:` lines red, `WARNING:` lines yellow, with the place that stands before them. */
export function coloured(text: string): string {
  return text.replace(
    HEADS,
    (line, severity: string) => `${severity === 'WARNING' ? YELLOW : RED}${line}${PLAIN}`,
  )
}

const HEADS = /^(?:[^\s:]+:\d+(?::\d+)?-\d+: )?(ERROR|WARNING): .*$/gm
const RED = '\u001b[31m'
const YELLOW = '\u001b[33m'
const PLAIN = '\u001b[0m'

/**
 * The bytes of a message. What comes of scripts and traced programs is a byte string, a character for each byte; what
 * Node has told us (arguments, names of files) is Unicode. Text that is UTF-8 once taken as bytes is the former.
 */
export function messageBytes(text: string): Uint8Array {
  if (ASCII.test(text)) return Buffer.from(text, 'latin1')
  // a line each: one may quote a script, the next name a file
  return Buffer.concat(text.split(/(?<=\n)/).map(lineBytes))
}

function lineBytes(line: string): Uint8Array {
  const bytes = Buffer.from(line, 'latin1')
  return isUtf8(bytes) && !BEYOND_BYTES.test(line) ? bytes : Buffer.from(line)
}

const ASCII = /^[\0-\x7f]*$/
const BEYOND_BYTES = /[^\0-\xff]/

/** What a failed system call of Node's says, without its code and call: `No such file or directory`. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException
  return errno === undefined ? message : errnoText(errno)
}
