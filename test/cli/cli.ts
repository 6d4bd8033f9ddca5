// Command line tests as data: one call runs a command of the built package and compares all it said.
//
//     cli('beetrace', ['--version'], { stdout: /^beetrace \d/ })
//     cli('beetrace', ['nothing'], { status: 127, stderr: 'beetrace: nothing: command not found\n' })
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { SLOW } from '../slow.ts'

/** The whole text, a pattern for it, or a function that asserts what it likes. */
export type Said = string | RegExp | ((text: string) => void)

export interface Expectation {
  /** 0 unless told */
  readonly status?: number
  /** the signal that ended the command, instead of a status */
  readonly signal?: NodeJS.Signals
  /** nothing unless told */
  readonly stdout?: Said
  /** nothing unless told */
  readonly stderr?: Said
}

export interface CliOptions {
  /** what the test is called: the command line unless told */
  readonly name?: string
  readonly stdin?: string
  readonly cwd?: string
  /** added to our environment; `undefined` takes a variable away */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** why the test cannot run here */
  readonly skip?: string | false
  /** 20 s unless told; stretched on slow machines */
  readonly timeoutMs?: number
}

export interface CliResult {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** One test: `command args…` ends as expected. */
export const cli = (
  command: string,
  args: readonly string[],
  expected: Expectation,
  options: CliOptions = {},
): void => {
  const name = options.name ?? [command, ...args].join(' ')
  test(name, { skip: options.skip ?? false }, async () =>
    compare(await runCli(`bin/${command}`, args, options), expected),
  )
}

/** Runs a program to its end. @throws Error when it takes too long; it is killed then */
export const runCli = async (
  path: string,
  args: readonly string[],
  { stdin = '', cwd, env, timeoutMs = 20_000 }: CliOptions = {},
): Promise<CliResult> => {
  const child = spawn(path, args, { ...(cwd === undefined ? {} : { cwd }), env: { ...process.env, ...env } })
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, timeoutMs * SLOW)
  child.stdin.on('error', () => {}) // a command that reads nothing may end before we have written
  child.stdin.end(stdin)
  const [stdout, stderr, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  clearTimeout(timer)
  if (late)
    throw new Error(`still running after ${timeoutMs * SLOW} ms; stdout: ${stdout}; stderr: ${stderr}`)
  return { status, signal, stdout, stderr }
}

/** @throws AssertionError that shows both streams when something is not as expected */
export const compare = (result: CliResult, expected: Expectation): void => {
  const { signal = null, status = signal === null ? 0 : null } = expected
  const got = `stdout: ${JSON.stringify(result.stdout)}, stderr: ${JSON.stringify(result.stderr)}`
  assert.deepEqual({ status: result.status, signal: result.signal }, { status, signal }, got)
  compareText(result.stdout, expected.stdout ?? '')
  compareText(result.stderr, expected.stderr ?? '')
}

const compareText = (said: string, expected: Said): void => {
  if (typeof expected === 'string') assert.equal(said, expected)
  else if (expected instanceof RegExp) assert.match(said, expected)
  else expected(said)
}
