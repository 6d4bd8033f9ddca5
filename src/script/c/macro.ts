// C macros: what `#define` says, and their expansion in a list of tokens (C17 6.10.3: rescanning, `#`, `##`,
// variable arguments; a macro does not expand inside itself).

import type { Span } from '../span.ts'
import type { CToken, HideSet } from './token.ts'

export interface CMacro {
  readonly name: string
  /** null for a macro without parentheses */
  readonly parameters: readonly string[] | null
  /** the last parameter stands for all further arguments */
  readonly variadic: boolean
  readonly body: readonly CToken[]
  /** the body as written, for messages and for use as an expression */
  readonly text: string
  readonly span: Span
}

/** What went wrong, at which token. */
export interface MacroProblem {
  readonly kind: 'arguments' | 'unclosed' | 'too-large'
  readonly token: CToken
  readonly expected: number
  readonly found: number
}

/** No list of tokens of an honest script comes near this many steps. */
const maxSteps = 1_000_000

/** All macros in `tokens` expanded. Problems are reported, and the token concerned stays as it is. */
export function expandTokens(
  tokens: readonly CToken[],
  macros: ReadonlyMap<string, CMacro>,
  report: (problem: MacroProblem) => void,
): CToken[] {
  return new Expansion(macros, report).expand(tokens)
}

class Expansion {
  private readonly macros: ReadonlyMap<string, CMacro>
  private readonly report: (problem: MacroProblem) => void
  private steps = 0

  constructor(macros: ReadonlyMap<string, CMacro>, report: (problem: MacroProblem) => void) {
    this.macros = macros
    this.report = report
  }

  expand(tokens: readonly CToken[]): CToken[] {
    // a stack: the next token is the last element
    const input = [...tokens].reverse()
    const output: CToken[] = []
    for (;;) {
      const token = input.pop()
      if (token === undefined) return output
      const macro = token.kind === 'name' ? this.macros.get(token.text) : undefined
      if (macro === undefined || isHidden(token.hidden, macro.name)) {
        output.push(token)
        continue
      }
      if (++this.steps + output.length > maxSteps) {
        this.problem('too-large', token)
        return output
      }
      const replacement = this.replacementOf(macro, token, input)
      if (replacement === undefined) output.push(token)
      else for (let i = replacement.length - 1; i >= 0; i--) input.push(replacement[i]!)
    }
  }

  /** What stands for the use of a macro; takes its arguments from the input. Undefined when it is not a use. */
  private replacementOf(macro: CMacro, token: CToken, input: CToken[]): CToken[] | undefined {
    const hidden: HideSet = { name: macro.name, rest: token.hidden }
    const spanned = (body: readonly CToken[]) => body.map(t => moved(t, token, hidden))
    if (macro.parameters === null) return pasted(spanned(macro.body))
    if (input.at(-1)?.text !== '(') return undefined
    const args = takeArguments(input)
    if (args === undefined) {
      this.problem('unclosed', token)
      return undefined
    }
    const { parameters } = macro
    if (parameters.length === 0 && args.length === 1 && args[0]!.length === 0) args.pop()
    if (macro.variadic && args.length > parameters.length) mergeRest(args, parameters.length)
    if (macro.variadic && args.length === parameters.length - 1) args.push([])
    if (args.length !== parameters.length) {
      this.problem('arguments', token, parameters.length, args.length)
      return []
    }
    return pasted(spanned(this.substitute(macro, parameters, args)))
  }

  private substitute(macro: CMacro, parameters: readonly string[], args: readonly CToken[][]): CToken[] {
    const result: CToken[] = []
    const expanded: (CToken[] | undefined)[] = []
    macro.body.forEach((token, i) => {
      const before = macro.body[i - 1]?.text
      const index = token.kind === 'name' ? parameters.indexOf(token.text) : -1
      if (index === -1) {
        const next = macro.body[i + 1]
        const isStringify = token.text === '#' && next !== undefined && parameters.includes(next.text)
        if (!isStringify) result.push(token)
      } else if (before === '#') {
        result.push({ ...token, kind: 'string', text: stringified(args[index]!) })
      } else if (before === '##' || macro.body[i + 1]?.text === '##') {
        result.push(...args[index]!)
      } else {
        result.push(...(expanded[index] ??= this.expand(args[index]!)))
      }
    })
    if ((this.steps += result.length) > maxSteps) return []
    return result
  }

  private problem(kind: MacroProblem['kind'], token: CToken, expected = 0, found = 0): void {
    this.report({ kind, token, expected, found })
  }
}

/** The arguments between parentheses, which are taken off the input; undefined, and nothing taken, without an end. */
function takeArguments(input: CToken[]): CToken[][] | undefined {
  const args: CToken[][] = [[]]
  let depth = 0
  for (let i = input.length - 1; i >= 0; i--) {
    const token = input[i]!
    if (token.text === '(' && ++depth === 1) continue
    if (token.text === ')' && --depth === 0) {
      input.length = i
      return args
    }
    if (token.text === ',' && depth === 1) args.push([])
    else args.at(-1)!.push(token)
  }
  return undefined
}

/** Puts the arguments from the last parameter's on together again, with their commas. */
function mergeRest(args: CToken[][], count: number): void {
  const rest = args.splice(count - 1)
  const merged: CToken[] = []
  rest.forEach((arg, i) => {
    const at = arg[0] ?? merged.at(-1)
    if (i > 0 && at !== undefined) merged.push({ ...at, kind: 'punctuation', text: ',' })
    merged.push(...arg)
  })
  args.push(merged)
}

/** A token of a macro's body stands where the macro was used. */
function moved(token: CToken, use: CToken, hidden: HideSet): CToken {
  return {
    kind: token.kind,
    text: token.text,
    span: use.span,
    spaced: token.spaced,
    startsLine: false,
    hidden: token.hidden === undefined ? hidden : joined(token.hidden, hidden),
  }
}

function joined(a: HideSet, b: HideSet): HideSet {
  let all = b
  for (let at: HideSet | undefined = a; at !== undefined; at = at.rest) {
    if (!isHidden(all, at.name)) all = { name: at.name, rest: all }
  }
  return all
}

function isHidden(set: HideSet | undefined, name: string): boolean {
  for (let at = set; at !== undefined; at = at.rest) if (at.name === name) return true
  return false
}

/** `a ## b` becomes one token. */
function pasted(tokens: CToken[]): CToken[] {
  if (!tokens.some(t => t.text === '##')) return tokens
  const result: CToken[] = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    const left = result.at(-1)
    const right = tokens[i + 1]
    if (token.text === '##' && left !== undefined && right !== undefined) {
      result[result.length - 1] = { ...left, text: left.text + right.text }
      i++
    } else if (token.text !== '##') {
      result.push(token)
    }
  }
  return result
}

function stringified(tokens: readonly CToken[]): string {
  return `"${textOfTokens(tokens).replace(/[\\"]/g, '\\$&')}"`
}

/** Tokens as text again, a space wherever there was one. */
export function textOfTokens(tokens: readonly CToken[]): string {
  return tokens.map((t, i) => (i > 0 && t.spaced ? ` ${t.text}` : t.text)).join('')
}
