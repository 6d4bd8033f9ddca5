// CO-RE: what a compiled program asks of the kernel's types, answered from BTF alone.

export type { CoreModule, CoreTargets } from './candidates.ts'
export { typesCompatible as typesAgree } from './compatible.ts'
export { CORE_KINDS, type CoreKind, essentialName } from './kinds.ts'
export { type CoreAnswer, type CoreQuestion, CoreResolver, type CoreTarget } from './relocation.ts'
