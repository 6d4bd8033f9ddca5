// A program of the system in bpftool's words: `id 7`, `name on_exec`, `tag 5be1f2…`, `pinned /sys/fs/bpf/p`.

import { BeetraceError, UsageError } from '../errors/index.ts'
import { Program } from '../program/index.ts'
import { findOnly } from './find-only.ts'

export const PROGRAM_WORDS = 'id ID|name NAME|tag TAG|pinned FILE'

export interface ProgramWords {
  readonly kind: 'id' | 'name' | 'tag' | 'pinned'
  readonly value: string
}

/** Takes two words off the front. Throws UsageError. */
export function takeProgramWords(words: string[], usage: string): ProgramWords {
  const [word = '', value] = words.splice(0, 2)
  const kind = (['id', 'name', 'tag', 'pinned'] as const).find(each => word !== '' && each.startsWith(word))
  if (kind === undefined || value === undefined)
    throw new UsageError(`a program is said by ${PROGRAM_WORDS}\nusage: ${usage}`)
  if (kind === 'id' && !/^\d+$/.test(value))
    throw new UsageError(`"${value}" is no id of a program\nusage: ${usage}`)
  return { kind, value }
}

/** The caller's to close. Throws SyscallError; BeetraceError `OBJECT_USE` when there is none, or more than one. */
export function openProgram({ kind, value }: ProgramWords): Program {
  if (kind === 'id') return Program.openById(Number(value))
  if (kind === 'pinned') return Program.openPinned(value)
  return findOnly(
    'prog',
    id => Program.openById(id),
    // the kernel keeps 15 characters of a name
    program => (kind === 'tag' ? program.info().tag === value : program.name === value.slice(0, 15)),
    count =>
      new BeetraceError(
        'OBJECT_USE',
        count === 0
          ? `there is no program with ${kind} "${value}"`
          : `${count} programs have ${kind} "${value}": say which by id`,
      ),
  )
}
