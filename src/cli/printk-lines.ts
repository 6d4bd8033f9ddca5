// What programs print by bpf_printk, for `bee run --printk`: the kernel's lines, or a JSON object each.

import { TracePipe } from '../kernel/index.ts'
import type { PrintkFormats } from '../object/index.ts'

/** One print, as the trace has it. */
export interface PrintkRecord {
  /** the kernel's line, and further ones when the message has several; no line end */
  readonly text: string
  readonly comm: string
  /** of the thread */
  readonly tid: number
  readonly cpu: number
  /** s since boot, digits as the kernel writes them */
  readonly time: string
  readonly message: string
}

/**
 *     cat-123     [001] ...21  5813.424352: bpf_trace_printk: message
 *     cat-123     (  123) [001] …                                        with the option record-tgid
 */
const HEADER =
  /^ *(.+)-(\d+) +(?:\([\d -]+\) +)?\[(\d+)\] \S+ +(\d+\.\d+): (?:bpf_trace_printk|0x[\da-f]+|\S+): /

const LOST = /^CPU:\d+ \[LOST (\d+) EVENTS\]$/

/** Takes the text of a trace apart as it comes. A message is over when the next begins, or with `end`. */
export class PrintkParser {
  lostCount = 0
  #begun: (PrintkRecord & { text: string; message: string }) | undefined
  #rest = ''

  /** Whole messages in `text` and what came before. */
  add(text: string): PrintkRecord[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    return lines.flatMap(line => this.#line(line))
  }

  /** The last message: nothing comes after it for now. */
  end(): PrintkRecord[] {
    const last = this.#begun
    this.#begun = undefined
    // a format that ends in a newline makes an empty line of its own
    return last === undefined ? [] : [trimmed(last)]
  }

  #line(line: string): PrintkRecord[] {
    const lost = LOST.exec(line)
    if (lost !== null) {
      this.lostCount += Number(lost[1])
      return this.end()
    }
    const header = HEADER.exec(line)
    if (header === null) {
      if (this.#begun !== undefined) {
        this.#begun.text += `\n${line}`
        this.#begun.message += `\n${line}`
      }
      return []
    }
    const done = this.end()
    const [head, comm, tid, cpu, time] = header
    const message = line.slice(head.length)
    this.#begun = { text: line, comm: comm!, tid: Number(tid), cpu: Number(cpu), time: time!, message }
    return done
  }
}

const trimmed = (record: PrintkRecord): PrintkRecord => ({
  ...record,
  text: record.text.replace(/\n+$/, ''),
  message: record.message.replace(/\n+$/, ''),
})

/** `{"printk":"message","comm":"cat","tid":123,"cpu":1,"time":5813.424352}` */
export const printkJson = ({ message, comm, tid, cpu, time }: PrintkRecord): string =>
  `{"printk":${JSON.stringify(message)},"comm":${JSON.stringify(comm)},"tid":${tid},"cpu":${cpu},"time":${time}}\n`

const INTERVAL_MS = 50

export interface PrintkOptions {
  readonly json: boolean
  readonly formats: PrintkFormats
  readonly out: (text: string) => void
}

/** Shows prints from now on. Those of other programs are left out as far as the formats tell them apart. */
export class PrintkLines implements Disposable {
  readonly #pipe: TracePipe
  readonly #parser = new PrintkParser()
  readonly #options: PrintkOptions
  #timer: NodeJS.Timeout | undefined

  /** Throws what `TracePipe.open` throws. */
  constructor(options: PrintkOptions) {
    this.#options = options
    this.#pipe = TracePipe.open('bpf_trace/bpf_trace_printk')
  }

  /** Whether other readers of the trace miss what is shown here. */
  get shared(): boolean {
    return this.#pipe.shared
  }

  get lostCount(): number {
    return this.#parser.lostCount
  }

  start(): void {
    this.#timer = setInterval(() => this.#show(), INTERVAL_MS)
  }

  /** Shows what is left, once the programs are detached. */
  finish(): void {
    this.#show()
    this.close()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#pipe.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #show(): void {
    const { json, formats, out } = this.#options
    const records = [...this.#parser.add(this.#pipe.read()), ...this.#parser.end()]
    const ours =
      formats.patterns === undefined
        ? records
        : records.filter(({ message }) => formats.patterns!.some(pattern => pattern.test(message)))
    if (ours.length > 0) out(ours.map(record => (json ? printkJson(record) : `${record.text}\n`)).join(''))
  }
}
