// The command `beetrace`: shows the system calls of a command or of running processes.

import { closeSync, openSync, writeSync } from 'node:fs'
import { BeetraceError, UsageError } from '../errors/index.ts'
import { dieBySignal, environBytes, exitNow } from '../sys/index.ts'
import { takeCaller } from './caller.ts'
import { CommandError } from './command.ts'
import { flushCompileCache } from './compile-cache.ts'
import { parseTraceArguments } from './trace-arguments.ts'
import { TRACE_HELP } from './trace-help.ts'
import { runTrace, type TraceEnd } from './trace-run.ts'
import { VERSION } from './version.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

/** Node would put terminal modes back and wait for its threads: we leave as the command left things. */
function leave(end: TraceEnd): never {
  return end.signal === undefined ? exitNow(end.status) : dieBySignal(end.signal)
}

function say(fd: number, text: string): void {
  try {
    writeSync(fd, text)
  } catch (error) {
    // nobody reads any more (`| head`): nothing is lost that anybody wanted
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

function fail(error: unknown): TraceEnd {
  if (error instanceof UsageError) {
    say(2, `beetrace: ${error.message}\nTry 'beetrace --help'.\n`)
    return { status: EXIT_USAGE }
  }
  if (error instanceof BeetraceError) {
    say(2, `beetrace: ${error.message}\n`)
    return {
      status:
        error.code === 'BAD_FILTER'
          ? EXIT_USAGE
          : error instanceof CommandError
            ? error.exitStatus
            : EXIT_FAILED,
    }
  }
  say(2, `beetrace: this should not have happened: ${error instanceof Error ? error.stack : error}\n`)
  return { status: EXIT_FAILED }
}

async function main(): Promise<TraceEnd> {
  const caller = takeCaller(environBytes())
  const args = await parseTraceArguments(process.argv.slice(2))
  switch (args.kind) {
    case 'help':
      say(1, TRACE_HELP)
      return { status: 0 }
    case 'version':
      say(1, `beetrace ${VERSION}\n`)
      return { status: 0 }
    case 'trace': {
      const fd = args.output === undefined ? 2 : openOutput(args.output)
      try {
        const end = await runTrace(args, caller, fd, text => say(2, text))
        flushCompileCache()
        return end
      } finally {
        if (fd !== 2) closeSync(fd)
      }
    }
  }
}

function openOutput(file: string): number {
  try {
    return openSync(file, 'w', 0o666)
  } catch (error) {
    throw new BeetraceError('OUTPUT', `cannot write the trace to '${file}': ${writeFailure(error)}`, {
      cause: error,
    })
  }
}

/** What Node says, without the call and the path: `EACCES: permission denied`. */
function writeFailure(error: unknown): string {
  return (error as Error).message.replace(/, \w+( '.*')?$/s, '')
}

main().catch(fail).then(leave)
