// For tests: a command on a terminal of its own, made by script(1). What it writes can be awaited, keys be typed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { SLOW } from '../slow.ts'

const PATIENCE_MS = 20_000 * SLOW

export class Terminal implements AsyncDisposable {
  readonly #script
  readonly #ended: Promise<number | null>
  #text = ''
  #onText = () => {}

  /** Runs words of [A-Za-z0-9_./:=,%-] as they are, others quoted for a shell. */
  constructor(words: readonly string[]) {
    const command = words.map(word => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    // --return: script ends with the command's status, 128 + n for a signal. exec: a shell that stayed would die of
    // the Ctrl-C meant for the command
    const options = ['--quiet', '--return', '--flush', '--command', `exec ${command}`]
    this.#script = spawn('script', [...options, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#script.stdout.setEncoding('utf8').on('data', chunk => {
      this.#text += chunk
      this.#onText()
    })
    this.#ended = new Promise(resolve => this.#script.once('close', resolve))
  }

  /** All that was written, lines ended by \n. */
  get text(): string {
    return this.#text.replaceAll('\r', '')
  }

  type(keys: string): void {
    this.#script.stdin.write(keys)
  }

  /** Resolves when the text matches. */
  async shows(wanted: RegExp): Promise<void> {
    const deadline = setTimeout(() => this.#onText(), PATIENCE_MS)
    const start = performance.now()
    while (!wanted.test(this.text)) {
      assert.ok(performance.now() - start < PATIENCE_MS, `${wanted} did not come:\n${this.text}`)
      const more = new Promise<void>(resolve => {
        this.#onText = resolve
      })
      const ended = await Promise.race([more.then(() => false), this.#ended.then(() => true)])
      if (ended) assert.match(this.text, wanted)
    }
    clearTimeout(deadline)
  }

  /** The exit status of the command. */
  async end(): Promise<number | null> {
    return await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // its terminal goes with it, and the command by SIGHUP
    this.#script.kill()
    await this.#ended
  }
}
