// The front of the language: `parseScript` turns the text of a script into its tree, with imports followed, the C part
// read and all macros expanded.

import type { NodeIds, Script } from '../ast.ts'
import { type CUnit, type IncludeReader, newUnit, readDefinitions } from '../c/index.ts'
import { Diagnostics } from '../diagnostics/diagnostics.ts'
import { addSource, type Sources } from '../source.ts'
import { expandCMacros } from './c-macros.ts'
import { Importer, type ImportReader } from './imports.ts'
import { isShallow, maxTreeDepth, refuseTypeArguments } from './inspect.ts'
import { expandMacros } from './macros.ts'
import { type ParsedFile, parseFile } from './program.ts'
import { addStandardMacros } from './standard-macros.ts'

export * from './attach-point.ts'
export * from './attach-point-target.ts'
export type { ImportedFile, ImportReader } from './imports.ts'
export { type IntegerResult, parseInteger } from './integer.ts'
export { printScript, typeText } from './print.ts'
export { expressionText } from './print-expression.ts'

export interface ParseOptions {
  /** finds headers; without it every `<…>` counts as missing and every `"…"` as an error */
  readonly readInclude?: IncludeReader
  /** finds imports; without it there are none to be found */
  readonly readImport?: ImportReader
  /** contents of `--include` files, read before the script's C part */
  readonly headers?: readonly { readonly name: string; readonly content: string | Uint8Array }[]
  /** C macros that are there from the start: `BPFTRACE_HAVE_BTF`, the architecture's */
  readonly defines?: Readonly<Record<string, string>>
  /** whether the language has a function of that name: a call that fits no macro of the script may mean it */
  readonly isBuiltin?: (name: string) => boolean
}

export interface ParsedScript {
  readonly script: Script
  /** what the C part defines */
  readonly c: CUnit
  readonly sources: Sources
  readonly diagnostics: Diagnostics
}

/**
 * Parses a script. `name` is what messages call it ("stdin" for -e). Never throws on any content: what is wrong is in
 * `diagnostics`, and when there are errors the tree is only good for looking at.
 */
export function parseScript(
  name: string,
  content: string | Uint8Array,
  options: ParseOptions = {},
): ParsedScript {
  const sources: Sources = { files: [] }
  const diagnostics = new Diagnostics()
  const nodes: NodeIds = { count: 0 }
  const parsed = parseFile(addSource(sources, name, content), nodes, diagnostics)

  const script = scriptOf(parsed, nodes)
  const readImport = options.readImport ?? (() => ({ checked: [] }))
  const importer = new Importer(readImport, sources, nodes, diagnostics)
  importer.follow(parsed)
  // a tree is at most as deep as it has nodes
  if (nodes.count > maxTreeDepth && !isShallow(rootsOf(parsed), diagnostics)) {
    return { script, c: newUnit(), sources, diagnostics }
  }

  const readInclude = options.readInclude ?? (() => undefined)
  const headers = [...(options.headers ?? []), ...importer.headers]
  const c = readDefinitions(script.cStatements, sources, diagnostics, readInclude, headers, options.defines)
  expandCMacros(script, c.macros, sources, diagnostics)
  const roots = [...script.probes, ...script.functions]
  addStandardMacros(script, sources, nodes, diagnostics)
  if (script.macros.length > 0) expandMacros(script, diagnostics, options.isBuiltin)
  if ((c.macros.size > 0 || script.macros.length > 0) && !isShallow(roots, diagnostics)) {
    return { script, c, sources, diagnostics }
  }
  if (parsed.hasTypeArguments || c.macros.size > 0) refuseTypeArguments(roots, diagnostics)
  return { script, c, sources, diagnostics }
}

const rootsOf = (parsed: ParsedFile) => [...parsed.probes, ...parsed.functions, ...parsed.macros]

/** The lists are shared with `parsed`: what imports add to it is the script's too. */
function scriptOf(parsed: ParsedFile, nodes: NodeIds): Script {
  const { header, config, cStatements, imports, mapDeclarations, macros, functions, probes } = parsed
  return { header, config, cStatements, imports, mapDeclarations, macros, functions, probes, nodes }
}
