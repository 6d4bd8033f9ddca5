// The description of a compiled object that a package carries (`bpf_skel`): its variables, maps and programs, in eunomia's words.

import { type Btf, cTypeName } from '../btf/index.ts'
import type { CompiledMap, CompiledObject } from '../elf/index.ts'
import type { DocComments } from './doc-comments.ts'
import type { JsonObject, JsonValue } from './json-value.ts'

/** The sections whose variables eunomia's loader sets. */
const SETTABLE_SECTIONS = ['.rodata', '.bss']

/**
 * What ecc writes as `bpf_skel`.
 * @param objectName `execsnoop_bpf`; names of data maps start with its first letters
 * @param comments of the source, by what they stand above
 */
export function describeObject(
  object: CompiledObject,
  objectName: string,
  comments: DocComments,
): JsonObject {
  const sections = object.maps.filter(({ label }) => SETTABLE_SECTIONS.includes(label))
  return {
    data_sections: sections.flatMap(map => {
      const variables = describeVariables(object.btf, map, comments)
      return variables.length === 0 ? [] : [{ name: map.label, variables }]
    }),
    maps: object.maps
      .filter(({ role }) => role !== 'structOps')
      .map(map => describeMap(map, objectName, comments)),
    progs: object.programs
      .filter(({ autoload }) => autoload)
      .map(({ name, section }) => ({ ...comments.get(name), attach: section, link: true, name })),
    obj_name: objectName,
    ...describeLicense(comments),
  }
}

function describeVariables(
  btf: Btf | undefined,
  { variables = [] }: CompiledMap,
  comments: DocComments,
): JsonObject[] {
  if (btf === undefined) return []
  return variables
    .filter(({ isStatic, typeId }) => !isStatic && typeId !== 0)
    .map(({ name, typeId }) => ({ ...comments.get(name), name, type: cTypeName(btf, typeId) }))
}

function describeMap(map: CompiledMap, objectName: string, comments: DocComments): JsonObject {
  if (map.role === 'map') return { ...comments.get(map.label), ident: map.label, name: map.label }
  // `.rodata.str1.1` keeps its name, `.rodata` is told from other objects'
  const isPlain = map.label.lastIndexOf('.') === 0
  const suffix = map.label.length
  const prefix = objectName.slice(0, OBJECT_NAME_CHARS - Math.max(7, suffix) - 1)
  // what is never written or read from outside is not mapped by libbpf either
  const isMapped = (map.variables ?? []).some(({ isStatic }) => !isStatic)
  return {
    ident: map.label.replace(/^\./, '').replaceAll('.', '_'),
    ...(isMapped ? { mmaped: true } : {}),
    name: isPlain ? `${prefix}${map.label}` : map.label,
  }
}

/** BPF_OBJ_NAME_LEN */
const OBJECT_NAME_CHARS = 16

/** What stands above the licence is about the whole. */
function describeLicense(comments: DocComments): JsonObject {
  const about = comments.get('LICENSE')
  if (about === undefined) return {}
  const words = Object.entries(about).filter(
    (each): each is [string, string] =>
      ['version', 'brief', 'details', 'description'].includes(each[0]) && typeof each[1] === 'string',
  )
  return words.length === 0 ? {} : { doc: Object.fromEntries(words) }
}

/**
 * What ecc writes as `export_types`: structs of the object by their names. The first is what eunomia takes for the records.
 * Names that the object has no struct of are left out.
 */
export function describeExportTypes(btf: Btf, names: readonly string[]): JsonObject[] {
  return names.flatMap(name => {
    const type = btf.find(name, 'struct')
    if (type === undefined) return []
    const members = type.members.map(
      (member): JsonValue => ({ name: member.name, type: cTypeName(btf, member.typeId) }),
    )
    return [{ members, name, size: type.sizeBytes, type_id: type.id }]
  })
}

/** Names of the structs that a header defines, in its order. */
export function definedStructs(header: string): string[] {
  const text = header.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ')
  const names = [...text.matchAll(/\bstruct\s+(\w+)\s*(?:__attribute__\s*\(\([^)]*\)\)\s*)?\{/g)].map(
    found => found[1]!,
  )
  return [...new Set(names)]
}

/** Appended to a source: variables that keep the structs in the object's types although no code refers to them by name. */
export const structKeepers = (names: readonly string[]): string =>
  names
    .map(name => `const volatile struct ${name} *__eunomia_dummy_${name}_ptr __attribute__((unused));\n`)
    .join('')
