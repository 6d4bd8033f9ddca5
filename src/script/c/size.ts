// Sizes that constant expressions ask for, `char x[sizeof(struct s)]`: only of what the unit defines itself.

import type { CRecord, CType } from './type.ts'
import { type CUnit, enumOf, recordOf, typedefOf } from './unit.ts'

interface Extent {
  readonly size: number
  readonly align: number
}

/** Bytes of a type; null when it is not known here (BTF is asked later) or has bit fields. */
export function sizeOfCType(unit: CUnit, type: CType): number | null {
  return extentOf(unit, type, 0)?.size ?? null
}

/** Types can lead in circles. */
const maxDepth = 50

function extentOf(unit: CUnit, type: CType, depth: number): Extent | null {
  if (depth > maxDepth) return null
  switch (type.kind) {
    case 'void':
    case 'function':
      return { size: 1, align: 1 }
    case 'integer':
    case 'float':
      return { size: type.sizeBytes, align: type.sizeBytes }
    case 'pointer':
      return { size: 8, align: 8 }
    case 'enum': {
      const definition = enumOf(unit, type)
      if (definition === undefined) return null
      const isWide = definition.values.some(v => v.value > 0xffff_ffffn || v.value < -0x8000_0000n)
      return isWide ? { size: 8, align: 8 } : { size: 4, align: 4 }
    }
    case 'array': {
      const element = extentOf(unit, type.element, depth + 1)
      return element === null ? null : { size: element.size * (type.count ?? 0), align: element.align }
    }
    case 'named': {
      const target = typedefOf(unit, type.name)
      return target === undefined ? null : extentOf(unit, target, depth + 1)
    }
    case 'record': {
      const definition = recordOf(unit, type)
      return definition === undefined ? null : extentOfRecord(unit, definition, depth)
    }
  }
}

function extentOfRecord(unit: CUnit, record: CRecord, depth: number): Extent | null {
  let size = 0
  let align = record.alignBytes ?? 1
  for (const member of record.members) {
    const extent = member.bits === null ? extentOf(unit, member.type, depth + 1) : null
    if (extent === null) return null
    const own = Math.max(record.packed || member.packed ? 1 : extent.align, member.alignBytes ?? 1)
    align = Math.max(align, own)
    if (record.tag === 'union') size = Math.max(size, extent.size)
    else size = Math.ceil(size / own) * own + extent.size
  }
  return { size: Math.ceil(size / align) * align, align }
}
