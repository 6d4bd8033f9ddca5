// A compiled object that cannot be understood or loaded: which object, section, program and instruction, and the line of
// source where there is one.

import { BeetraceError } from './errors.ts'

export interface ObjectPlace {
  readonly section?: string
  readonly program?: string
  readonly map?: string
  /** slot of the program, from 0 */
  readonly insn?: number
  /** `file.c:12: x = task->pid;` */
  readonly source?: string
}

/** Message: `tool.bpf.o: program "on_open" (kprobe/do_open): instruction 12: …\n  from tool.bpf.c:8: …`. */
export class ObjectError extends BeetraceError {
  /** as the user named it */
  readonly object: string
  readonly section: string | undefined
  readonly program: string | undefined
  readonly map: string | undefined
  readonly insn: number | undefined
  readonly source: string | undefined

  constructor(object: string, what: string, place: ObjectPlace = {}, options?: ErrorOptions) {
    super('OBJECT', message(object, what, place), options)
    this.object = object
    this.section = place.section
    this.program = place.program
    this.map = place.map
    this.insn = place.insn
    this.source = place.source
  }
}

function message(object: string, what: string, { section, program, map, insn, source }: ObjectPlace): string {
  const parts = [object]
  if (program !== undefined) parts.push(`program "${program}"${section === undefined ? '' : ` (${section})`}`)
  else if (map !== undefined) parts.push(`map "${map}"${section === undefined ? '' : ` (${section})`}`)
  else if (section !== undefined) parts.push(`section ${section}`)
  if (insn !== undefined) parts.push(`instruction ${insn}`)
  return `${parts.join(': ')}: ${what}${source === undefined ? '' : `\n  from ${source}`}`
}
