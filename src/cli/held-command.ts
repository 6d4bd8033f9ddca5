// The command of `bee -c`: started, stopped before its first instruction, let go once everything is attached. A shell
// stops itself and is then replaced by the command, so the process id is the command's from the beginning.

import { realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { BeetraceError, errnoName, UsageError } from '../errors/index.ts'
import { readProcess } from '../kernel/index.ts'
import {
  bindProcess,
  killProcess,
  nowMs,
  releaseProcess,
  setParentDeathSignal,
  spawnProcess,
  waitChild,
} from '../sys/index.ts'
import type { Caller } from './caller.ts'
import { findExecutable } from './command.ts'

/** Stops itself, then becomes the command. */
const HOLD = 'kill -STOP $$; exec "$0" "$@"'
const START_TIMEOUT_MS = 10_000

export class HeldCommand implements Disposable {
  readonly pid: number
  /** the program's file */
  readonly path: string
  #running = false
  #ended = false

  /** Starts and holds `words`. Throws CommandError when there is no such program. */
  static async start(
    words: readonly string[],
    caller: Caller,
    path: string | undefined,
  ): Promise<HeldCommand> {
    const program = findExecutable(words[0]!, path)
    const pid = spawnProcess({
      path: '/bin/sh',
      argv: ['sh', '-c', HOLD, program, ...words.slice(1)],
      env: caller.environ,
      ...(caller.fds === undefined ? {} : { keepFds: caller.fds }),
    })
    if (pid < 0)
      throw new BeetraceError('COMMAND', `cannot start a shell for the command (${errnoName(-pid)})`)
    const command = new HeldCommand(pid, realpathSync(program))
    for (const deadline = nowMs() + START_TIMEOUT_MS; readProcess(pid)?.state !== 'T'; ) {
      if (nowMs() > deadline || command.hasEnded()) {
        command[Symbol.dispose]()
        throw new BeetraceError('COMMAND', `the command '${words[0]}' could not be held`)
      }
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    // Whatever ends us before it runs must not leave it stopped for ever, and once it runs it ends with us. Where
    // ptrace is forbidden neither is sure.
    if (bindProcess(pid) === 0) setParentDeathSignal(pid, constants.signals.SIGTERM)
    return command
  }

  private constructor(pid: number, path: string) {
    this.pid = pid
    this.path = path
  }

  /** Lets it run. */
  release(): void {
    this.#running = true
    releaseProcess(this.pid)
    killProcess(this.pid, constants.signals.SIGCONT)
  }

  /** Whether it has ended; it is reaped then. */
  hasEnded(): boolean {
    this.#ended ||= waitChild({ pid: this.pid }) !== undefined
    return this.#ended
  }

  /** Ends it if it still runs. */
  [Symbol.dispose](): void {
    if (this.hasEnded()) return
    killProcess(this.pid, this.#running ? constants.signals.SIGTERM : constants.signals.SIGKILL)
    this.#ended = true
  }
}

/** Words of a command as a shell splits them: blanks separate, quotes and backslashes keep together. */
export function splitCommand(command: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let i = 0; i < command.length; i++) {
    const char = command[i]!
    if (char === ' ' || char === '\t' || char === '\n') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '\\' && i + 1 < command.length) word = (word ?? '') + command[++i]
    else if (char === '"' || char === "'") {
      const end = command.indexOf(char, i + 1)
      if (end < 0) throw new UsageError(`-c: a ${char} is not closed in: ${command}`)
      word = (word ?? '') + command.slice(i + 1, end)
      i = end
    } else word = (word ?? '') + char
  }
  if (word !== undefined) words.push(word)
  if (words.length === 0) throw new UsageError('-c takes a command, not an empty string')
  return words
}
