// A program of an object: settings until the object is loaded, then the program, and the links that attach it.

import type { CompiledProgram } from '../elf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import type { Link } from '../link/index.ts'
import type { Program } from '../program/index.ts'
import { type AttachOptions, attachProgram } from './attach.ts'

/** What can be set of a program before it is loaded. */
export type ProgramSettings = Partial<
  Pick<
    ObjectProgram,
    'type' | 'expectedAttachType' | 'flags' | 'ifindex' | 'attachTo' | 'attachToProgram' | 'logLevel'
  >
>

export class ObjectProgram {
  readonly name: string
  /** the same: what it is known by among programs and maps */
  readonly label: string
  /** as SEC() has it */
  readonly section: string
  readonly source: CompiledProgram
  /** BPF_PROG_TYPE_*; 0 when the section does not say */
  type: number
  /** BPF_* */
  expectedAttachType: number | undefined
  /** false: not loaded */
  autoload: boolean
  /** false: `attach()` of the object passes it over */
  autoattach = true
  /** BPF_F_* of BPF_PROG_LOAD */
  flags: number
  /** as `logLevel` of the object's loading, for this program alone */
  logLevel: number | undefined
  /** network interface that the program is bound to (BPF_F_XDP_DEV_BOUND_ONLY) */
  ifindex: number | undefined
  /** what programs of a tracing type attach to, or an extension replaces: from the section unless set */
  attachTo: string | undefined
  /** for extensions, and tracing of a program: the program that has the function `attachTo` */
  attachToProgram: { readonly fd: number } | undefined
  #program: Program | undefined
  readonly #links: Link[] = []

  constructor(source: CompiledProgram) {
    this.source = source
    this.name = source.name
    this.label = source.name
    this.section = source.section
    this.type = source.type
    this.expectedAttachType = source.expectedAttachType
    this.autoload = source.autoload
    this.flags = source.flags ?? 0
    this.attachTo = source.sectionName?.target
  }

  /** The loaded program. Throws BeetraceError `OBJECT_USE` before loading, or when it was left out. */
  get program(): Program {
    if (this.#program !== undefined) return this.#program
    throw new BeetraceError('OBJECT_USE', `program "${this.name}" (${this.section}) is not loaded`)
  }

  get loaded(): boolean {
    return this.#program !== undefined
  }

  /** Whether the section says all that attaching needs. */
  get attachesItself(): boolean {
    const { sectionName } = this.source
    const attach = sectionName?.definition.attach
    if (attach === undefined || attach === 'structOps') return false
    // without a target only what was told its target at load knows where to go
    return attach === 'tracing' || attach === 'lsm' || attach === 'iterator' || this.attachTo !== undefined
  }

  /**
   * Attaches it as its section says, or as `options` say. The link is closed with the object.
   * @throws BeetraceError `OBJECT_USE` when neither says where; what attaching throws
   */
  attach(options: AttachOptions = {}): Link {
    return this.adopt(attachProgram(this, options))
  }

  /** Has a link closed with the object. */
  adopt(link: Link): Link {
    this.#links.push(link)
    return link
  }

  get links(): readonly Link[] {
    return this.#links
  }

  hold(program: Program): void {
    this.#program = program
  }

  /** Closes its links; the program stays loaded. */
  detach(): void {
    for (const link of this.#links.splice(0).reverse()) link.close()
  }

  close(): void {
    this.detach()
    this.#program?.close()
    this.#program = undefined
  }
}

export function settingsOf(program: ObjectProgram): ProgramSettings {
  const { type, expectedAttachType, flags, ifindex, attachTo, attachToProgram, logLevel } = program
  return { type, expectedAttachType, flags, ifindex, attachTo, attachToProgram, logLevel }
}
