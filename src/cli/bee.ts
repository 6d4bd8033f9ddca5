// The command `bee`: runs scripts in bpftrace's language, and lists what they can trace.

import { isatty } from 'node:tty'
import { BeetraceError, UsageError } from '../errors/index.ts'
import { environBytes, exitNow, setProcessName } from '../sys/index.ts'
import { parseBeeArguments } from './bee-arguments.ts'
import { BEE_HELP, BEE_SYNOPSIS } from './bee-help.ts'
import { takeCaller } from './caller.ts'
import { CommandError } from './command.ts'
import { flushCompileCache } from './compile-cache.ts'
import { kernelInfo } from './kernel-info.ts'
import { coloured, isColoured, messageBytes, reasonOf } from './messages.ts'
import type { RunStreams } from './object-run.ts'
import { runList } from './script-list.ts'
import { runScript } from './script-run.ts'
import { VERSION } from './version.ts'
import { writeAll } from './write-all.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

// `process.stderr` would make a pipe non-blocking, also for those we share it with: `(bee -l | grep x) 2>&1 | less`
const colour = isColoured(process.env.BPFTRACE_COLOR, isatty(2))

/** A message to stderr; bytes are a script's own. */
function say(text: string | Uint8Array): void {
  const message = typeof text === 'string' ? messageBytes(text) : text
  write(2, colour ? Buffer.from(coloured(Buffer.from(message).toString('latin1')), 'latin1') : message)
}

function write(fd: number, bytes: Uint8Array): void {
  if (!written(fd, bytes) && fd === 1) exitNow(0)
}

/** False when nobody reads any more (`| head`): nothing is lost that anybody wanted. */
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
class Printed {
  #parts: string[] = []
  #length = 0

  readonly print = (text: string): void => {
    this.#parts.push(text)
    this.#length += text.length
    if (this.#length > 1 << 16) this.flush()
  }

  flush(): void {
    write(1, messageBytes(this.#parts.join('')))
    this.#parts = []
    this.#length = 0
  }
}

function fail(error: unknown): number {
  if (error instanceof UsageError) {
    say(`ERROR: ${error.message}\n${BEE_SYNOPSIS}Try 'bee --help'.\n`)
    return EXIT_USAGE
  }
  if (error instanceof BeetraceError) {
    say(`ERROR: ${error.message}\n`)
    return error instanceof CommandError ? error.exitStatus : EXIT_FAILED
  }
  say(`ERROR: this should not have happened: ${error instanceof Error ? error.stack : error}\n`)
  return EXIT_FAILED
}

/** `bee run X.bpf.o`, `bee run package.json`: until Ctrl-C, or until nobody reads. */
async function runCompiledObject(operands: readonly string[]): Promise<number> {
  const { packageCommand } = await import('./package-source.ts')
  const command = packageCommand(operands)
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => stopped.abort())
  }
  let [closed, failure]: [boolean, unknown] = [false, undefined]
  const streams: RunStreams = {
    // when nobody reads any more, it is an end like any other, with all taken off and away; and so it is when the disk is full
    out: text => {
      if (closed) return
      try {
        closed = !written(1, messageBytes(text))
      } catch (error) {
        closed = true
        failure = error
      }
      if (closed) stopped.abort()
    },
    note: text => say(text),
    stop: stopped.signal,
  }
  const status =
    command === undefined
      ? await (await import('./object-run.ts')).runObject(operands, streams)
      : await (await import('./package-run.ts')).runPackage(command, streams)
  if (failure !== undefined) throw failure
  return status
}

async function main(): Promise<number> {
  const [command, ...operands] = process.argv.slice(2)
  // loaded on demand: a script starts without them. A script of that name is run as ./run
  if (command === 'run') return await runCompiledObject(operands)
  if (command === 'prog') return (await import('./object-run.ts')).progLoad(operands, say)
  if (command === 'gen') return (await import('./gen.ts')).gen(operands, text => write(1, messageBytes(text)))
  const caller = takeCaller(environBytes())
  const args = parseBeeArguments(process.argv.slice(2))
  switch (args.kind) {
    case 'help':
      write(1, messageBytes(BEE_HELP))
      return 0
    case 'version':
      write(1, messageBytes(`bee ${VERSION}\n`))
      return 0
    case 'info':
      write(1, messageBytes(kernelInfo()))
      return 0
    case 'list': {
      const printed = new Printed()
      const status = runList(args, printed.print, say)
      printed.flush()
      return status
    }
    case 'script': {
      // so that a script about programs of Node.js can leave us out: /comm == "node"/
      setProcessName('bee')
      const printed = new Printed()
      const status = await runScript(args, caller, { print: printed.print, say })
      printed.flush()
      flushCompileCache()
      return status
    }
  }
}

void main().catch(fail).then(exitNow)
