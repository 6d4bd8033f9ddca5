// Writes the module of a skeleton: what `bee gen skeleton` prints.

import type { BtfComposite } from '../../btf/index.ts'
import type { CompiledMap, CompiledObject, Variable } from '../../elf/index.ts'
import { ObjectError } from '../../errors/index.ts'
import { MAP_TYPE_RULES } from '../../map/index.ts'
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF, bpfMapTypeNames } from '../../sys/index.ts'
import { eventType, KEPT_NAME } from '../event-type.ts'
import { loadedParts } from '../light/build-loader.ts'
import type { LightObject } from '../light/layout.ts'
import { comment, pascalCase, quoted, sectionProperty } from './names.ts'
import { propertyName, TypeText } from './type-text.ts'

export interface ModuleOptions {
  /** of the skeleton; by default the object's */
  readonly name?: string
  /** what the module imports from */
  readonly importFrom?: string
  /** the struct of a buffer's records, by its map's name, or of all of them: where the object does not say */
  readonly eventTypes?: string | Readonly<Record<string, string>>
  /** whether the kernel has a struct of that name: the object's own are records, rather */
  readonly isKernelType?: (name: string) => boolean
}

export interface SkeletonOptions extends ModuleOptions {
  /** the object's bytes, for the module to hold, the name of a file beside the module, or the object's light form, to hold that */
  readonly object:
    | { readonly bytes: Uint8Array }
    | { readonly file: string }
    | { readonly light: LightObject }
}

/** The text of a TypeScript module. Throws ObjectError for an event type that is not there. */
export function generateSkeleton(object: CompiledObject, options: SkeletonOptions): string {
  const name = options.name ?? object.name
  const pascal = pascalCase(name)
  const isLight = 'light' in options.object
  // a light one has what its loader loads
  const shown = isLight ? { ...object, ...loadedParts(object) } : object
  const { types, members, hints } = describe(shown, pascal, options)
  const opener = isLight ? 'openLightSkeleton' : 'openSkeleton'
  const bases = isLight ? ['LightObject', 'Skeleton'] : ['Skeleton']
  return [
    ...head(isLight ? 'skeleton -L' : 'skeleton', opener, bases, object, members, options),
    ...(types?.declarations ?? []),
    `export interface ${pascal} extends Skeleton {`,
    ...members,
    '}',
    '',
    '/** Opens the object: nothing is loaded yet. */',
    `export function open${pascal}(): ${pascal} {`,
    `  return ${opener}<${pascal}>(OBJECT${hints === '' ? '' : `, { ${hints} }`})`,
    '}',
    '',
    ...objectLines(name, options.object),
    '',
  ].join('\n')
}

/**
 * The same for an object that was linked into a larger one: the module finds what it names in what others have opened.
 * Throws ObjectError for an event type that is not there.
 */
export function generateSubskeleton(object: CompiledObject, options: ModuleOptions): string {
  const name = options.name ?? object.name
  const pascal = pascalCase(name)
  const { types, members, hints } = describe(object, pascal, options)
  const list = (key: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`  ${key}: [${names.map(quoted).join(', ')}],`]
  return [
    ...head('subskeleton', 'openSubskeleton', ['Subskeleton'], object, members, options),
    ...(types?.declarations ?? []),
    `export interface ${pascal} extends Subskeleton {`,
    ...members,
    '}',
    '',
    `/** What ${comment(fileName(object.file))} has become a part of: an object that is open, or its skeleton. */`,
    `export function open${pascal}(of: Subskeleton | Subskeleton['object']): ${pascal} {`,
    `  return openSubskeleton<${pascal}>(of, PARTS)`,
    '}',
    '',
    'const PARTS = {',
    `  name: ${quoted(name)},`,
    ...list(
      'programs',
      object.programs.map(each => each.name),
    ),
    ...list(
      'maps',
      namedMaps(object).map(each => each.label),
    ),
    ...list(
      'variables',
      variableSections(object).flatMap(({ variables }) => variables.map(each => each.name)),
    ),
    ...(hints === '' ? [] : [`  ${hints},`]),
    '}',
    '',
  ].join('\n')
}

interface Description {
  readonly types: TypeText | undefined
  /** lines of the interface */
  readonly members: readonly string[]
  /** what the module must say of buffers' records, or '' */
  readonly hints: string
}

function describe(object: CompiledObject, pascal: string, options: ModuleOptions): Description {
  const types = object.btf && new TypeText(object.btf, [...RESERVED, pascal, `open${pascal}`])
  const records: Record<string, string> = {}
  const members = [
    ...programMembers(object),
    ...mapMembers(object, types, records, options),
    ...sectionMembers(object, types),
  ]
  const hints = Object.entries(records).map(([label, type]) => `${propertyName(label)}: ${quoted(type)}`)
  return { types, members, hints: hints.length === 0 ? '' : `records: { ${hints.join(', ')} }` }
}

function head(
  what: string,
  opener: string,
  bases: readonly string[],
  object: CompiledObject,
  members: readonly string[],
  { importFrom }: ModuleOptions,
): string[] {
  const uses = USES.filter(word => members.some(line => new RegExp(`\\b${word}\\b`).test(line)))
  const imports = [opener, ...[...uses, ...bases].map(word => `type ${word}`)].sort(byName)
  return [
    `// Made by \`bee gen ${what}\` of ${comment(fileName(object.file))}: make it anew rather than change it.`,
    '',
    `import { ${imports.join(', ')} } from ${quoted(importFrom ?? 'beetrace')}`,
    '',
  ]
}

const USES = ['ObjectProgram', 'SkeletonMap', 'SkeletonRecords'] as const

/** Names that types of the object cannot have. */
const RESERVED = [
  ...[...USES, 'Skeleton', 'openSkeleton', 'OBJECT', 'Subskeleton', 'openSubskeleton', 'PARTS'],
  ...['LightObject', 'openLightSkeleton', 'Uint8Array', 'Disposable'],
]

const byName = (a: string, b: string): number => (bare(a) < bare(b) ? -1 : 1)
const bare = (text: string): string => text.replace(/^type /, '').toLowerCase()

const fileName = (path: string): string => path.replace(/^.*\//, '')

function programMembers({ programs }: CompiledObject): string[] {
  const lines = programs.map(
    ({ name, section }) =>
      `    /** ${comment(section)} */\n    readonly ${propertyName(name)}: ObjectProgram`,
  )
  return lines.length === 0 ? [] : ['  readonly programs: {', ...lines, '  }']
}

function mapMembers(
  object: CompiledObject,
  types: TypeText | undefined,
  records: Record<string, string>,
  options: ModuleOptions,
): string[] {
  const lines = namedMaps(object).map(map => {
    const text =
      map.type === BPF_MAP_TYPE_RINGBUF || map.type === BPF_MAP_TYPE_PERF_EVENT_ARRAY
        ? `SkeletonRecords<${recordType(object, map, types, records, options)}>`
        : `SkeletonMap<${keyType(map, types)}, ${valueType(map, types)}>`
    return `    /** ${mapLabel(map)} */\n    readonly ${propertyName(map.label)}: ${text}`
  })
  return lines.length === 0 ? [] : ['  readonly maps: {', ...lines, '  }']
}

const namedMaps = ({ maps }: CompiledObject): CompiledMap[] =>
  maps.filter(({ role }) => role === 'map' || role === 'structOps')

function mapLabel({ type, maxEntries }: CompiledMap): string {
  const name = bpfMapTypeNames[type] ?? `map of type ${type}`
  const unit = type === BPF_MAP_TYPE_RINGBUF ? 'bytes' : maxEntries === 1 ? 'entry' : 'entries'
  return maxEntries === 0 ? name : `${name}, ${maxEntries} ${unit}`
}

function recordType(
  object: CompiledObject,
  map: CompiledMap,
  types: TypeText | undefined,
  records: Record<string, string>,
  { eventTypes, isKernelType }: ModuleOptions,
): string {
  const type = recordStruct(object, map, eventTypes, isKernelType)
  // by its name is how the module finds it
  if (type === undefined || type.name === '' || types === undefined) return 'Uint8Array'
  records[map.label] = type.name
  return types.of(type.id)
}

function recordStruct(
  object: CompiledObject,
  map: CompiledMap,
  wanted: ModuleOptions['eventTypes'],
  isKernelType: ModuleOptions['isKernelType'],
): BtfComposite | undefined {
  const name = typeof wanted === 'string' ? wanted : wanted?.[map.label]
  if (name === undefined) {
    const found = eventType(object, map, isKernelType)
    return found.kind === 'found' ? found.type : undefined
  }
  const type = object.btf?.find(name, 'struct') ?? object.btf?.find(name, 'union')
  if (type !== undefined) return type
  throw new ObjectError(object.file, `has no struct "${name}" in its types`, { map: map.label })
}

function keyType({ keySize, keyTypeId }: CompiledMap, types: TypeText | undefined): string {
  return keySize === 0 ? 'undefined' : plainType(keyTypeId, keySize, types)
}

function valueType({ type, valueSize, valueTypeId }: CompiledMap, types: TypeText | undefined): string {
  const text = plainType(valueTypeId, valueSize, types)
  return MAP_TYPE_RULES[type]?.perCpu === true
    ? `readonly ${/^\w+$/.test(text) ? text : `(${text})`}[]`
    : text
}

/** As `SkeletonMap` reads what has no type. */
function plainType(typeId: number, sizeBytes: number, types: TypeText | undefined): string {
  if (typeId !== 0 && types !== undefined) return types.of(typeId)
  return [1, 2, 4].includes(sizeBytes) ? 'number' : sizeBytes === 8 ? 'bigint' : 'Uint8Array'
}

function sectionMembers(object: CompiledObject, types: TypeText | undefined): string[] {
  return variableSections(object).flatMap(({ map, variables }) => {
    const readonly = map.role === 'kconfig' ? 'readonly ' : ''
    const lines = variables.map(variable => `    ${readonly}${variableMember(variable, types)}`)
    return [
      `  /** ${comment(map.label)}: ${WHEN[whenOf(map)]} */`,
      `  readonly ${sectionProperty(map.label)}: {`,
      ...lines,
      '  }',
    ]
  })
}

interface VariableSection {
  readonly map: CompiledMap
  readonly variables: readonly Variable[]
}

const variableSections = ({ maps }: CompiledObject): VariableSection[] =>
  maps
    .filter(({ role }) => role !== 'structOps')
    // what only keeps a type says nothing
    .map(map => ({
      map,
      variables: (map.variables ?? []).filter(each => !each.isStatic && !KEPT_NAME.test(each.name)),
    }))
    .filter(({ variables }) => variables.length > 0)

const variableMember = ({ name, typeId }: Variable, types: TypeText | undefined): string =>
  `${propertyName(name)}: ${typeId === 0 || types === undefined ? 'Uint8Array' : types.of(typeId)}`

const WHEN = {
  constant: 'set before `load`, constant after it',
  variable: 'read and written at any time',
  kernel: 'what the kernel says, after `load`',
} as const

const whenOf = ({ role, frozen }: CompiledMap): keyof typeof WHEN =>
  role === 'kconfig' ? 'kernel' : frozen ? 'constant' : 'variable'

/** Lines of 96 characters: editors choke on longer ones. */
function objectLines(name: string, object: SkeletonOptions['object']): string[] {
  if ('file' in object)
    return [`const OBJECT = { name: ${quoted(name)}, file: ${quoted(object.file)}, beside: import.meta.url }`]
  const rest =
    'light' in object
      ? lightLines(object.light)
      : longText('base64', Buffer.from(object.bytes).toString('base64'))
  return [
    `const OBJECT${'light' in object ? ': LightObject' : ''} = {`,
    `  name: ${quoted(name)},`,
    ...rest,
    '}',
  ]
}

const longText = (key: string, base64: string): string[] => [
  `  ${key}: [`,
  ...(base64.match(/.{1,96}/g) ?? []).map(line => `    '${line}',`),
  `  ].join(''),`,
]

/** JSON is TypeScript. */
function lightLines({ name: _, instructions, data, signature, ...parts }: LightObject): string[] {
  const lists = Object.entries(parts).flatMap(([key, list]) =>
    key === 'types'
      ? [`  types: ${JSON.stringify(list)},`]
      : [`  ${key}: [`, ...(list as readonly unknown[]).map(each => `    ${JSON.stringify(each)},`), '  ],'],
  )
  return [
    ...lists,
    ...longText('instructions', instructions),
    ...longText('data', data),
    ...(signature === undefined ? [] : longText('signature', signature)),
  ]
}
