// Text to instructions: what `print` makes, what the verifier's log and bpftool print, and what a person writes.
//
//     loop:                          labels stand alone or before an instruction
//         r1 = map[counts]           maps, kernel variables and functions by name
//         12: (b7) r0 = 0            slot number and opcode may stand in front; the number is not looked at
//         if r1 != 0 goto loop       ; comments begin with ; or //
import { AsmError } from '../errors/asm-error.ts'
import type { Insn } from './insn.ts'
import { parseInsn } from './parse-line.ts'
import { syntaxError, type Token, tokenize } from './token.ts'

export interface ParseOptions {
  /** the text's name; if given, every instruction carries its line as `source` */
  readonly file?: string
}

/**
 * Parses a program. Jumps to labels, maps and functions by name stay references; `resolveLabels` and `resolveRefs`
 * turn them into numbers. In comparisons and 32-bit operations an immediate may be written unsigned.
 * @throws AsmError with line and column: ASM_SYNTAX for text that is no instruction, ASM_OPERAND for numbers out of range
 */
export function parse(text: string, { file }: ParseOptions = {}): Insn[] {
  const texts = text.split('\n')
  const lines = texts.map((line, index) => readLine(line, index + 1))
  const allLabels = new Set(lines.flatMap(line => line.labels))
  const insns: Insn[] = []
  let labels: string[] = []
  for (const [index, line] of lines.entries()) {
    labels.push(...line.labels)
    if (line.rest.length === 0) continue
    const insn = parseRest(line, index + 1, name => allLabels.has(name))
    insns.push({
      ...insn,
      ...(labels.length > 0 && { labels }),
      ...(file !== undefined && {
        source: { file, line: index + 1, column: line.rest[0]!.column, text: texts[index]! },
      }),
    })
    labels = []
  }
  if (labels.length > 0) {
    throw syntaxError(`no instruction follows label "${labels[0]}"`, lines.length, 1)
  }
  return insns
}

interface Line {
  readonly labels: readonly string[]
  /** the opcode, where the text gives it */
  readonly code: number | undefined
  /** the instruction; empty if the line has none */
  readonly rest: readonly Token[]
}

/** Takes labels, a slot number and an opcode off the front of a line; columns stay those of the text. */
function readLine(text: string, lineNumber: number): Line {
  const log = /^\s*(?:\d+:\s*)?\(([0-9a-f]{2})\)|^\s*\d+:/.exec(text)
  const tokens = tokenize(log === null ? text : text.slice(log[0].length).padStart(text.length), lineNumber)
  const labels: string[] = []
  let at = 0
  for (; tokens[at]?.kind === 'word' && isColon(tokens[at + 1]); at += 2) labels.push(tokens[at]!.text)
  const opcode = log?.[1]
  return {
    labels,
    code: opcode === undefined ? undefined : Number.parseInt(opcode, 16),
    rest: tokens.slice(at),
  }
}

function isColon(token: Token | undefined): boolean {
  return token?.kind === 'symbol' && token.text === ':'
}

function parseRest({ rest, code }: Line, line: number, isLabel: (name: string) => boolean): Insn {
  const { column } = rest[0]!
  const insn = withPlace(line, column, () => parseInsn(rest, line, isLabel, code))
  if (code !== undefined && insn.code !== code) {
    throw syntaxError(`opcode 0x${code.toString(16)} is not that of the instruction`, line, column)
  }
  return insn
}

/** Builders check operands without knowing of lines; their errors get the place here. */
function withPlace<T>(line: number, column: number, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof AsmError) || error.line !== undefined) throw error
    throw new AsmError(error.code, `line ${line}, column ${column}: ${error.message}`, { line, column })
  }
}
