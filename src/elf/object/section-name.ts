// The name of a program's section, taken apart: `?uprobe.s//bin/sh:main` is a sleepable uprobe on `/bin/sh:main` that is not
// loaded unless asked for.

import { nearNames } from '../../btf/near-names.ts'
import { type SectionDefinition, sectionDefinitions } from './section-definitions.ts'

export interface SectionName {
  /** as written */
  readonly name: string
  readonly definition: SectionDefinition
  /** what stands behind the first slash: `vfs_read`, `sched/sched_switch`; undefined for a bare name */
  readonly target: string | undefined
  /** false with a `?` in front */
  readonly autoload: boolean
}

/**
 * Undefined for a name that no program type has. As libbpf has it, the name must be the definition's, followed by a target
 * only where the definition takes one; names that are followed by something all the same (`socket/tail`, `xdp_pass`) are
 * what libbpf before 1.0 took, and are taken here by the longest definition.
 */
export function parseSectionName(section: string): SectionName | undefined {
  const autoload = !section.startsWith('?')
  const bare = autoload ? section : section.slice(1)
  const definition = exactly(bare) ?? loosely(bare)
  if (definition === undefined) return undefined
  const slash = bare.startsWith(`${definition.name}/`) ? definition.name.length : -1
  return { name: section, definition, target: slash < 0 ? undefined : bare.slice(slash + 1), autoload }
}

const byName = new Map(sectionDefinitions.map(each => [each.name, each]))

/** The name itself, or what stands before the slash of a target. Only names of definitions have slashes of their own. */
function exactly(name: string): SectionDefinition | undefined {
  const whole = byName.get(name)
  if (whole !== undefined) return whole
  const slash = name.indexOf('/')
  const before = slash < 0 ? undefined : byName.get(name.slice(0, slash))
  return before?.target === true ? before : undefined
}

/** A definition's name with anything behind a slash or an underscore. */
function loosely(name: string): SectionDefinition | undefined {
  let longest: SectionDefinition | undefined
  for (const each of sectionDefinitions) {
    const next = name[each.name.length]
    if (!name.startsWith(each.name) || (next !== '/' && next !== '_')) continue
    if (longest === undefined || each.name.length > longest.name.length) longest = each
  }
  return longest
}

/** For an error: the names near an unknown one, or all there are. */
export function knownSectionNames(section: string): string {
  const names = sectionDefinitions.map(each => each.name)
  const near = nearNames(section.replace(/^\?/, '').split('/')[0]!, names)
  if (near.length > 0) return `did you mean ${near.map(name => `SEC("${name}")`).join(' or ')}`
  return `known are ${names.join(', ')}`
}
