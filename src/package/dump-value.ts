// A value as ecli writes it: JSON, enumerators with their number, structs with the name of their type.

import {
  type Btf,
  type BtfComposite,
  type BtfType,
  type BtfValue,
  findMember,
  resolve,
} from '../btf/index.ts'

/** Text of JSON. 64-bit numbers are written digit by digit; 128-bit ones are strings, as JSON readers have no number so long. */
export function dumpJson(btf: Btf, declared: BtfType, value: BtfValue): string {
  const type = resolve(btf, declared)
  switch (typeof value) {
    case 'bigint':
      return type.kind === 'int' && type.sizeBytes > 8 ? `"${value}"` : value.toString()
    case 'number':
      // a value without a name
      if (type.kind === 'enum' || type.kind === 'enum64') return `"<UNKNOWN_VARIANT>(${value})"`
      return Number.isFinite(value) ? String(value) : 'null'
    case 'string':
      return JSON.stringify(type.kind === 'enum' || type.kind === 'enum64' ? enumerator(type, value) : value)
    case 'boolean':
      return String(value)
  }
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('hex')}"`
  if (Array.isArray(value)) {
    const element = type.kind === 'array' ? btf.type(type.elementTypeId) : type
    return `[${value.map(each => dumpJson(btf, element, each)).join(',')}]`
  }
  if (type.kind !== 'struct' && type.kind !== 'union') return 'null'
  const members = Object.entries(value).map(
    ([name, each]) => `,${JSON.stringify(name)}:${dumpJson(btf, memberType(btf, type, name), each)}`,
  )
  return `{"__EUNOMIA_TYPE":"${type.kind}","__EUNOMIA_TYPE_NAME":${JSON.stringify(type.name)}${members.join('')}}`
}

const memberType = (btf: Btf, struct: BtfComposite, name: string): BtfType => {
  const found = findMember(btf, struct, name)
  return found === undefined ? struct : btf.type(found.member.typeId)
}

function enumerator(type: BtfType & { readonly kind: 'enum' | 'enum64' }, name: string): string {
  for (const each of type.values) if (each.name === name) return `${name}(${each.value})`
  return name
}

/** The same on a line for a person: text without quotes, and nothing in it that moves the cursor. */
export function dumpText(btf: Btf, type: BtfType, value: BtfValue): string {
  const json = dumpJson(btf, type, value)
  if (!json.startsWith('"')) return json
  return (JSON.parse(json) as string).replace(CONTROLS, asEscape)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g

const asEscape = (char: string): string => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
