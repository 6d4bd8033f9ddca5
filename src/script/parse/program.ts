// The whole of a script: what may stand at its top level, and in which order.
//
//     #!…   C definitions   config and imports   probes, macros, functions, map declarations

import type {
  Config,
  ConfigSetting,
  CStatement,
  FunctionDefinition,
  ImportStatement,
  Macro,
  MapDeclaration,
  NodeIds,
  Parameter,
  Probe,
} from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import type { SourceFile } from '../source.ts'
import { isReservedBuiltin } from './builtin-names.ts'
import { startsCDefinition, takeCDefinition, takeCDirective } from './c-statement.ts'
import { endOfText, isDigit } from './characters.ts'
import { parseInteger } from './integer.ts'
import { syntax } from './messages.ts'
import { Parser } from './parser.ts'
import { parseMapName, parseVariable } from './primary.ts'
import { parseProbe } from './probe.ts'
import { parseBlock, parseImport } from './statement.ts'
import { takeString } from './string.ts'
import { isTag, parseTypeAnnotation } from './types.ts'

/** One file, as it is written: nothing imported, nothing expanded. */
export interface ParsedFile {
  header: string | null
  config: Config | null
  readonly cStatements: CStatement[]
  readonly imports: ImportStatement[]
  readonly mapDeclarations: MapDeclaration[]
  readonly macros: Macro[]
  readonly functions: FunctionDefinition[]
  readonly probes: Probe[]
  /** imports that stand inside blocks */
  blockImports: readonly ImportStatement[]
  /** types were passed to something, which only a macro may be */
  hasTypeArguments: boolean
}

/** Parses one file. Never throws: what is wrong goes to `diagnostics`, and what could be read is returned. */
export function parseFile(file: SourceFile, ids: NodeIds, diagnostics: Diagnostics): ParsedFile {
  const parsed: ParsedFile = {
    header: null,
    config: null,
    cStatements: [],
    imports: [],
    mapDeclarations: [],
    macros: [],
    functions: [],
    probes: [],
    blockImports: [],
    hasTypeArguments: false,
  }
  const p = new Parser(file, ids, diagnostics)
  const { scanner } = p
  const zero = scanner.text.indexOf('\0')
  if (zero !== -1) {
    p.report(syntax.binary, scanner.span(zero, zero + 1), {})
    return parsed
  }
  parseHeader(p, parsed)
  let stage: Stage = 'definitions'
  for (;;) {
    scanner.skipLayout()
    if (scanner.done) break
    const before = scanner.at
    stage = parseTopLevel(p, parsed, stage)
    if (p.panicking) recoverTopLevel(p)
    if (scanner.at === before) {
      p.report(syntax.unexpected, p.tokenSpan(), {})
      scanner.at = scanner.afterToken(before)
    }
  }
  parsed.blockImports = p.blockImports
  parsed.hasTypeArguments = p.hasTypeArguments
  return parsed
}

/** How far down the file we are: each stage refuses what belongs to the ones before it. */
type Stage = 'definitions' | 'settings' | 'body'

function parseHeader(p: Parser, parsed: ParsedFile): void {
  const { scanner } = p
  scanner.skipLayout()
  if (scanner.code !== hash || scanner.peek(1) !== 0x21) return
  const start = scanner.at
  const newline = scanner.text.indexOf('\n', start)
  scanner.at = newline === -1 ? scanner.end : newline + 1
  parsed.header = scanner.text.slice(start, scanner.at)
}

function parseTopLevel(p: Parser, parsed: ParsedFile, stage: Stage): Stage {
  const { scanner } = p
  const start = scanner.at
  const word = scanner.word
  const isDefinition = scanner.code === hash || ((isTag(word) || word === 'typedef') && startsCDefinition(p))
  if (isDefinition) {
    parsed.cStatements.push(scanner.code === hash ? takeCDirective(p) : takeCDefinition(p))
    if (stage !== 'definitions') p.report(syntax.cAfterProbes, scanner.span(start), {})
    return stage
  }
  if (word === 'config') {
    const config = parseConfig(p)
    const span = scanner.span(start, start + word.length)
    if (stage === 'body') p.report(syntax.configAfterProbes, span, {})
    else if (parsed.config !== null) p.report(syntax.configTwice, span, {})
    else parsed.config = config
    return stage === 'body' ? stage : 'settings'
  }
  if (word === 'import') {
    const imported = parseImport(p)
    if (stage === 'body') p.report(syntax.importAfterProbes, scanner.span(start, start + word.length), {})
    else parsed.imports.push(imported)
    return stage === 'body' ? stage : 'settings'
  }
  if (word === 'macro') {
    const macro = parseMacro(p)
    if (macro !== null) parsed.macros.push(macro)
  } else if (word === 'fn') {
    const definition = parseFunction(p)
    if (definition !== null) parsed.functions.push(definition)
  } else if (word === 'let') {
    const declaration = parseMapDeclaration(p)
    if (declaration !== null) parsed.mapDeclarations.push(declaration)
  } else {
    const probe = parseProbe(p)
    if (probe !== null) parsed.probes.push(probe)
  }
  return 'body'
}

/** Goes on behind the block that belongs to what failed, or behind its `;`, whichever comes first. */
function recoverTopLevel(p: Parser): void {
  const { scanner } = p
  while (!scanner.done) {
    const code = scanner.code
    if (code === semicolon) {
      scanner.at++
      break
    }
    if (code === openBrace) {
      const end = scanner.afterBalanced(scanner.at, openBrace, closeBrace)
      scanner.at = end === -1 ? scanner.end : end
      break
    }
    if (code === 0x22) {
      scanner.at = scanner.afterString(scanner.at)
      continue
    }
    scanner.at++
    scanner.skipLayout()
  }
  if (!scanner.done) p.panicking = false
}

/** `config = { name = value; … }` */
function parseConfig(p: Parser): Config | null {
  const { scanner } = p
  const start = scanner.at
  scanner.at += 6
  if (!p.expect(equals) || !p.expect(openBrace)) return null
  const settings: ConfigSetting[] = []
  for (;;) {
    scanner.skipLayout()
    if (scanner.code === closeBrace || scanner.code === endOfText) break
    const setting = parseSetting(p)
    if (setting !== null) settings.push(setting)
    scanner.skipLayout()
    if (scanner.code !== closeBrace) p.expect(semicolon)
    if (!p.panicking) continue
    while (!scanner.done && scanner.code !== closeBrace) scanner.at++
    if (!scanner.done) p.panicking = false
  }
  p.expect(closeBrace)
  return { kind: 'config', id: p.ids.count++, span: scanner.span(start), settings }
}

function parseSetting(p: Parser): ConfigSetting | null {
  const { scanner } = p
  const start = scanner.at
  const name = p.expectIdentifier('config key')
  if (name === '' || !p.expect(equals)) return null
  scanner.skipLayout()
  let value: ConfigSetting['value']
  if (scanner.code === 0x22) {
    value = takeString(p)
  } else if (isDigit(scanner.code)) {
    const valueStart = scanner.at
    const result = parseInteger(scanner.takeInteger().text)
    if (!result.ok) p.report(syntax.badConfigInteger, scanner.span(valueStart), {})
    value = result.ok ? result.value : 0n
  } else {
    const word = p.expectIdentifier('string, int, boolean, or ident')
    value = word === 'true' ? true : word === 'false' ? false : word
  }
  return { kind: 'config-setting', id: p.ids.count++, span: scanner.span(start), name, value }
}

/** `macro name($v, expression, @m) { … }` */
function parseMacro(p: Parser): Macro | null {
  const { scanner } = p
  const start = scanner.at
  scanner.at += 5
  const name = p.expectIdentifier('macro name')
  const span = scanner.span(start)
  if (name === '') return null
  const parameters: Macro['parameters'] = []
  // bpftrace's documentation leaves empty parentheses out, its parser does not
  const bare = scanner.codeAt(scanner.afterLayout(scanner.at)) === openBrace
  if (!bare && !p.expect(openParen)) return null
  if (!bare && !scanner.take(closeParen)) {
    do {
      const parameter = parseMacroParameter(p)
      if (parameter !== null) parameters.push(parameter)
    } while (scanner.take(comma))
    if (!p.expect(closeParen)) return null
  }
  const body = parseBlock(p, true)
  return { kind: 'macro', id: p.ids.count++, span, name, parameters, body }
}

function parseMacroParameter(p: Parser): Macro['parameters'][number] | null {
  const { scanner } = p
  scanner.skipLayout()
  const start = scanner.at
  if (scanner.code === 0x24) return parseVariable(p)
  if (scanner.code === 0x40) return parseMapName(p)
  const name = p.expectIdentifier('macro argument ($var, @map, or identifier)')
  if (name === '') return null
  if (isReservedBuiltin(name)) p.report(syntax.builtinAsParameter, scanner.span(start), { name })
  return { kind: 'identifier', id: p.ids.count++, span: scanner.span(start), name }
}

/** `fn name($x : T, …) : T { … }` */
function parseFunction(p: Parser): FunctionDefinition | null {
  const { scanner } = p
  const start = scanner.at
  scanner.at += 2
  const name = p.expectIdentifier('function name')
  const span = scanner.span(start)
  if (name === '' || !p.expect(openParen)) return null
  const parameters: Parameter[] = []
  if (!scanner.take(closeParen)) {
    do {
      const parameter = parseParameter(p)
      if (parameter === null) return null
      parameters.push(parameter)
    } while (scanner.take(comma))
    if (!p.expect(closeParen)) return null
  }
  if (!p.expect(colon)) return null
  const returnType = parseTypeAnnotation(p)
  if (returnType === null) return null
  const body = parseBlock(p, false)
  return { kind: 'function', id: p.ids.count++, span, name, parameters, returnType, body }
}

function parseParameter(p: Parser): Parameter | null {
  const { scanner } = p
  scanner.skipLayout()
  const start = scanner.at
  if (scanner.code !== 0x24) {
    p.fail('variable in function argument')
    return null
  }
  const variable = parseVariable(p)
  if (!p.expect(colon)) return null
  const type = parseTypeAnnotation(p)
  if (type === null) return null
  return { kind: 'parameter', id: p.ids.count++, span: scanner.span(start), variable, type }
}

/** `let @name = type(entries);` */
function parseMapDeclaration(p: Parser): MapDeclaration | null {
  const { scanner } = p
  const start = scanner.at
  scanner.at += 3
  scanner.skipLayout()
  if (scanner.code !== 0x40) {
    p.report(syntax.rootLet, scanner.span(start, start + 3), {})
    p.panicking = true
    return null
  }
  const { name } = parseMapName(p)
  if (!p.expect(equals)) return null
  const mapType = p.expectIdentifier('map type name')
  if (mapType === '' || !p.expect(openParen)) return null
  scanner.skipLayout()
  const result = isDigit(scanner.code) ? parseInteger(scanner.takeInteger().text) : ({ ok: false } as const)
  if (!result.ok) {
    p.report(syntax.badMapSize, p.tokenSpan(), {})
    p.panicking = true
    return null
  }
  if (!p.expect(closeParen)) return null
  scanner.take(semicolon)
  const maxEntries = Number(result.value)
  return {
    kind: 'map-declaration',
    id: p.ids.count++,
    span: scanner.span(start),
    name,
    mapType,
    maxEntries,
  }
}

const hash = 0x23
const openParen = 0x28
const closeParen = 0x29
const comma = 0x2c
const colon = 0x3a
const semicolon = 0x3b
const equals = 0x3d
const openBrace = 0x7b
const closeBrace = 0x7d
