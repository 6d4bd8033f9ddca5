// `#define`s used in the script's own expressions. A name becomes the expression that its macro's text is, read for
// itself: `#define N 1 + 2` makes `N * 3` nine, as in bpftrace. A macro with parameters is expanded as C does it, on
// the text of its arguments.

import type { Call, Expression, Identifier, Node, Script } from '../ast.ts'
import { type CMacro, expandTokens, textOfTokens } from '../c/macro.ts'
import { tokenize } from '../c/token.ts'
import { Diagnostics } from '../diagnostics/diagnostics.ts'
import { addSource, type Sources } from '../source.ts'
import { copyTree, replaceChildren } from '../tree.ts'
import { parseExpression } from './expression.ts'
import { isShallow, maxTreeDepth } from './inspect.ts'
import { macro as messages } from './macro-messages.ts'
import { maxNodes } from './macros.ts'
import { syntax } from './messages.ts'
import { Parser } from './parser.ts'

/** Expands the C macros in all bodies and predicates. */
export function expandCMacros(
  script: Script,
  macros: ReadonlyMap<string, CMacro>,
  sources: Sources,
  diagnostics: Diagnostics,
): void {
  if (macros.size === 0) return
  const expander = new CMacroExpander(script, macros, sources, diagnostics)
  for (const root of [...script.probes, ...script.functions]) replaceChildren(root, expander.replace)
  for (const { body } of script.macros) replaceChildren(body, expander.replace)
}

/** Names that stand for names that stand for names. */
const maxActive = 100

class CMacroExpander {
  private readonly script: Script
  private readonly macros: ReadonlyMap<string, CMacro>
  private readonly sources: Sources
  private readonly diagnostics: Diagnostics
  private depth = 0
  /** the size has been reported */
  private full = false
  /** the macros whose text we are in */
  private readonly active: string[] = []
  /** the text of a macro without parameters, parsed once; null when it is no expression */
  private readonly parsed = new Map<string, Expression | null>()

  constructor(
    script: Script,
    macros: ReadonlyMap<string, CMacro>,
    sources: Sources,
    diagnostics: Diagnostics,
  ) {
    this.script = script
    this.macros = macros
    this.sources = sources
    this.diagnostics = diagnostics
  }

  readonly replace = (node: Node): Node => {
    let replaced = node
    if (++this.depth <= maxTreeDepth) replaced = this.replaceItself(node)
    else this.diagnostics.report(syntax.tooDeep, node.span, { limit: maxTreeDepth })
    this.depth--
    return replaced
  }

  private replaceItself(node: Node): Node {
    if (node.kind === 'identifier' || node.kind === 'call') {
      const macro = this.macros.get(node.name)
      if (macro !== undefined && (macro.parameters === null) === (node.kind === 'identifier')) {
        return node.kind === 'call'
          ? this.expandCall(node, macro, macro.parameters!.length)
          : this.expandName(node, macro)
      }
    }
    replaceChildren(node, this.replace)
    return node
  }

  private expandName(node: Identifier, macro: CMacro): Expression {
    if (!this.enter(node)) return node
    let expression = this.parsed.get(macro.name)
    if (expression === undefined) {
      expression = this.parse(macro.name, macro.text)
      this.parsed.set(macro.name, expression)
    }
    return this.finish(node, expression, macro.text)
  }

  private expandCall(node: Call, macro: CMacro, expected: number): Expression {
    const found = node.args.length
    if (macro.variadic ? found < expected - 1 : found !== expected) {
      this.diagnostics.report(messages.cArgumentCount, node.span, { name: node.name, expected, found })
      return node
    }
    if (!this.enter(node)) return node
    const { file, start, end } = node.span
    const use = tokenize(this.sources.files[file]!, start, end)
    const text = textOfTokens(expandTokens(use, this.macros, () => {}))
    return this.finish(node, this.parse(node.name, text), text)
  }

  private enter(node: Identifier | Call): boolean {
    if (this.active.includes(node.name) || this.active.length >= maxActive) {
      this.diagnostics.report(messages.cRecursion, node.span, { chain: this.active.join('->') })
      return false
    }
    if (this.script.nodes.count <= maxNodes) return true
    if (!this.full) this.diagnostics.report(syntax.tooLong, node.span, { limit: maxNodes })
    this.full = true
    return false
  }

  /** A copy of what the macro says, in the place of its use, with the macros in it expanded. */
  private finish(node: Identifier | Call, expression: Expression | null, text: string): Expression {
    if (expression === null) {
      const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text
      this.diagnostics.report(messages.cNotExpression, node.span, { text: shown })
      return node
    }
    this.active.push(node.name)
    const copy = this.replace(copyTree(expression, this.script.nodes, node.span)) as Expression
    this.active.pop()
    return copy
  }

  /** The text as one expression; null when it is none. */
  private parse(name: string, text: string): Expression | null {
    const problems = new Diagnostics()
    const p = new Parser(addSource(this.sources, name, text), this.script.nodes, problems)
    const expression = parseExpression(p)
    p.scanner.skipLayout()
    const whole = problems.ok && p.scanner.done
    return whole && isShallow([expression], problems) ? expression : null
  }
}
