// What trace events say as text (Documentation/trace/ftrace.rst). Best from a tracefs instance: rings of our own, beside those that
// everybody reads. What is read there is taken from nobody, and what others do does not end up there.

import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { BeetraceError } from '../errors/index.ts'
import { openTraceFs } from './tracefs.ts'

/** With the process's id and a number behind: who finds one of a process that is gone may take it away. */
const PREFIX = 'beetrace-'
const READ_BYTES = 64 * 1024
/** of one `read`: a flood of lines shall not keep the process from all else */
const TEXT_CHARS_MAX = 1 << 20

export class TracePipe implements Disposable {
  /** whether the lines are from the rings of all, so that other readers miss what is read here */
  readonly shared: boolean
  readonly #instance: string | undefined
  readonly #fd: number
  readonly #bytes = Buffer.allocUnsafe(READ_BYTES)
  #closed = false

  /**
   * Reads an event (`bpf_trace/bpf_trace_printk`) from now on: in an instance made for it, or, where none can be made (a tracefs
   * that is mounted read-only), from the rings of all, where the event must be on.
   * @throws what `openTraceFs` throws; BeetraceError `TRACEFS`
   */
  static open(event: string): TracePipe {
    const { root } = openTraceFs()
    const instance = makeInstance(`${root}/instances`, event)
    try {
      return new TracePipe(instance ?? root, instance !== undefined)
    } catch (cause) {
      if (instance !== undefined) removeInstance(instance)
      throw new BeetraceError('TRACEFS', `cannot read ${root}/trace_pipe: run as root`, { cause })
    }
  }

  private constructor(folder: string, own: boolean) {
    this.#fd = openSync(`${folder}/trace_pipe`, constants.O_RDONLY | constants.O_NONBLOCK)
    this.#instance = own ? folder : undefined
    this.shared = !own
  }

  /**
   * What came since the last call, as the kernel formats it, oldest first; '' for nothing. Never waits. A line
   * `CPU:1 [LOST 12 EVENTS]` stands where the ring was full.
   */
  read(): string {
    let text = ''
    while (text.length < TEXT_CHARS_MAX) {
      let length: number
      try {
        length = readSync(this.#fd, this.#bytes)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EINTR') continue
        if (code === 'EAGAIN') break
        throw error
      }
      if (length === 0) break
      text += this.#bytes.toString('utf8', 0, length)
    }
    return text
  }

  /** Takes the instance away, with what is in it. Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
    if (this.#instance !== undefined) removeInstance(this.#instance)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function makeInstance(folder: string, event: string): string | undefined {
  removeLeftOver(folder)
  for (let number = 0; number < INSTANCES_MAX; number++) {
    const path = `${folder}/${PREFIX}${process.pid}-${number}`
    try {
      mkdirSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      return undefined
    }
    try {
      writeFileSync(`${path}/events/${event}/enable`, '1')
      return path
    } catch {
      removeInstance(path)
      return undefined
    }
  }
  return undefined
}

const INSTANCES_MAX = 64

/** A process that was killed leaves its instance, which costs memory. One in use refuses to go. */
function removeLeftOver(folder: string): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-\\d+$`).exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeInstance(`${folder}/${name}`)
  }
}

function removeInstance(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // somebody reads it: whoever is the next to make one takes it away
  }
}
