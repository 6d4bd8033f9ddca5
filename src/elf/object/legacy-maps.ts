// Maps as C declared them before BTF: variables of a plain struct in the section `maps`, as libbpf had them before 1.0 and as
// iproute2 still loads them.
//
//     struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags }
//     struct bpf_elf_map { u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx }     iproute2
//
// Longer definitions are taken when what follows is zero.

import type { MapSpec } from '../../spec/spec.ts'
import { FieldReader } from '../field-reader.ts'
import { sectionData } from '../section-data.ts'
import { type ReadContext, refuse } from './context.ts'
import type { PlacedMap } from './declared-maps.ts'

const LEGACY_BYTES = 20
const LEAST_BYTES = 16
const IPROUTE2_BYTES = 36
/** enum of iproute2's bpf_elf.h: 0 not pinned, 1 for the object, 2 in the global name space */
const PIN_GLOBAL = 2

/** Throws ObjectError. */
export function readLegacyMaps(context: ReadContext): PlacedMap[] {
  return context.elf.sections
    .filter(section => (section.name === 'maps' || section.name.startsWith('maps/')) && section.sizeBytes > 0)
    .flatMap(section => {
      const bytes = sectionData(context.elf, section)
      const symbols = (context.symbols.bySection.get(section.index) ?? [])
        .filter(symbol => !symbol.isSection && !symbol.isFunction && symbol.name !== '')
        .sort((a, b) => a.value - b.value)
      const raw = symbols.map((symbol, i) => {
        const end = symbols[i + 1]?.value ?? bytes.length
        const size = symbol.sizeBytes || end - symbol.value
        const place = { map: symbol.name, section: section.name }
        if (size < LEAST_BYTES || symbol.value + size > bytes.length)
          return refuse(context, `its definition of ${size} bytes at ${symbol.value} is cut off`, place)
        const fields = new FieldReader(bytes.subarray(symbol.value, symbol.value + size), context.elf)
        const words = Array.from({ length: Math.floor(size / 4) }, (_, at) => fields.u32(at * 4))
        const known = size >= IPROUTE2_BYTES ? IPROUTE2_BYTES : LEGACY_BYTES
        if (words.slice(known / 4).some(word => word !== 0))
          return refuse(context, `its definition of ${size} bytes has fields that are not known here`, place)
        return { symbol, size, words }
      })
      return raw.map(({ symbol, size, words }): PlacedMap => {
        const [, , , , , , pinning = 0, innerId = 0] = words
        const inner = innerId === 0 ? undefined : raw.find(other => other.words[5] === innerId)
        const spec = specOf(symbol.name, words)
        return {
          map: {
            ...spec,
            ...(inner === undefined ? {} : { inner: specOf(inner.symbol.name, inner.words) }),
            ...(pinning === PIN_GLOBAL ? { pinned: true } : {}),
            ...{ section: section.name, label: symbol.name, role: 'map', autocreate: true },
            ...{ keyTypeId: 0, valueTypeId: 0 },
          },
          section: section.index,
          offsetBytes: symbol.value,
          sizeBytes: size,
        }
      })
    })
}

function specOf(name: string, words: readonly number[]): MapSpec {
  const [type = 0, keySize = 0, valueSize = 0, maxEntries = 0, flags = 0] = words
  return { name, type, keySize, valueSize, maxEntries, ...(flags === 0 ? {} : { flags }) }
}
