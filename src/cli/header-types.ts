// `bee run --header FILE.h`: the structs of a tool's header, which its records are made by. Most objects do not have them in their
// own types, since a compiler keeps there only what maps, variables and functions are declared with.

import { readFileSync } from 'node:fs'
import { type Btf, type BtfComposite, nearNames } from '../btf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { hasVmlinuxBtf, vmlinuxBtf } from '../kernel/index.ts'
import { likelyEvent, type RecordLayout } from '../object/index.ts'
import { type IncludeReader, readDefinitions } from '../script/c/index.ts'
import { Diagnostics, printDiagnostics } from '../script/diagnostics/index.ts'
import type { Sources } from '../script/source.ts'
import { unitToBtf } from '../script/types/index.ts'
import { reasonOf } from './messages.ts'
import { headerReader } from './script-files.ts'

export class HeaderTypes {
  readonly #files: readonly string[]
  readonly #btf: Btf
  readonly #own: readonly BtfComposite[]
  readonly #unknown: readonly string[]

  /**
   * Reads headers. What they include is looked for beside them; other names are the kernel's types'.
   * @throws BeetraceError `HEADER` for a file that cannot be read, or understood
   */
  constructor(files: readonly string[]) {
    this.#files = files
    const sources: Sources = { files: [] }
    const diagnostics = new Diagnostics()
    const headers = files.map(name => ({ name, content: contentOf(name) }))
    const find = headerReader([])
    // the system's headers are not needed: their types are well known, or the kernel's
    const reader: IncludeReader = (name, form, from) =>
      find(name, form, from) ?? (form === 'system' ? { name, content: '' } : undefined)
    const unit = readDefinitions([], sources, diagnostics, reader, headers)
    if (diagnostics.errorCount > 0)
      throw new BeetraceError(
        'HEADER',
        `cannot read the definitions:\n${printDiagnostics(sources, diagnostics, { warnings: false }).trimEnd()}`,
      )
    const { btf, unknown } = unitToBtf(unit, hasVmlinuxBtf() ? vmlinuxBtf() : undefined)
    this.#btf = btf
    this.#own = ownStructs(btf)
    this.#unknown = unknown.map(({ type }) => type)
  }

  /** The struct of that name; undefined when the headers have none. */
  find(name: string): RecordLayout | undefined {
    const type = this.#own.find(each => each.name === name)
    return type === undefined ? undefined : { btf: this.#btf, type }
  }

  /** The struct that records are most likely made by. Throws BeetraceError `HEADER` when none, or several, may be it. */
  likely(): RecordLayout {
    const type = likelyEvent(this.#own)
    if (type !== undefined) return { btf: this.#btf, type }
    const files = this.#files.join(', ')
    if (this.#own.length > 0)
      throw new BeetraceError(
        'HEADER',
        `${files} has several structs: say which by --event-type (${this.#own.map(({ name }) => name).join(', ')})`,
      )
    throw new BeetraceError('HEADER', `${files} has no struct that is known whole${this.#missing()}`)
  }

  /** Throws BeetraceError `HEADER`. */
  get(name: string): RecordLayout {
    const found = this.find(name)
    if (found !== undefined) return found
    const near = nearNames(
      name,
      this.#own.map(each => each.name),
    )
    const hint = near.length > 0 ? `: did you mean ${near.join(', ')}?` : this.#missing()
    throw new BeetraceError(
      'HEADER',
      `neither the object nor ${this.#files.join(', ')} has a struct "${name}"${hint}`,
    )
  }

  #missing(): string {
    return this.#unknown.length === 0
      ? ''
      : `: ${this.#unknown.join(', ')} is not known, give its header as well`
  }
}

function ownStructs(btf: Btf): BtfComposite[] {
  const own: BtfComposite[] = []
  for (let id = btf.firstId; id < btf.firstId + btf.typeCount - (btf.base?.typeCount ?? 0); id++) {
    const type = btf.type(id)
    if ((type.kind === 'struct' || type.kind === 'union') && type.name !== '') own.push(type)
  }
  return own
}

function contentOf(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new BeetraceError('HEADER', `cannot read ${path}: ${reasonOf(cause)}`, { cause })
  }
}
