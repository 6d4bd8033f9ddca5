// What `bee` says, to stdout and stderr, and how it ends.

import { BeetraceError, UsageError } from '../errors/index.ts'
import { exitNow } from '../sys/index.ts'
import { CommandError } from './command.ts'
import { coloured, isColoured, messageBytes, reasonOf } from './messages.ts'
import { isTerminal } from './terminal.ts'
import { writeAll } from './write-all.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

/** whether messages are coloured, once there is one */
let colour: boolean | undefined

/** A message to stderr; bytes are a script's own. */
export function say(text: string | Uint8Array): void {
  const message = typeof text === 'string' ? messageBytes(text) : text
  colour ??= isColoured(process.env.BPFTRACE_COLOR, isTerminal(2))
  written(2, colour ? Buffer.from(coloured(Buffer.from(message).toString('latin1')), 'latin1') : message)
}

/** To stdout; the end when nobody reads any more. Throws BeetraceError when it cannot be written. */
export function print(text: string): void {
  if (!tryPrint(text)) exitNow(0)
}

/** To stdout. False when nobody reads any more (`| head`): nothing is lost that anybody wanted. */
export function tryPrint(text: string): boolean {
  return written(1, messageBytes(text))
}

function written(fd: number, bytes: Uint8Array): boolean {
  try {
    writeAll(fd, bytes)
    return true
  } catch (error) {
    // nobody can be told any more
    if (fd === 2) return false
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false
    throw new BeetraceError('OUTPUT', `cannot write to stdout: ${reasonOf(error)}`, { cause: error })
  }
}

/** Gathers what is printed in large pieces. */
export class Printed {
  #parts: string[] = []
  #length = 0

  readonly print = (text: string): void => {
    this.#parts.push(text)
    this.#length += text.length
    if (this.#length > 1 << 16) this.flush()
  }

  flush(): void {
    print(this.#parts.join(''))
    this.#parts = []
    this.#length = 0
  }
}

/**
 * Ends the process with the status that `main` resolves with, or with what became of its error. `advice` follows what
 * was wrong with the arguments.
 */
export function exitWith(main: Promise<number>, advice: string): void {
  void main.catch(error => fail(error, advice)).then(exitNow)
}

function fail(error: unknown, advice: string): number {
  if (error instanceof UsageError) {
    say(`ERROR: ${error.message}\n${advice}`)
    return EXIT_USAGE
  }
  if (error instanceof BeetraceError) {
    say(`ERROR: ${error.message}\n`)
    return error instanceof CommandError ? error.exitStatus : EXIT_FAILED
  }
  say(`ERROR: this should not have happened: ${error instanceof Error ? error.stack : error}\n`)
  return EXIT_FAILED
}
