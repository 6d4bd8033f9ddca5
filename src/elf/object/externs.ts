// What an object expects of the kernel: its configuration (`__kconfig`), addresses and variables and functions (`__ksym`). They
// are undefined symbols, which BTF sorts into the sections `.kconfig` and `.ksyms`.

import { type Btf, resolve, sizeOf } from '../../btf/index.ts'
import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG, BPF_MAP_TYPE_ARRAY } from '../../sys/bpf-constants.generated.ts'
import type { CompiledMap, Extern } from './compiled-object.ts'
import { type ReadContext, refuse } from './context.ts'
import { dataMapName } from './data-maps.ts'

export const KCONFIG = '.kconfig'
const KSYMS = '.ksyms'

/** Throws ObjectError for a function that is none of the kernel's. */
export function readExterns(context: ReadContext): Extern[] {
  const { btf, symbols } = context
  const undefinedSymbols = (symbols.bySection.get(0) ?? []).filter(
    symbol => symbol.name !== '' && !symbol.isLocal,
  )
  if (undefinedSymbols.length === 0) return []
  if (btf === undefined) return []
  const declared = declaredExterns(btf)
  const externs: Extern[] = []
  const config: (Extern & { kind: 'kconfig'; alignBytes: number })[] = []
  for (const { name, isWeak: weak } of undefinedSymbols) {
    const found = declared.get(name)
    // what is used all the same is refused where it is used
    if (found === undefined) continue
    const { section, id: btfId } = found
    const type = btf.type(btfId)
    if (type.kind === 'func') {
      if (section !== KSYMS)
        return refuse(context, `extern function "${name}" must be declared with __ksym`, { section })
      externs.push({ name, weak, btfId, kind: 'function', typeId: type.typeId })
    } else if (type.kind === 'var' && section === KCONFIG) {
      const sizeBytes = sizeOf(btf, btf.type(type.typeId))
      const alignBytes = alignmentOf(btf, type.typeId)
      config.push({
        name,
        weak,
        btfId,
        kind: 'kconfig',
        typeId: type.typeId,
        sizeBytes,
        alignBytes,
        offsetBytes: 0,
      })
    } else if (type.kind === 'var') {
      const target = resolve(btf, btf.type(type.typeId))
      if (target.kind === 'void') externs.push({ name, weak, btfId, kind: 'address' })
      else externs.push({ name, weak, btfId, kind: 'variable', typeId: target.id })
    }
  }
  // by alignment (largest first), size and name, as libbpf: so that the layout does not depend on the order of symbols
  config.sort(
    (a, b) => b.alignBytes - a.alignBytes || a.sizeBytes - b.sizeBytes || (a.name < b.name ? -1 : 1),
  )
  let offset = 0
  for (const { alignBytes, ...each } of config) {
    const offsetBytes = Math.ceil(offset / alignBytes) * alignBytes
    externs.push({ ...each, offsetBytes })
    offset = offsetBytes + each.sizeBytes
  }
  return externs
}

/** A kernel's whole configuration has some 300 kB. */
const CONFIG_BYTES_MAX = 1 << 20

/** The map that the configuration is written to before loading; undefined when none is asked for. */
export function kconfigMap(
  context: ReadContext,
  externs: readonly Extern[],
  btfBytes: Uint8Array | undefined,
): CompiledMap | undefined {
  const config = externs.filter(each => each.kind === 'kconfig')
  if (config.length === 0) return undefined
  const sizeBytes = Math.max(...config.map(each => each.offsetBytes + each.sizeBytes))
  if (sizeBytes > CONFIG_BYTES_MAX)
    return refuse(context, `${sizeBytes} bytes of configuration are more than ${CONFIG_BYTES_MAX}`, {
      section: KCONFIG,
    })
  const datasec = context.btf?.find(KCONFIG, 'datasec')
  return {
    name: dataMapName(context.name, KCONFIG),
    type: BPF_MAP_TYPE_ARRAY,
    ...{ keySize: 4, valueSize: sizeBytes, maxEntries: 1, frozen: true },
    flags: BPF_F_MMAPABLE | BPF_F_RDONLY_PROG,
    ...(datasec === undefined || btfBytes === undefined
      ? {}
      : { btf: { data: btfBytes, keyTypeId: 0, valueTypeId: datasec.id } }),
    ...{ section: KCONFIG, label: KCONFIG, role: 'kconfig', autocreate: true },
    ...{ keyTypeId: 0, valueTypeId: datasec?.id ?? 0, data: new Uint8Array(sizeBytes) },
    variables: config.map(({ name, offsetBytes, sizeBytes: bytes, typeId }) => ({
      ...{ name, offsetBytes, sizeBytes: bytes, typeId, isStatic: false },
    })),
  }
}

function declaredExterns(btf: Btf): Map<string, { section: string; id: number }> {
  const found = new Map<string, { section: string; id: number }>()
  for (const section of [KCONFIG, KSYMS])
    for (const { typeId: id } of btf.find(section, 'datasec')?.vars ?? [])
      found.set(btf.type(id).name, { section, id })
  return found
}

function alignmentOf(btf: Btf, typeId: number): number {
  const type = resolve(btf, btf.type(typeId))
  if (type.kind === 'array') return alignmentOf(btf, type.elementTypeId)
  return Math.min(8, Math.max(1, sizeOf(btf, type)))
}
