// Types of the kernel by name: `bee -l 'struct tcp_*'`, and with their members `bee -lv 'struct file'`.

import { type Btf, type BtfType, printDecl } from '../../btf/index.ts'
import { globMatcher } from '../../kernel/glob.ts'

const TAGS = { struct: ['struct'], union: ['union'], enum: ['enum', 'enum64'] } as const

/** Whether a pattern is about types and not about probes. */
export function isTypePattern(pattern: string): boolean {
  return /^(struct|union|enum)\s/.test(pattern)
}

/** A line each; with `whole` the definitions instead, with the module's name in front and an empty line behind. */
export function listTypes(pattern: string, btf: Btf, whole: boolean): string[] {
  const [, tag, names] = /^(struct|union|enum)\s+(.*)$/.exec(pattern.trim())!
  const kinds: readonly string[] = TAGS[tag as keyof typeof TAGS]
  const matches = globMatcher(names!.trim())
  const seen = new Set<string>()
  const found: BtfType[] = []
  for (let id = 1; id <= btf.typeCount; id++) {
    const type = btf.type(id)
    if (!kinds.includes(type.kind) || type.name === '' || !matches(type.name) || seen.has(type.name)) continue
    seen.add(type.name)
    found.push(type)
  }
  found.sort((a, b) => (a.name < b.name ? -1 : 1))
  return found.map(type => (whole ? `vmlinux: ${printDecl(btf, type)}\n` : `${tag} ${type.name}`))
}
