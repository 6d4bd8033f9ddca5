// Members of structs by name, through anonymous structs and unions.

import type { StructDef, StructMember } from './type.ts'

/** The member of that name; what lies in an anonymous member has its offset added. */
export function findMember(def: StructDef, name: string): StructMember | undefined {
  let inner: StructMember | undefined
  for (const member of def.members()) {
    if (member.name === name) return member
    if (member.name !== '' || member.type.kind !== 'struct' || inner !== undefined) continue
    const found = findMember(member.type.def, name)
    if (found !== undefined) inner = { ...found, offsetBytes: found.offsetBytes + member.offsetBytes }
  }
  return inner
}
