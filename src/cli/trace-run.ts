// Runs one trace from start to end: spawns or attaches, waits, passes signals on, and says what was lost.

import { fstatSync } from 'node:fs'
import { constants } from 'node:os'
import { BeetraceError } from '../errors/index.ts'
import { checkPrivileges, descriptorTarget } from '../kernel/index.ts'
import { argvBytes, closeFd, pidfdOpen, waitChild } from '../sys/index.ts'
import { TraceSession } from '../trace/run/session.ts'
import { checkTraceable, followProcess, spawnTraced } from '../trace/run/target.ts'
import { builtKernelHalf } from './built.ts'
import type { Caller } from './caller.ts'
import { findExecutable, spawnFailure } from './command.ts'
import { TraceOutput } from './output.ts'
import { isTerminal } from './terminal.ts'
import type { TraceArguments } from './trace-arguments.ts'

/** How beetrace is to end: with a status, or by the signal that killed the command. */
export interface TraceEnd {
  readonly status: number
  readonly signal?: number | undefined
}

type TraceRequest = Extract<TraceArguments, { kind: 'trace' }>

/** How often a session with children left is asked whether they have ended, ms. */
const CHILDREN_POLL_MS = 20
/** And every so many times whether they have ended unnoticed. */
const FORGET_POLLS = 50

export async function runTrace(
  request: TraceRequest,
  caller: Caller,
  fd: number,
  say: (text: string) => void,
): Promise<TraceEnd> {
  const { options, command, pids } = request
  const path = command.length === 0 ? undefined : findExecutable(command[0]!, environment(caller, 'PATH'))
  checkPrivileges('trace system calls')
  for (const pid of pids) checkTraceable(pid)
  const output = new TraceOutput(fd)
  const toFile = fd !== 2
  const quietAttach = options.quiet > 0 || options.json || options.summary || (toFile && pids.length === 0)
  let session!: TraceSession
  session = await TraceSession.open({
    trace: options,
    output,
    toFile,
    kernelHalf: builtKernelHalf(),
    live: isTerminal(fd) && !options.json && !options.summary && options.status === 'all',
    // with -y the files behind descriptors in arrays are looked up when a call is shown: soon, or they are closed
    watched: options.decodeFds || !toFile || !isUnwatched(fd),
    ...(options.decodeFds ? { fdPath: descriptorTarget } : {}),
    onFork: (tid, tgid, parentTgid) => {
      session.showThreads()
      if (quietAttach || tgid === parentTgid) return
      const text = `beetrace: process ${tid} attached\n`
      if (toFile) say(text)
      else session.notice(text)
    },
  })
  try {
    const ended = new Ended()
    const processes = pids.map(pid => {
      const threads = followProcess(session, pid)
      if (threads > 1 || pids.length > 1) session.showThreads()
      if (!quietAttach)
        say(`beetrace: process ${pid} attached${threads > 1 ? ` with ${threads} threads` : ''}\n`)
      return pid
    })
    let child: number | undefined
    if (path !== undefined) {
      child = spawnTraced(session, {
        path,
        argv: commandBytes(command),
        env: caller.environ,
        ...(caller.fds === undefined ? {} : { keepFds: caller.fds }),
        ignoredSignals: [...(caller.ignoredSignals ?? [])],
        blockedSignals: [...(caller.blockedSignals ?? [])],
        ...(caller.softNofile === undefined ? {} : { softNofile: caller.softNofile }),
      })
      if (child < 0) throw spawnFailure(path, -child)
    }
    // not earlier: until the command runs, Ctrl-C is for us and ends us as it ends anything else
    const interrupted = ended.onSignals(command.length > 0)
    // at our full priority: nobody empties the ring before
    await session.start()
    session.stepBack()
    const watched = [...processes, ...(child === undefined ? [] : [child])].map(pid => watchEnd(session, pid))
    await Promise.race([Promise.all(watched), interrupted, outputEnds(output)])
    const follows = options.follow && !ended.interrupted
    if (follows) await Promise.race([childrenEnd(session), interrupted, outputEnds(output)])
    const losses = await session.stop()
    if (!quietAttach)
      for (const pid of processes) if (ended.interrupted) say(`beetrace: process ${pid} detached\n`)
    if (losses.records > 0) {
      say(`beetrace: ${losses.records} records lost: the ring was full; try --ring-size 128M\n`)
    }
    if (losses.skipped > 0) {
      say(
        `beetrace: up to ${losses.skipped} events lost: the kernel was interrupted while it noted others on the same CPU\n`,
      )
    }
    if (losses.threads > 0) {
      say(
        `beetrace: ${losses.threads} threads not traced: more than ${options.maxThreads} at a time; try --max-threads\n`,
      )
    }
    if (output.failure !== undefined) {
      throw new BeetraceError(
        'OUTPUT',
        `cannot write the trace: ${output.failure.message}; tracing stopped there`,
        {
          cause: output.failure,
        },
      )
    }
    if (ended.fatal !== undefined) return { status: 128 + ended.fatal, signal: ended.fatal }
    return child === undefined ? { status: 0 } : await childEnd(child)
  } finally {
    session[Symbol.dispose]()
  }
}

/** A file, or a device that is no terminal: nobody waits for what is written there. */
function isUnwatched(fd: number): boolean {
  const stat = fstatSync(fd)
  return stat.isFile() || (stat.isCharacterDevice() && !isTerminal(fd))
}

/** The signals that end a trace. */
class Ended {
  interrupted = false
  /** we are to die of it ourselves */
  fatal: number | undefined

  /** With a command, Ctrl-C is for the command: it got it from the terminal as we did, and we go on until it ends. */
  onSignals(hasCommand: boolean): Promise<void> {
    return new Promise(resolve => {
      const end = (fatal: number | undefined) => () => {
        this.interrupted = true
        this.fatal ??= fatal
        resolve()
      }
      process.on('SIGINT', hasCommand ? () => {} : end(undefined))
      process.on('SIGQUIT', hasCommand ? () => {} : end(undefined))
      process.on('SIGTERM', end(constants.signals.SIGTERM))
      process.on('SIGHUP', end(constants.signals.SIGHUP))
    })
  }
}

/** Resolves when the process has ended. */
function watchEnd(session: TraceSession, pid: number): Promise<void> {
  return new Promise(resolve => {
    const pidfd = pidfdOpen(pid)
    if (pidfd < 0) {
      resolve() // it has ended and, if it was not ours, is reaped
      return
    }
    const unwatch = session.watch(pidfd, () => {
      unwatch()
      closeFd(pidfd)
      resolve()
    })
  })
}

async function childrenEnd(session: TraceSession): Promise<void> {
  for (let poll = 1; session.anyThread; poll++) {
    if (poll % FORGET_POLLS === 0) session.forgetEnded()
    await delay(CHILDREN_POLL_MS)
  }
}

/** Resolves when nothing more can be written: tracing on would be for nobody. */
async function outputEnds(output: TraceOutput): Promise<void> {
  while (!output.ended) await new Promise(resolve => setTimeout(resolve, CHILDREN_POLL_MS).unref())
}

/** How our child ended; it may still run, when tracing ended before. */
async function childEnd(pid: number): Promise<TraceEnd> {
  for (;;) {
    const end = waitChild({ pid })
    if (typeof end === 'number') return { status: 1 }
    if (end !== undefined) return { status: end.exitCode ?? 128 + (end.signal ?? 0), signal: end.signal }
    await delay(CHILDREN_POLL_MS)
  }
}

const delay = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** The command's words as they were given, byte for byte: the last ones of our own command line. */
function commandBytes(command: readonly string[]): Buffer[] {
  return argvBytes().slice(-command.length)
}

function environment(caller: Caller, name: string): string | undefined {
  return caller.environ
    .find(entry => entry.toString('latin1').startsWith(`${name}=`))
    ?.subarray(name.length + 1)
    .toString()
}
