// The command `bee` for compiled objects: `run`, `build`, `prog`, `gen`, `btf`. A bundle of its own (bin/bee.cjs), so that neither it nor
// scripts load the other.

import { exitWith, print, say, tryPrint } from './bee-voice.ts'
import { flushCompileCache } from './compile-cache.ts'
import { gen } from './gen.ts'
import { PROG_HELP, RUN_HELP } from './object-help.ts'
import { type RunStreams, runObject } from './object-run.ts'
import { runPackage } from './package-run.ts'
import { packageCommand } from './package-source.ts'
import { progLoad } from './prog-load.ts'
import { progTracelog } from './prog-tracelog.ts'

/** `bee run X.bpf.o`, `bee run package.json`, `bee prog tracelog`: until Ctrl-C, or until nobody reads. */
async function untilStopped(work: (streams: RunStreams) => Promise<number>): Promise<number> {
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
        closed = !tryPrint(text)
      } catch (error) {
        closed = true
        failure = error
      }
      if (closed) stopped.abort()
    },
    note: say,
    stop: stopped.signal,
  }
  const status = await work(streams)
  if (failure !== undefined) throw failure
  return status
}

async function main(): Promise<number> {
  const [command, ...operands] = process.argv.slice(2)
  // what follows an object of `run` is for the object
  const options = command === 'run' ? operands.slice(0, 1) : operands
  const wantsHelp = operands[0] === 'help' || options.includes('--help') || options.includes('-h')
  switch (command) {
    case 'prog':
      if (operands[0] === 'tracelog' && !wantsHelp)
        return untilStopped(streams => progTracelog(operands.slice(1), streams))
      if (!wantsHelp) return progLoad(operands, say)
      print(PROG_HELP)
      return 0
    case 'gen':
      return gen(wantsHelp ? ['help'] : operands, print)
    case 'build':
      // loaded on demand, as it is large
      return (await import('./build.ts')).build(operands, { out: print, note: say, environment: process.env })
    case 'btf':
      return (await import('./btf-dump.ts')).btfCommand(wantsHelp ? ['help'] : operands, print)
    default: {
      if (wantsHelp) {
        print(RUN_HELP)
        return 0
      }
      const command = packageCommand(operands)
      const status = await untilStopped(streams =>
        command === undefined ? runObject(operands, streams) : runPackage(command, streams),
      )
      flushCompileCache()
      return status
    }
  }
}

exitWith(main(), `Try 'bee ${process.argv[2]} --help'.\n`)
