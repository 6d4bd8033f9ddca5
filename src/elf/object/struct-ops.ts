// Tables of programs that take the place of one of the kernel's own: variables of the sections `.struct_ops` (registered by
// writing them) and `.struct_ops.link` (attached by a link), with pointers to programs in them.

import { resolve, sizeOf } from '../../btf/index.ts'
import { BPF_F_LINK, BPF_MAP_TYPE_STRUCT_OPS } from '../../sys/bpf-constants.generated.ts'
import { sectionData } from '../section-data.ts'
import type { CompiledMap } from './compiled-object.ts'
import { type ReadContext, refuse, relocationsOf, whyNoTypes } from './context.ts'

const SECTION = /^\?*\.struct_ops(\.link)?$/

export const isStructOps = (name: string): boolean => SECTION.test(name)

/** Sizes are the program's own for now: the kernel's struct may be another, which loading finds. Throws ObjectError. */
export function readStructOps(context: ReadContext): CompiledMap[] {
  const { btf, elf } = context
  const sections = elf.sections.filter(section => isStructOps(section.name) && section.sizeBytes > 0)
  return sections.flatMap(section => {
    const datasec = btf?.find(section.name, 'datasec')
    if (btf === undefined || datasec === undefined)
      return refuse(context, `is described by BTF, ${whyNoTypes(elf)}`, {
        section: section.name,
      })
    const bytes = sectionData(elf, section)
    const relocations = relocationsOf(context, section)
    const symbols = context.symbols.bySection.get(section.index) ?? []
    return datasec.vars.map(({ typeId }): CompiledMap => {
      const variable = btf.type(typeId)
      const place = { map: variable.name, section: section.name }
      const type = variable.kind === 'var' ? resolve(btf, btf.type(variable.typeId)) : variable
      if (type.kind !== 'struct') return refuse(context, `is ${type.kind} and not a struct`, place)
      const symbol = symbols.find(each => each.name === variable.name)
      if (symbol === undefined) return refuse(context, 'its variable has no symbol', place)
      const sizeBytes = sizeOf(btf, type)
      if (symbol.value + sizeBytes > bytes.length)
        return refuse(context, 'reaches past the end of its section', place)
      const functionPointers = new Map<number, string>()
      for (const { offset, symbol: target } of relocations.values())
        if (offset >= symbol.value && offset < symbol.value + sizeBytes && target.isFunction)
          functionPointers.set(offset - symbol.value, target.name)
      return {
        name: variable.name,
        type: BPF_MAP_TYPE_STRUCT_OPS,
        ...{ keySize: 4, valueSize: sizeBytes, maxEntries: 1 },
        ...(section.name.endsWith('.link') ? { flags: BPF_F_LINK } : {}),
        ...{ section: section.name, label: variable.name, role: 'structOps' },
        ...{ keyTypeId: 0, valueTypeId: type.id, functionPointers },
        data: Uint8Array.from(bytes.subarray(symbol.value, symbol.value + sizeBytes)),
        autocreate: !section.name.startsWith('?'),
      }
    })
  })
}
