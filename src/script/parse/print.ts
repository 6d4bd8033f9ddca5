// A tree back as source text, in one canonical form: what `-d ast` shows, and what the parser's tests compare. Parsing
// the text again gives the same tree, except that what macro expansion made (`$$m_$x`, blocks as operands) only reads
// well.

import type { Block, Expression, If, Probe, Script, Statement, TypeSyntax } from '../ast.ts'
import { bytesOf, readable } from '../source.ts'
import { expressionText } from './print-expression.ts'

/** The whole script. Sections are separated by empty lines. */
export function printScript(script: Omit<Script, 'nodes'>): string {
  const sections: string[] = []
  const lines = (texts: string[]) => {
    if (texts.length > 0) sections.push(texts.join(''))
  }
  if (script.header !== null)
    sections.push(script.header.endsWith('\n') ? script.header : `${script.header}\n`)
  lines(script.cStatements.map(c => `${c.text}\n`))
  if (script.config !== null) {
    const settings = script.config.settings.map(s => `  ${s.name} = ${settingText(s.value)};\n`)
    sections.push(`config = {\n${settings.join('')}}\n`)
  }
  lines(script.imports.map(i => `import ${quoted(i.path)};\n`))
  lines(script.mapDeclarations.map(m => `let ${m.name} = ${m.mapType}(${m.maxEntries});\n`))
  for (const macro of script.macros) {
    const parameters = macro.parameters.map(p => p.name).join(', ')
    sections.push(`macro ${macro.name}(${parameters}) ${blockText(macro.body, '')}\n`)
  }
  for (const f of script.functions) {
    const parameters = f.parameters.map(p => `${p.variable.name} : ${typeText(p.type)}`).join(', ')
    sections.push(`fn ${f.name}(${parameters}) : ${typeText(f.returnType)} ${blockText(f.body, '')}\n`)
  }
  for (const probe of script.probes) sections.push(probeText(probe))
  return readable(sections.join('\n'))
}

function probeText(probe: Probe): string {
  const points = probe.attachPoints.map(a => a.raw).join(',\n')
  const predicate = probe.predicate === null ? '' : ` / ${expressionText(probe.predicate, '')} /`
  return `${points}${predicate} ${blockText(probe.body, '')}\n`
}

/** `{ … }` over several lines; `indent` is that of the line it starts on. */
export function blockText(block: Block, indent: string): string {
  const inner = `${indent}  `
  const lines = block.statements.map(s => `${inner}${statementText(s, inner)}\n`)
  if (block.value !== null) lines.push(`${inner}${expressionText(block.value, inner)}\n`)
  return lines.length === 0 ? '{ }' : `{\n${lines.join('')}${indent}}`
}

export function ifText(node: If, indent: string): string {
  const head = `if (${expressionText(node.condition, indent)}) ${blockText(node.then, indent)}`
  if (node.otherwise === null) return head
  const otherwise =
    node.otherwise.kind === 'if' ? ifText(node.otherwise, indent) : blockText(node.otherwise, indent)
  return `${head} else ${otherwise}`
}

function statementText(statement: Statement, indent: string): string {
  switch (statement.kind) {
    case 'expression': {
      const { expression } = statement
      if (expression.kind === 'if') return ifText(expression, indent)
      if (expression.kind === 'block') return blockText(expression, indent)
      return `${expressionText(expression, indent)};`
    }
    case 'let': {
      const type = statement.type === null ? '' : ` : ${typeText(statement.type)}`
      const value = statement.value === null ? '' : ` = ${expressionText(statement.value, indent)}`
      return `let ${statement.variable.name}${type}${value};`
    }
    case 'assignment': {
      const target = expressionText(statement.target, indent)
      return `${target} ${statement.operator ?? ''}= ${expressionText(statement.value, indent)};`
    }
    case 'discard':
      return `_ = ${expressionText(statement.value, indent)};`
    case 'while':
      return `while (${expressionText(statement.condition, indent)}) ${blockText(statement.body, indent)}`
    case 'unroll':
      return `unroll (${expressionText(statement.count, indent)}) ${blockText(statement.body, indent)}`
    case 'for': {
      const { iterable } = statement
      const over =
        iterable.kind === 'map'
          ? iterable.name
          : `${operandText(iterable.start, indent)}..${operandText(iterable.end, indent)}`
      return `for (${statement.variable.name} : ${over}) ${blockText(statement.body, indent)}`
    }
    case 'jump':
      return statement.value === null
        ? `${statement.jump};`
        : `${statement.jump} ${expressionText(statement.value, indent)};`
    case 'import':
      return `import ${quoted(statement.path)};`
  }
}

/** The ends of a range are operands: anything with operators goes into parentheses. */
function operandText(expression: Expression, indent: string): string {
  return expressionText(expression, indent, 12)
}

/** A type as it is written. */
export function typeText(type: TypeSyntax): string {
  switch (type.kind) {
    case 'named-type':
      return type.name
    case 'tagged-type':
      return `${type.tag} ${type.name}`
    case 'pointer-type':
      return `${typeText(type.target)}*`
    case 'array-type':
      return `${typeText(type.element)}[${type.count ?? ''}]`
    case 'typeof':
      return `typeof(${operandOf(type.operand)})`
  }
}

/** What stands in `sizeof( )` and the like: a type or an expression. */
export function operandOf(operand: TypeSyntax | Expression): string {
  if (operand.kind === 'typeof' || operand.kind.endsWith('-type')) return typeText(operand as TypeSyntax)
  const text = expressionText(operand as Expression, '')
  // "a[1]" would be a type
  return operand.kind === 'index' ? `(${text})` : text
}

/** A byte string as a literal. */
export function quoted(text: string): string {
  let literal = '"'
  for (const byte of bytesOf(text)) {
    const short = escapes[byte]
    if (short !== undefined) literal += short
    else if (byte < 32 || byte === 127) literal += `\\${byte.toString(8).padStart(3, '0')}`
    else literal += String.fromCharCode(byte)
  }
  return `${literal}"`
}

const escapes: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' }

const settingText = (value: bigint | boolean | string): string =>
  typeof value === 'string' ? quoted(value) : `${value}`
