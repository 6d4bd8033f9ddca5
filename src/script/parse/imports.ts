// `import`: scripts are merged into the one that imports them, headers join its C part.

import type { ImportStatement, NodeIds } from '../ast.ts'
import type { Header } from '../c/index.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { addSource, byteString, readable, type Sources } from '../source.ts'
import { imports as messages } from './macro-messages.ts'
import { type ParsedFile, parseFile } from './program.ts'

/** A file that an import names; a directory names several. */
export interface ImportedFile {
  /** unique: a file is imported once */
  readonly name: string
  readonly content: string | Uint8Array
}

/** The files behind an import, or why there are none. Who reads files also refuses unsafe ones. */
export type ImportReader = (
  path: string,
  from: string,
) =>
  | { readonly files: readonly ImportedFile[]; readonly directory?: boolean }
  | { readonly checked: readonly string[] }
  | { readonly problem: string }

export class Importer {
  /** headers to be read before the script's own C part */
  readonly headers: Header[] = []
  private readonly seen = new Set<string>()
  private readonly read: ImportReader
  private readonly sources: Sources
  private readonly ids: NodeIds
  private readonly diagnostics: Diagnostics

  constructor(read: ImportReader, sources: Sources, ids: NodeIds, diagnostics: Diagnostics) {
    this.read = read
    this.sources = sources
    this.ids = ids
    this.diagnostics = diagnostics
  }

  /** Follows the imports of a file; what they bring goes before what it has itself, so that its probes run first. */
  follow(into: ParsedFile): void {
    const before: ParsedFile[] = []
    for (const statement of [...into.imports, ...into.blockImports]) this.followOne(statement, before)
    for (const list of mergedLists) {
      const merged = before.flatMap(file => file[list] as unknown[])
      ;(into[list] as unknown[]).unshift(...merged)
    }
    if (before.some(file => file.hasTypeArguments)) into.hasTypeArguments = true
  }

  private followOne(statement: ImportStatement, before: ParsedFile[]): void {
    const { path, span } = statement
    const found = this.read(readable(path), this.sources.files[span.file]!.name)
    if ('problem' in found) {
      this.diagnostics.report(messages.unreadable, span, { path, problem: byteString(found.problem) })
      return
    }
    if ('checked' in found) {
      const hints = found.checked.length === 0 ? [] : [`checked: ${found.checked.join(',')}`]
      this.diagnostics.report(messages.notFound, span, {}, { hints })
      return
    }
    for (const file of found.files) {
      if (this.seen.has(file.name)) continue
      this.seen.add(file.name)
      this.add(file, statement, before, found.directory === true)
    }
  }

  private add(file: ImportedFile, statement: ImportStatement, before: ParsedFile[], lenient: boolean): void {
    const { name } = file
    const path = byteString(name)
    if (name.endsWith('.h')) {
      this.headers.push(file)
    } else if (name.endsWith('.bt')) {
      const parsed = parseFile(addSource(this.sources, name, file.content), this.ids, this.diagnostics)
      if (parsed.config !== null) this.diagnostics.report(messages.configInside, parsed.config.span)
      this.follow(parsed)
      before.push(parsed)
    } else if (name.endsWith('.bpf.c') || name.endsWith('.bpf.o')) {
      this.diagnostics.report(messages.needsCompiler, statement.span, { path })
    } else if (!lenient) {
      this.diagnostics.report(messages.unknownType, statement.span, { path })
    }
  }
}

const mergedLists = ['cStatements', 'mapDeclarations', 'macros', 'functions', 'probes'] as const
