// The built command `bee` run on this kernel, with a process of our own as what it traces.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { SLOW } from '../slow.ts'

export interface BeeRun {
  readonly stdout: string
  readonly stderr: string
  readonly status: number | null
}

const ATTACHED = '__BPFTRACE_NOTIFY_PROBES_ATTACHED'

/**
 * Runs `bee` until it ends: by itself, or by SIGINT once `then`, which runs when all probes are attached, has come to its
 * end and `until` matches the output.
 */
export async function bee(
  args: readonly string[],
  { then, until }: { readonly then?: () => Promise<void> | void; readonly until?: RegExp } = {},
): Promise<BeeRun> {
  const child = spawn(process.execPath, [resolve('bin/bee.cjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, [ATTACHED]: '1' },
  })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  let tellAttached = (): void => {}
  const attached = new Promise<void>(done => {
    tellAttached = done
  })
  child.stdout.on('data', chunk => {
    stdout += chunk
    if (stdout.includes(ATTACHED)) tellAttached()
  })
  const closed = once(child, 'close')
  const driven = (async () => {
    await Promise.race([attached, closed])
    if (then === undefined || child.exitCode !== null) return
    await then()
    const deadline = Date.now() + 5000 * SLOW
    while (until !== undefined && !until.test(stdout) && Date.now() < deadline) await sleep(20)
    child.kill('SIGINT')
  })()
  const killer = setTimeout(() => child.kill('SIGKILL'), 60_000 * SLOW)
  const [status] = await closed
  clearTimeout(killer)
  await driven
  return { stdout: stdout.replace(`${ATTACHED}\n`, ''), stderr, status }
}

/** A process of ours that waits, does what it is for when told to, and ends. */
export class Workload implements Disposable {
  readonly #child: ChildProcess
  #output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stdout!.on('data', chunk => {
      this.#output += chunk
    })
  }

  /** @param body JavaScript; `call(name, …words)` calls a function of the C library */
  static async start(body: string): Promise<Workload> {
    const child = spawn(
      process.execPath,
      [
        '-e',
        `${PRELUDE}; process.stdin.once('data', async () => { ${body} ; process.stdout.write('done\\n') ; process.stdin.destroy() })`,
      ],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    const workload = new Workload(child)
    await workload.#said('ready')
    return workload
  }

  get pid(): number {
    return this.#child.pid!
  }

  async run(): Promise<void> {
    this.#child.stdin!.write('go\n')
    await this.#said('done')
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }

  async #said(word: string): Promise<void> {
    while (!this.#output.includes(word)) {
      if (this.#child.exitCode !== null) throw new Error(`the workload ended before it was ${word}`)
      await sleep(5)
    }
  }
}

const PRELUDE = `
const koffi = require(${JSON.stringify(resolve('node_modules/koffi'))})
const libc = koffi.load('libc.so.6')
const call = (name, ...words) => libc.func(name, 'int64', words.map(() => 'int64'))(...words)
const fs = require('node:fs')
call('getpid')
process.stdout.write('ready\\n')
`

export function sleep(ms: number): Promise<void> {
  return new Promise(done => setTimeout(done, ms))
}
