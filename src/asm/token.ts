// Instruction text to tokens, one line at a time.
import { AsmError } from '../errors/asm-error.ts'

export interface Token {
  /** a quoted name is a word too */
  readonly kind: 'word' | 'number' | 'symbol' | 'end'
  readonly text: string
  readonly quoted: boolean
  /** counted from 1 */
  readonly column: number
}

/** Symbols of several characters first; the ones that begin with `s` compare or shift signed. */
const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|(s>>=|s[<>]=?|s[/%]=)|(0[xX][0-9a-fA-F]+|\d+)(?![\w.$])|([A-Za-z_.$][\w.$]*)|(<<=|>>=|[-+*/%|&^=!<>]=|[-+*()[\]=<>&:,#]))/y

/** Splits a line; comments begin with `;` or `//`. @throws AsmError ASM_SYNTAX at a character that begins no token */
export function tokenize(line: string, lineNumber: number): Token[] {
  const tokens: Token[] = []
  const text = withoutComment(line)
  TOKEN.lastIndex = 0
  let at = 0
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) {
      const column = at + 1 + (text.slice(at).length - text.slice(at).trimStart().length)
      throw syntaxError(`unexpected "${text.slice(column - 1, column)}"`, lineNumber, column)
    }
    const [whole, quoted, signedSymbol, number, word, symbol] = match
    at += whole.length
    const raw = quoted ?? signedSymbol ?? number ?? word ?? symbol!
    const column = at - raw.length + 1
    const kind =
      number !== undefined ? 'number' : word !== undefined || quoted !== undefined ? 'word' : 'symbol'
    tokens.push({
      kind,
      text: quoted === undefined ? raw : unquote(quoted, lineNumber, column),
      quoted: quoted !== undefined,
      column,
    })
  }
  return tokens
}

export function syntaxError(message: string, line: number, column: number): AsmError {
  return new AsmError('ASM_SYNTAX', `line ${line}, column ${column}: ${message}`, { line, column })
}

/** A comment mark inside quotes is none. */
function withoutComment(line: string): string {
  return /^(?:"(?:[^"\\]|\\.)*"|\/(?!\/)|[^;"/])*/.exec(line)![0]
}

function unquote(text: string, line: number, column: number): string {
  try {
    return JSON.parse(text) as string
  } catch {
    throw syntaxError(`${text} is not a proper quoted name`, line, column)
  }
}
