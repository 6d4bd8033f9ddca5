// Expansion of the language's own macros, in place, with bpftrace's rules (src/ast/passes/macro_expansion.cpp).
//
// A call becomes the block of its macro. Parameters that are variables and maps are renamed to the caller's; an
// expression is copied to every place that names it. What the macro declares or assigns itself gets a name that nobody
// can write, `$$name_$x`; maps must be passed in. What the caller passed stays as the caller meant it.

import type {
  Block,
  Call,
  Expression,
  Identifier,
  Macro,
  NamedTypeSyntax,
  Node,
  NodeIds,
  OffsetOf,
  Script,
  TaggedTypeSyntax,
  TypeArgument,
  TypeSyntax,
} from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { copyTree, replaceChildren } from '../tree.ts'
import { maxTreeDepth } from './inspect.ts'
import { macro as messages } from './macro-messages.ts'
import { type MacroArguments, MacroRegistry } from './macro-registry.ts'
import { syntax } from './messages.ts'
import { typeText } from './print.ts'
import { dropValue } from './statement-value.ts'

/** More nodes than this are a macro that multiplies itself. */
export const maxNodes = 200_000

/** Expands every use of the script's macros in its probes and functions. */
export function expandMacros(
  script: Script,
  diagnostics: Diagnostics,
  isBuiltin: (name: string) => boolean = () => false,
): void {
  const registry = new MacroRegistry(script.macros, diagnostics)
  const common: Common = { registry, ids: script.nodes, diagnostics, isBuiltin, depth: 0, full: false }
  const expander = new Expander(common, [], true)
  for (const root of [...script.probes, ...script.functions]) replaceChildren(root, expander.replace)
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What all expanders of one script share. */
interface Common {
  readonly registry: MacroRegistry
  readonly ids: NodeIds
  readonly diagnostics: Diagnostics
  readonly isBuiltin: (name: string) => boolean
  /** how deep in the tree we are */
  depth: number
  /** the size has been reported */
  full: boolean
}

class Expander {
  private readonly common: Common
  private readonly ids: NodeIds
  private readonly diagnostics: Diagnostics
  /** the macros whose bodies we are in, outermost first */
  private readonly stack: readonly Macro[]
  /** false inside what a caller passed: its names are the caller's */
  private readonly renames: boolean
  private readonly maps = new Map<string, string>()
  private readonly variables = new Map<string, string>()
  private readonly own = new Set<string>()
  private readonly passed = new Map<string, Expression | TypeArgument>()

  constructor(common: Common, stack: readonly Macro[], renames: boolean) {
    this.common = common
    this.ids = common.ids
    this.diagnostics = common.diagnostics
    this.stack = stack
    this.renames = renames && stack.length > 0
  }

  readonly replace = (node: Node): Node => {
    let replaced = node
    if (++this.common.depth <= maxTreeDepth) replaced = this.replaceItself(node)
    else this.diagnostics.report(syntax.tooDeep, node.span, { limit: maxTreeDepth })
    this.common.depth--
    return replaced
  }

  private replaceItself(node: Node): Node {
    switch (node.kind) {
      case 'identifier':
        return this.replaceIdentifier(node)
      case 'call':
        return this.replaceCall(node)
      case 'variable':
        this.renameVariable(node)
        return node
      case 'map':
        this.renameMap(node)
        return node
      case 'let': {
        if (this.renames) {
          const { name } = node.variable
          if (this.variables.has(name)) {
            this.diagnostics.report(messages.shadows, node.declarationSpan, { name })
            return node
          }
          this.own.add(name)
        }
        break
      }
      case 'for':
        if (this.renames && !this.variables.has(node.variable.name)) this.own.add(node.variable.name)
        break
      case 'assignment': {
        const { target } = node
        if (this.renames && target.kind === 'variable' && !this.variables.has(target.name)) {
          this.own.add(target.name)
        }
        break
      }
      case 'sizeof':
      case 'typeinfo':
      case 'typeof':
        this.replaceOperand(node)
        return node
      case 'offsetof':
        this.replaceOperand(node)
        this.replacePath(node)
        return node
      case 'named-type':
      case 'tagged-type':
      case 'pointer-type':
      case 'array-type':
        return this.asType(this.replaceType(node, node), node)
    }
    replaceChildren(node, this.replace)
    if (node.kind === 'expression') dropValue(node.expression, this.ids)
    return node
  }

  /** In a place where a type may stand, a bare name is no macro: `sizeof(name())` is how to call one. */
  private replaceOperand(node: { operand: TypeSyntax | Expression }): void {
    const { operand } = node
    if (operand.kind === 'identifier') {
      const passed = this.passed.get(operand.name)
      if (passed === undefined) return
      node.operand =
        passed.kind === 'type-argument'
          ? copyTree(passed.type.operand, this.ids)
          : (this.replace(operand) as Expression)
      return
    }
    node.operand = this.replace(operand) as TypeSyntax | Expression
  }

  /** Puts a type that was passed in the place of the name at the bottom of `type`. `whole` is for the message. */
  private replaceType(type: TypeSyntax, whole: TypeSyntax): TypeSyntax | Expression {
    switch (type.kind) {
      case 'typeof':
        return this.replace(type) as TypeSyntax
      case 'pointer-type': {
        const node: Mutable<typeof type> = type
        node.target = this.asType(this.replaceType(type.target, whole), type.target)
        return type
      }
      case 'array-type': {
        const node: Mutable<typeof type> = type
        node.element = this.asType(this.replaceType(type.element, whole), type.element)
        return type
      }
      case 'named-type':
      case 'tagged-type':
        return this.replaceTypeName(type, whole)
    }
  }

  private replaceTypeName(
    type: NamedTypeSyntax | TaggedTypeSyntax,
    whole: TypeSyntax,
  ): TypeSyntax | Expression {
    const passed = this.passed.get(type.name)
    if (passed === undefined) return type
    const replacement = passed.kind === 'type-argument' ? passed.type.operand : passed
    if (replacement.kind === 'identifier' || replacement.kind === 'named-type') {
      return { ...type, id: this.ids.count++, name: replacement.name }
    }
    if (type.kind === 'named-type' && passed.kind === 'type-argument') {
      if (type === whole || isType(replacement)) return copyTree(replacement, this.ids)
    }
    this.diagnostics.report(messages.badTypeReplacement, passed.span, {
      name: this.stack.at(-1)!.name,
      parameter: type.name,
      type: typeText(whole),
    })
    return type
  }

  /** Where only a type may stand, an expression is wrapped into a `typeof`. */
  private asType(node: TypeSyntax | Expression, at: TypeSyntax): TypeSyntax {
    return isType(node) ? node : { kind: 'typeof', id: this.ids.count++, span: at.span, operand: node }
  }

  /** A single name in `offsetof(T, name)` may be a parameter that stands for `a.b.c`. */
  private replacePath(node: OffsetOf): void {
    const passed = node.path.length === 1 ? this.passed.get(node.path[0]!.name) : undefined
    if (passed === undefined || (passed.kind !== 'identifier' && passed.kind !== 'field')) return
    const path: OffsetOf['path'] = []
    let at: Expression = passed
    for (; at.kind === 'field'; at = at.object) path.unshift({ name: at.name, span: at.nameSpan })
    if (at.kind !== 'identifier') {
      this.diagnostics.report(messages.badPath, passed.span)
      return
    }
    path.unshift({ name: at.name, span: at.span })
    node.path.splice(0, 1, ...path)
  }

  private renameVariable(variable: Mutable<Extract<Node, { kind: 'variable' }>>): void {
    if (!this.renames) return
    const callers = this.variables.get(variable.name)
    if (callers !== undefined) variable.name = callers
    else if (this.own.has(variable.name)) variable.name = this.ownName(variable.name)
  }

  /** `$$macro_$x`, with the depth of the call when it is not the first. */
  private ownName(name: string): string {
    const depth = this.stack.length === 1 ? '' : `_${this.stack.length}`
    return `$$${this.stack.at(-1)!.name}${depth}_${name}`
  }

  private renameMap(map: Mutable<Extract<Node, { kind: 'map' }>>): void {
    if (!this.renames) return
    const callers = this.maps.get(map.name)
    if (callers !== undefined) map.name = callers
    else this.diagnostics.report(messages.unhygienicMap, map.span, { name: map.name })
  }

  private replaceIdentifier(node: Identifier): Expression | TypeArgument {
    const passed = this.passed.get(node.name)
    if (passed === undefined) return this.expandUse(node, node.name, [])
    if (this.isFull(node)) return node
    // it keeps its place: what is wrong with it is the caller's
    const copy = copyTree(passed, this.ids)
    return new Expander(this.common, this.stack, false).replace(copy) as Expression
  }

  private replaceCall(node: Call): Expression {
    replaceChildren(node, this.replace)
    return this.expandUse(node, node.name, node.args)
  }

  private expandUse(use: Identifier | Call, name: string, args: MacroArguments): Expression {
    const match = this.common.registry.lookup(name, args)
    if (match.found === null) {
      if (match.closest !== undefined && !this.common.isBuiltin(name))
        this.reportMismatch(use, match.closest, args)
      return use
    }
    const { found } = match
    const first = this.stack.indexOf(found)
    if (first !== -1) {
      const chain = [...this.stack.slice(first), found].map(m => m.name).join(' > ')
      this.diagnostics.report(messages.recursion, use.span, { chain })
      return use
    }
    if (this.isFull(use)) return use
    return new Expander(this.common, [...this.stack, found], true).body(found, use, args)
  }

  /** Whether the script has grown beyond what anybody means; reported at `use`. */
  private isFull(use: Identifier | Call): boolean {
    if (this.ids.count <= maxNodes) return false
    if (!this.common.full) this.diagnostics.report(syntax.tooLong, use.span, { limit: maxNodes })
    this.common.full = true
    return true
  }

  /** The macro's body, for one call. */
  private body(macro: Macro, use: Identifier | Call, args: MacroArguments): Block {
    macro.parameters.forEach((parameter, i) => {
      const arg = args[i]!
      if (parameter.kind === 'variable') {
        this.variables.set(parameter.name, (arg as typeof parameter).name)
      } else if (parameter.kind === 'map') {
        this.maps.set(parameter.name, (arg as typeof parameter).name)
      } else if (arg.kind === 'variable' || arg.kind === 'map') {
        // as a value: a macro must not assign through a parameter that is an expression
        const value: Block = {
          kind: 'block',
          id: this.ids.count++,
          span: arg.span,
          statements: [],
          value: arg,
        }
        this.passed.set(parameter.name, value)
      } else {
        this.passed.set(parameter.name, arg)
      }
    })
    const block = copyTree(macro.body, this.ids, use.span)
    replaceChildren(block, this.replace)
    return block
  }

  private reportMismatch(use: Identifier | Call, closest: Macro, args: MacroArguments): void {
    const { name } = closest
    const diagnostic = this.diagnostics.report(messages.noMatch, use.span, { name })
    const expected = closest.parameters.length
    if (expected !== args.length) {
      const text = `The closest definition of ${name}() has a different number of arguments. Expected: ${expected} but got ${args.length}`
      diagnostic.notes.push({ text, span: closest.span })
      return
    }
    closest.parameters.forEach((parameter, i) => {
      const arg = args[i]!
      if (parameter.kind === 'identifier' || parameter.kind === arg.kind) return
      const found = arg.kind === 'variable' ? 'a variable' : arg.kind === 'map' ? 'a map' : 'an expression'
      const message = parameter.kind === 'map' ? messages.wantsMap : messages.wantsVariable
      const notes = [{ text: 'This is the argument in the closest definition.', span: parameter.span }]
      this.diagnostics.report(message, arg.span, { name, parameter: parameter.name, found }, { notes })
    })
  }
}

function isType(node: TypeSyntax | Expression): node is TypeSyntax {
  return node.kind === 'typeof' || node.kind.endsWith('-type')
}
