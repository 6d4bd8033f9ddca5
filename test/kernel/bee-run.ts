// `bee run` within the test's own process: what it prints is collected, and it is let go as Ctrl-C would.
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunStreams } from '../../src/cli/object-run.ts'
import { SLOW } from '../slow.ts'

/** For objects that watch this process. */
export const ON_OURSELVES: readonly string[] = ['--only_tgid', String(process.pid)]

export interface BeeRun {
  readonly status: number
  readonly out: string
  readonly notes: string
}

/**
 * Runs until `enough` of the output, for some seconds at most, and meanwhile makes a system call now and then, for what
 * watches this process. Rejects as the run does.
 */
export async function runUntil(
  run: (streams: RunStreams) => Promise<number>,
  enough: (out: string) => boolean = () => true,
): Promise<BeeRun> {
  const stop = new AbortController()
  let [out, notes] = ['', '']
  const running = run({
    out: text => {
      out += text
    },
    note: text => {
      notes += text
    },
    stop: stop.signal,
  })
  let ended = false
  const end = () => {
    ended = true
  }
  running.then(end, end) // how it ended is told by the await below
  for (let i = 0; i < 300 * SLOW && !ended && (i < 3 || !enough(out)); i++) {
    statSync('/')
    await sleep(20)
  }
  stop.abort()
  return { status: await running, out, notes }
}
