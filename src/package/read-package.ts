// A package's text, in any of the three formats that eunomia has had:
//
//     { bpf_object, bpf_object_size, meta: { bpf_skel: {…}, export_types: [{ name, type_id, … }] } }     today's, since 0.3
//     { bpf_object, bpf_object_size, meta: { bpf_skel: {…}, export_types: { export_btf, structs } } }    the first of ecc
//     { data, data_sz, maps: [{ name, export_data_types }], progs }                                      before ecc

import { PackageError } from '../errors/index.ts'
import { isObject, JsonNode, type JsonObject, type JsonValue } from './json-value.ts'
import {
  type ExportConfig,
  type ExportType,
  type Interpreter,
  type PackageMap,
  type PackageProgram,
  type PackageSpec,
  type PackageVariable,
  type SampleType,
  STACK_PARTS,
} from './package-spec.ts'
import { decodeBase64, OBJECT_BYTES_MAX, unpackObject } from './unpack.ts'

/** Longer texts are refused. */
export const PACKAGE_BYTES_MAX = 128 << 20

/**
 * Reads a package.
 * @param file what messages call it
 * @throws PackageError with the path of the value that is wrong
 */
export function readPackage(text: string, file: string): PackageSpec {
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch (cause) {
    throw new PackageError(file, `is no JSON: ${(cause as Error).message}`, { cause })
  }
  const root = new JsonNode(file, value)
  if (!root.at('bpf_object').isEmpty) return readComposed(root, file)
  if (!root.at('data').isEmpty) return readFirstFormat(root, file)
  if (!root.at('bpf_skel').isEmpty)
    throw new PackageError(
      file,
      'describes an object but does not have it in it: pass package.json, which has both',
    )
  throw new PackageError(file, 'is no package: it has no "bpf_object"')
}

function readComposed(root: JsonNode, file: string): PackageSpec {
  const size = root.at('bpf_object_size')
  // the first packages of ecc do not say
  const object = unpackObject(root.at('bpf_object'), size.isEmpty ? undefined : size.count(OBJECT_BYTES_MAX))
  const meta = root.at('meta')
  const skeleton = meta.at('bpf_skel')
  skeleton.object()
  const doc = skeleton.at('doc')
  return {
    file,
    object,
    objectName: skeleton.at('obj_name').string(),
    doc: Object.fromEntries(
      ['version', 'brief', 'details', 'description'].flatMap(name => {
        const text = doc.at(name).optionalString()
        return text === undefined ? [] : [[name, text]]
      }),
    ),
    variables: skeleton.at('data_sections').list().flatMap(readSection),
    maps: skeleton.at('maps').list().map(readMap),
    programs: skeleton.at('progs').list().map(readProgram),
    exportTypes: readExportTypes(meta.at('export_types')),
    multipleTypes: meta.at('enable_multiple_export_types').flag(false),
    perfBufferPages: meta.at('perf_buffer_pages').isEmpty ? 64 : meta.at('perf_buffer_pages').count(1 << 16),
  }
}

function readSection(section: JsonNode): PackageVariable[] {
  const name = section.at('name').string()
  return section
    .at('variables')
    .list()
    .map(variable => {
      const argument = variable.at('cmdarg')
      const short = argument.at('short').optionalString()
      if (short !== undefined && !/^[^-=\s]$/u.test(short))
        throw argument.at('short').error(`"${short}" is not one letter`)
      const long = argument.at('long').optionalString()
      if (long !== undefined && !/^[^-=\s][^=\s]*$/.test(long))
        throw argument.at('long').error(`"${long}" is no name of an option`)
      const defaultValue = argument.at('default').value ?? undefined
      const help = argument.at('help').optionalString()
      const description = variable.at('description').optionalString()
      const value = variable.at('value').value ?? undefined
      return {
        section: name,
        name: variable.at('name').string(),
        type: variable.at('type').string(),
        ...(value === undefined ? {} : { value }),
        ...(description === undefined ? {} : { description }),
        argument: {
          ...(defaultValue === undefined ? {} : { default: defaultValue }),
          ...(long === undefined ? {} : { long }),
          ...(short === undefined ? {} : { short }),
          ...(help === undefined ? {} : { help }),
        },
        ignored: variable.at('ignore').value !== undefined && variable.at('ignore').value !== false,
      }
    })
}

function readMap(map: JsonNode): PackageMap {
  const sample = map.at('sample')
  const name = map.at('name').string()
  return {
    name,
    ident: map.at('ident').optionalString() ?? name,
    ...(sample.isEmpty
      ? {}
      : {
          sample: {
            intervalMs: Math.max(1, sample.at('interval').count(2 ** 31 - 1)),
            type: readSampleType(sample.at('type')),
            unit: sample.at('unit').optionalString() ?? '(unit)',
            clear: sample.at('clear_map').flag(false),
          },
        }),
    exportConfig: readExportConfig(map.at('export_config')),
    // spelled so by eunomia
    interpreter: readInterpreter(map.at('intepreter')),
  }
}

function readSampleType(type: JsonNode): SampleType {
  const text = type.optionalString() ?? 'default_kv'
  if (text === 'log2_hist' || text === 'linear_hist' || text === 'default_kv') return text
  throw type.error(`"${text}" is none of log2_hist, linear_hist, default_kv`)
}

const TYPE_ID_MAX = 0xffff_ffff

function readExportConfig(config: JsonNode): ExportConfig {
  if (config.isEmpty || config.value === 'no_export') return { kind: 'none' }
  if (config.value === 'default') return { kind: 'default' }
  if (!config.at('btf_type_id').isEmpty)
    return { kind: 'type', typeId: config.at('btf_type_id').count(TYPE_ID_MAX) }
  const members = config.at('custom_members')
  if (members.isEmpty) throw config.wrong('no_export, default, btf_type_id or custom_members')
  return {
    kind: 'members',
    members: members
      .list()
      .map(member => ({
        name: member.at('name').string(),
        offsetBytes: member.at('offset').count(TYPE_ID_MAX),
        typeId: member.at('btf_type_id').count(TYPE_ID_MAX),
      }))
      .sort((a, b) => a.offsetBytes - b.offsetBytes),
  }
}

function readInterpreter(interpreter: JsonNode): Interpreter {
  if (interpreter.isEmpty || interpreter.value === 'default_struct') return { kind: 'struct' }
  const stack = interpreter.at('stack_trace')
  if (stack.isEmpty) throw interpreter.wrong('default_struct or stack_trace')
  const map = stack.at('field_map')
  const members = Object.fromEntries(
    STACK_PARTS.map(part => [part, map.at(part).optionalString() ?? part]),
  ) as Record<(typeof STACK_PARTS)[number], string>
  return { kind: 'stack', members, withSymbols: stack.at('with_symbols').flag(true) }
}

function readProgram(program: JsonNode): PackageProgram {
  const { name: _, attach: __, link: ___, ...extra } = program.object()
  return {
    name: program.at('name').string(),
    // the first packages of ecc do not say; the object does
    section: program.at('attach').optionalString() ?? '',
    extra,
  }
}

function readExportTypes(types: JsonNode): ExportType[] {
  if (!isObject(types.value ?? undefined))
    return types.list().map(type => ({
      kind: 'id',
      name: type.at('name').string(),
      typeId: type.at('type_id').count(TYPE_ID_MAX),
    }))
  const btf = decodeBase64(types.at('export_btf'))
  return types
    .at('structs')
    .list()
    .map(type => ({
      kind: 'btf',
      btf,
      name: type.at('name').string(),
      typeId: type.at('id').count(TYPE_ID_MAX),
    }))
}

function readFirstFormat(root: JsonNode, file: string): PackageSpec {
  const maps = root.at('maps').list()
  return {
    file,
    object: unpackObject(root.at('data'), root.at('data_sz').count(OBJECT_BYTES_MAX)),
    objectName: root.at('name').optionalString() ?? 'package',
    doc: {
      ...optional('version', root.at('version').optionalString()),
      ...optional('description', root.at('description').optionalString()),
    },
    variables: [],
    maps: maps.map(readMap),
    programs: root.at('progs').list().map(readProgram),
    exportTypes: maps.flatMap(map => {
      const type = map.at('export_data_types')
      return type.isEmpty ? [] : [readSpelledType(type, map.at('name').string())]
    }),
    multipleTypes: false,
    perfBufferPages: 64,
  }
}

const optional = (name: string, value: string | undefined): JsonObject & Record<string, string> =>
  value === undefined ? {} : { [name]: value }

/** Sizes and offsets are in bits there. */
function readSpelledType(type: JsonNode, map: string): ExportType {
  return {
    kind: 'members',
    map,
    name: type.at('Struct Name').optionalString() ?? 'event',
    sizeBytes: Math.ceil(type.at('Size').count(TYPE_ID_MAX) / 8),
    members: type
      .at('Fields')
      .list()
      .map(field => ({
        name: field.at('Name').string(),
        type: field.at('Type').string(),
        offsetBytes: Math.floor(field.at('FieldOffset').count(TYPE_ID_MAX) / 8),
      })),
  }
}
