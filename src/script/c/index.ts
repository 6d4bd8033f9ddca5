// The C part of a script: `readDefinitions` makes a `CUnit` of its preprocessor lines and definitions.

import type { CStatement } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { addSource, type Sources } from '../source.ts'
import { TokenCursor } from './cursor.ts'
import { parseDeclarations } from './declaration.ts'
import { type IncludeReader, Preprocessor } from './preprocess.ts'
import { type CUnit, newUnit } from './unit.ts'

export type { CMacro } from './macro.ts'
export type { IncludeReader } from './preprocess.ts'
export * from './type.ts'
export * from './unit.ts'

/** A header to be read before the script's own C part: `--include`, or an imported `.h`. */
export interface Header {
  readonly name: string
  readonly content: string | Uint8Array
}

/**
 * Reads the C part: `headers` first, then the statements in their order. `defines` are macros that are there from the
 * start. Never throws; what is wrong is reported, except inside headers included with `<…>`.
 */
export function readDefinitions(
  statements: readonly CStatement[],
  sources: Sources,
  diagnostics: Diagnostics,
  read: IncludeReader,
  headers: readonly Header[] = [],
  defines: Readonly<Record<string, string>> = {},
): CUnit {
  const unit = newUnit()
  if (statements.length === 0 && headers.length === 0) return unit
  const preprocessor = new Preprocessor(sources, unit, diagnostics, read)
  const lines = Object.entries(defines).map(([name, value]) => `#define ${name} ${value}\n`)
  if (lines.length > 0) preprocessor.feed(addSource(sources, '<defines>', lines.join('')))
  for (const { name, content } of headers) preprocessor.feed(addSource(sources, name, content))
  for (const statement of statements) {
    const { span } = statement
    preprocessor.feed(sources.files[span.file]!, span.start, span.end)
    // the semicolon behind a definition may be left out in a script
    const last = preprocessor.output.at(-1)
    if (last !== undefined && !statement.text.startsWith('#')) {
      preprocessor.output.push({ ...last, kind: 'punctuation', text: ';' })
    }
  }
  preprocessor.finish()
  const end = statements.at(-1)?.span ?? { file: 0, start: 0, end: 0 }
  const endSpan = { file: end.file, start: end.end, end: end.end }
  const cursor = new TokenCursor(preprocessor.output, endSpan, diagnostics, preprocessor.isQuiet)
  parseDeclarations({ cursor, unit })
  return unit
}
