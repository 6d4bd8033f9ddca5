// The preprocessor: directives obeyed, macros expanded, includes followed. What comes out is one list of tokens, each
// with the place it came from.

import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import type { Message } from '../diagnostics/message.ts'
import { addSource, type SourceFile, type Sources } from '../source.ts'
import type { Span } from '../span.ts'
import { evaluate } from './constant.ts'
import { TokenCursor } from './cursor.ts'
import { type CMacro, expandTokens, type MacroProblem, textOfTokens } from './macro.ts'
import { c } from './messages.ts'
import { type CToken, tokenize } from './token.ts'
import type { CUnit } from './unit.ts'

/** A header's name and content; undefined when there is none. `from` is the name of the file that includes it. */
export type IncludeReader = (
  path: string,
  form: 'system' | 'local',
  from: string,
) => { readonly name: string; readonly content: string | Uint8Array } | undefined

const maxIncludeDepth = 100
/** A kernel's worth of headers stays below this. */
const maxTokens = 3_000_000

/** One `#if … #endif`. */
interface Condition {
  /** this branch is read */
  active: boolean
  /** a branch has been read already, or the whole lies in one that is not */
  done: boolean
  readonly span: Span
}

export class Preprocessor {
  readonly output: CToken[] = []
  /** files included with `<…>`: what is wrong inside them is not reported */
  private readonly quietFiles = new Set<number>()
  private readonly once = new Set<string>()
  private readonly conditions: Condition[] = []
  private readonly sources: Sources
  private readonly unit: CUnit
  private readonly diagnostics: Diagnostics
  private readonly read: IncludeReader
  private depth = 0
  private full = false

  constructor(sources: Sources, unit: CUnit, diagnostics: Diagnostics, read: IncludeReader) {
    this.sources = sources
    this.unit = unit
    this.diagnostics = diagnostics
    this.read = read
  }

  readonly isQuiet = (span: Span): boolean => this.quietFiles.has(span.file)

  /** Reads a stretch of a file. Conditions may reach over several stretches, until `finish`. */
  feed(file: SourceFile, start = 0, end: number = file.text.length): void {
    const tokens = tokenize(file, start, end)
    let at = 0
    let textFrom = 0
    while (at < tokens.length) {
      const token = tokens[at]!
      if (token.text !== '#' || !token.startsLine) {
        at++
        continue
      }
      this.emit(tokens, textFrom, at)
      let lineEnd = at + 1
      while (lineEnd < tokens.length && !tokens[lineEnd]!.startsLine) lineEnd++
      this.directive(file, tokens.slice(at + 1, lineEnd), token)
      at = lineEnd
      textFrom = lineEnd
    }
    this.emit(tokens, textFrom, at)
  }

  /** Every condition must be closed by now. */
  finish(): void {
    for (const { span } of this.conditions) this.report(c.unterminatedIf, {}, span)
  }

  private get active(): boolean {
    return !this.full && (this.conditions.at(-1)?.active ?? true)
  }

  private emit(tokens: readonly CToken[], from: number, to: number): void {
    if (from === to || !this.active) return
    const expanded = this.expand(tokens.slice(from, to))
    if (this.output.length + expanded.length > maxTokens) {
      this.report(c.tooLarge, {}, tokens[from]!.span)
      this.full = true
      return
    }
    for (const token of expanded) this.output.push(token)
  }

  private expand(tokens: readonly CToken[]): CToken[] {
    return expandTokens(tokens, this.unit.macros, problem => this.reportMacro(problem))
  }

  private reportMacro({ kind, token, expected, found }: MacroProblem): void {
    const name = token.text
    if (kind === 'arguments') this.report(c.macroArguments, { name, expected, found }, token.span)
    else if (kind === 'unclosed') this.report(c.macroUnclosed, { name }, token.span)
    else this.report(c.tooLarge, {}, token.span)
  }

  private report<Gaps extends string>(
    message: Message<Gaps>,
    gaps: Readonly<Record<Gaps, string | number>>,
    span: Span,
  ): void {
    if (!this.isQuiet(span)) this.diagnostics.report<string>(message as Message, span, gaps)
  }

  private directive(file: SourceFile, line: readonly CToken[], hash: CToken): void {
    const name = line[0]?.text
    const rest = line.slice(1)
    switch (name) {
      case undefined:
        return
      case 'if':
        this.open(hash, () => this.isTrue(rest, hash))
        return
      case 'ifdef':
        this.open(hash, () => this.unit.macros.has(rest[0]?.text ?? ''))
        return
      case 'ifndef':
        this.open(hash, () => !this.unit.macros.has(rest[0]?.text ?? ''))
        return
      case 'elif':
        this.branch(name, hash, () => this.isTrue(rest, hash))
        return
      case 'else':
        this.branch(name, hash, () => true)
        return
      case 'endif':
        if (this.conditions.pop() === undefined) this.report(c.withoutIf, { name }, hash.span)
        return
    }
    if (!this.active) return
    switch (name) {
      case 'define':
        this.define(rest, line[0]!)
        return
      case 'undef':
        this.unit.macros.delete(rest[0]?.text ?? '')
        return
      case 'include':
      case 'include_next':
      case 'import':
        this.include(file, rest, hash)
        return
      case 'error':
        this.report(c.error, { text: textOfTokens(rest) }, hash.span)
        return
      case 'warning':
        this.report(c.warning, { text: textOfTokens(rest) }, hash.span)
        return
      case 'pragma':
        if (rest[0]?.text === 'once') this.once.add(file.name)
        return
      case 'line':
      case 'ident':
      case 'sccs':
        return
      default:
        this.report(c.badDirective, { name }, line[0]!.span)
    }
  }

  private open(hash: CToken, isTrue: () => boolean): void {
    const outer = this.active
    const active = outer && isTrue()
    this.conditions.push({ active, done: !outer || active, span: hash.span })
  }

  private branch(name: string, hash: CToken, isTrue: () => boolean): void {
    const condition = this.conditions.at(-1)
    if (condition === undefined) {
      this.report(c.withoutIf, { name }, hash.span)
      return
    }
    condition.active = !condition.done && isTrue()
    condition.done ||= condition.active
  }

  /** `defined` is answered before macros are expanded; a name that is left then counts as 0. */
  private isTrue(line: readonly CToken[], hash: CToken): boolean {
    const asked: CToken[] = []
    for (let i = 0; i < line.length; i++) {
      const token = line[i]!
      if (token.text !== 'defined') {
        asked.push(token)
        continue
      }
      const parenthesis = line[i + 1]?.text === '('
      const name = line[i + (parenthesis ? 2 : 1)]?.text ?? ''
      asked.push({ ...token, kind: 'number', text: this.unit.macros.has(name) ? '1' : '0' })
      i += parenthesis ? 3 : 1
    }
    const cursor = new TokenCursor(this.expand(asked), hash.span, this.diagnostics, this.isQuiet)
    const value = evaluate(cursor, { valueOf: () => 0n })
    return value !== null && value !== 0n
  }

  private define(line: readonly CToken[], directive: CToken): void {
    const name = line[0]
    if (name?.kind !== 'name') {
      this.report(c.macroName, {}, name?.span ?? directive.span)
      return
    }
    let parameters: string[] | null = null
    let variadic = false
    let bodyFrom = 1
    if (line[1]?.text === '(' && !line[1].spaced) {
      parameters = []
      const close = line.findIndex(t => t.text === ')')
      for (let i = 2; i < close; i++) {
        const { text, kind } = line[i]!
        // "x..." names what "..." leaves without a name
        if (text === '...' && line[i - 1]!.kind !== 'name') parameters.push('__VA_ARGS__')
        else if (kind === 'name') parameters.push(text)
        variadic ||= text === '...'
      }
      if (close === -1) {
        this.report(c.macroParameters, { name: name.text }, name.span)
        return
      }
      bodyFrom = close + 1
    }
    const body = line.slice(bodyFrom)
    const macro: CMacro = {
      name: name.text,
      parameters,
      variadic,
      body,
      text: textOfTokens(body),
      span: name.span,
    }
    this.unit.macros.set(name.text, macro)
  }

  private include(file: SourceFile, line: readonly CToken[], hash: CToken): void {
    const found = includePath(line) ?? includePath(this.expand(line))
    if (found === undefined) {
      this.report(c.includeForm, {}, hash.span)
      return
    }
    const last = line.at(-1)!
    const span = { file: hash.span.file, start: hash.span.start, end: last.span.end }
    const { path, form } = found
    if (this.depth >= maxIncludeDepth) {
      this.report(c.includeDepth, {}, span)
      return
    }
    const header = this.read(path, form, file.name)
    if (header === undefined) {
      if (form === 'system' && isSystemHeader(path)) this.unit.missingIncludes.push({ path, span })
      else this.report(c.notFound, { path }, span)
      return
    }
    if (this.once.has(header.name)) return
    const source = addSource(this.sources, header.name, header.content)
    if (form === 'system' || this.quietFiles.has(file.index)) this.quietFiles.add(source.index)
    const conditions = this.conditions.splice(0)
    this.depth++
    this.feed(source)
    this.finish()
    this.depth--
    this.conditions.splice(0, this.conditions.length, ...conditions)
  }
}

/**
 * Whether a header may be left out where it is not installed: what the kernel's say is known from BTF, and what those of
 * C say is built in.
 */
function isSystemHeader(path: string): boolean {
  const [first, ...rest] = path.split('/')
  return rest.length === 0 || SYSTEM_FOLDERS.has(first!)
}

/** Folders of include/ and include/uapi of the kernel, and of the C library. */
const SYSTEM_FOLDERS: ReadonlySet<string> = new Set(
  (
    'acpi arpa asm asm-generic bits bpf clocksource crypto cxl drm dt-bindings kunit keys kvm linux math-emu media ' +
    'memory misc mtd net netinet netpacket pcmcia ras rdma rpc scsi soc sound sys target trace uapi ufs vdso video xen'
  ).split(' '),
)

/** `<path>` or `"path"`. */
function includePath(
  line: readonly CToken[],
): { readonly path: string; readonly form: 'system' | 'local' } | undefined {
  const first = line[0]
  if (first?.kind === 'string') return { path: first.text.slice(1, -1), form: 'local' }
  if (first?.text !== '<') return undefined
  const close = line.findIndex(t => t.text === '>')
  if (close === -1) return undefined
  return {
    path: line
      .slice(1, close)
      .map(t => t.text)
      .join(''),
    form: 'system',
  }
}
