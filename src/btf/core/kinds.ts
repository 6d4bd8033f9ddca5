// The kinds of CO-RE relocations: what a program asks of the kernel's types.
// Source: enum bpf_core_relo_kind, include/uapi/linux/bpf.h.

export const CORE_KINDS = [
  'field_byte_offset',
  'field_byte_size',
  'field_exists',
  'field_signed',
  'field_lshift_u64',
  'field_rshift_u64',
  'type_id_local',
  'type_id_target',
  'type_exists',
  'type_size',
  'enumval_exists',
  'enumval_value',
  'type_matches',
] as const

export type CoreKind = (typeof CORE_KINDS)[number]

export const isFieldKind = (kind: CoreKind): boolean => kind.startsWith('field_')
export const isTypeKind = (kind: CoreKind): boolean => kind.startsWith('type_')
export const isEnumKind = (kind: CoreKind): boolean => kind.startsWith('enumval_')

/**
 * The part of a name that counts: `task_struct___old` is a flavour of `task_struct`. The last `___` with something on both
 * sides parts them, as bpf_core_essential_name_len (tools/lib/bpf) has it.
 */
export function essentialName(name: string): string {
  for (let i = name.length - 5; i >= 0; i--) {
    const flavour = name[i] !== '_' && name.startsWith('___', i + 1) && name[i + 4] !== '_'
    if (flavour) return name.slice(0, i + 1)
  }
  return name
}
