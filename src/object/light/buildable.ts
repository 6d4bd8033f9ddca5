// What a loader within the kernel cannot do.

import {
  type CompiledMap,
  type CompiledObject,
  type CompiledProgram,
  knownSectionNames,
} from '../../elf/index.ts'
import { ObjectError } from '../../errors/index.ts'
import { attachesByBtf } from '../../program/index.ts'
import { BPF_MAP_TYPE_ARENA, BPF_PROG_TYPE_EXT } from '../../sys/index.ts'

/**
 * @param sealed nothing but what is in the loader counts
 * @throws ObjectError
 */
export function checkBuildable(
  { file, btf, externs }: CompiledObject,
  programs: readonly CompiledProgram[],
  maps: readonly CompiledMap[],
  sealed: boolean,
): void {
  if (btf?.littleEndian === false)
    throw new ObjectError(file, 'is made for big-endian machines, and light skeletons for little-endian ones')
  const asked = sealed ? externs.find(each => each.kind === 'kconfig') : undefined
  if (asked !== undefined)
    throw new ObjectError(
      file,
      `extern "${asked.name}" asks for the kernel's configuration, and what is signed is told nothing`,
    )
  for (const { label: map, section, role, pinned, type, mapExtra } of maps) {
    if (role === 'structOps')
      throw new ObjectError(file, 'is a struct_ops, which a light skeleton has no way to make', {
        map,
        section,
      })
    if (pinned === true)
      throw new ObjectError(file, 'is pinned by name, and a light skeleton makes all its maps anew', {
        map,
        section,
      })
    if (type === BPF_MAP_TYPE_ARENA && mapExtra === undefined)
      throw new ObjectError(
        file,
        'is an arena whose address is not fixed (map_extra): it must be mapped before programs are loaded',
        { map, section },
      )
  }
  for (const { name: program, section, type, sectionName, jumpTables } of programs) {
    const fail = (what: string): never => {
      throw new ObjectError(file, what, { program, section })
    }
    if (type === 0) fail(`the section name says no type of program: ${knownSectionNames(section)}`)
    if (type === BPF_PROG_TYPE_EXT)
      fail('replaces a function of a program that a light skeleton cannot be told of')
    if (attachesByBtf(type) && sectionName?.target === undefined)
      fail('its section names no target, and a light skeleton cannot be told one')
    if (jumpTables.length > 0) fail('jumps by tables, which a light skeleton cannot make')
  }
}
