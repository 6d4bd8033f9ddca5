// A reporter for node's test runner that says one line of JSON per finished test, for matrix.mjs to count:
//     {"test":"name","file":"ring.test.js","outcome":"passed|failed|skipped","why":"…"}
import { basename } from 'node:path'

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      const text = data.message.trimEnd()
      if (text !== '') yield `${JSON.stringify({ output: text })}\n`
      continue
    }
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue
    const { name, skip, todo } = data
    const outcome =
      type === 'test:fail' ? 'failed' : skip !== undefined || todo !== undefined ? 'skipped' : 'passed'
    const why = outcome === 'skipped' ? (skip ?? todo) : describe(data.details?.error)
    yield `${JSON.stringify({ test: name, file: basename(data.file ?? ''), outcome, why, ms: data.details?.duration_ms })}\n`
  }
}

/** The error a test threw, which the runner wraps, with what caused it. */
const describe = error => {
  if (error === undefined) return undefined
  const cause = error.cause ?? error
  const deeper = cause?.cause === undefined ? '' : `\ncaused by: ${describe(cause)}`
  return `${typeof cause === 'string' ? cause : (cause.stack ?? cause.message ?? String(cause))}${deeper}`
}
