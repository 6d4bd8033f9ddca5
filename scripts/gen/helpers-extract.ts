// First stage of the BPF header tables: the text of linux/bpf.h to facts, a plain object that is checked in.
// Only the facts are needed afterwards, so no kernel header has to be on the machine to build or to test.

/** What the tables need of the uapi headers; `scripts/gen/facts/bpf-header.json` holds one. */
export interface BpfHeaderFacts {
  /** package and version of the headers, for the first line of every table */
  readonly source: string
  /** `#define NAME number`, in the order of the header */
  readonly defines: Readonly<Record<string, number>>
  /** enums with their members; an enum without a name is called `anonymous_1`, `anonymous_2` … */
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** helper id to its C prototype, or to its bare name where the header documents none */
  readonly helpers: Readonly<Record<string, string>>
}

/**
 * Reads linux/bpf_common.h and linux/bpf.h.
 * @throws Error on a constant expression it can't evaluate: a new construct in the header must be looked at
 */
export function extractBpfHeader(commonHeader: string, header: string, source: string): BpfHeaderFacts {
  const text = stripComments(`${commonHeader}\n${header}`).replace(/\\\n/g, ' ')
  const expressions = new Map<string, string>()
  const defineNames: string[] = []
  const withoutDefines = text.replace(
    /^#\s*define\s+(\w+)[ \t]+(.+)$/gm,
    (_, name: string, value: string) => {
      if (isOurs(name) && value.trim() !== name) {
        expressions.set(name, value.trim())
        defineNames.push(name)
      }
      return ''
    },
  )

  const enumMembers: [string, string[]][] = []
  for (const [, name, body] of withoutDefines.matchAll(/\benum\s+(\w+)?\s*\{([^}]*)\}/g)) {
    if (name === 'bpf_func_id') continue
    const members: string[] = []
    let previous = ''
    for (const [, member, value] of body!.matchAll(/(\w+)\s*(?:=([^,]+))?(?:,|$)/g)) {
      expressions.set(member!, value?.trim() ?? (previous === '' ? '0' : `${previous} + 1`))
      members.push(member!)
      previous = member!
    }
    enumMembers.push([name ?? `anonymous_${enumMembers.length + 1}`, members])
  }

  const numberOf = evaluator(expressions)
  const pick = (names: readonly string[]) => Object.fromEntries(names.map(name => [name, numberOf(name)]))
  return {
    source,
    defines: pick(defineNames),
    enums: Object.fromEntries(enumMembers.map(([name, members]) => [name, pick(members.filter(isOurs))])),
    helpers: extractHelpers(header),
  }
}

/** Upper bounds (`__MAX_…`, `MAX_BPF_…`) move with every release: they are facts about one header, not about kernels. */
function isOurs(name: string): boolean {
  return /^(?!__|MAX_BPF)[A-Z]\w*$/.test(name) && !name.endsWith('_H__')
}

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ')
}

/** The prototypes stand in the comment block of the helpers, one space in; their descriptions are indented by tabs. */
function extractHelpers(header: string): Record<string, string> {
  const start = header.indexOf('Start of BPF helper function descriptions')
  const mapper = header.indexOf('#define ___BPF_FUNC_MAPPER')
  const prototypes = new Map<string, string>()
  for (const [, prototype, name] of header
    .slice(start, mapper)
    .matchAll(/^ \* ((?:\w+ )+\*?bpf_(\w+)\([^\n]*\))$/gm)) {
    if (!prototypes.has(name!)) prototypes.set(name!, prototype!)
  }
  const helpers: Record<string, string> = {}
  for (const [, name, id] of header.slice(mapper).matchAll(/^\s*FN\((\w+), (\d+), ##ctx\)/gm)) {
    helpers[id!] = prototypes.get(name!) ?? name!
  }
  return helpers
}

/** Integer constant expressions of C: numbers, other constants, `| & ^ << >> + - ~` and parentheses. */
function evaluator(expressions: ReadonlyMap<string, string>): (name: string) => number {
  const known = new Map<string, bigint>()
  const numberOf = (name: string): bigint => {
    const seen = known.get(name)
    if (seen !== undefined) return seen
    const text = expressions.get(name)
    if (text === undefined) throw new Error(`constant ${name} is not defined in the header`)
    const value = evaluate(text, numberOf)
    known.set(name, value)
    return value
  }
  return name => {
    const value = Number(numberOf(name))
    if (!Number.isSafeInteger(value)) throw new Error(`constant ${name} does not fit a number`)
    return value
  }
}

const BINARY: readonly Readonly<Record<string, (a: bigint, b: bigint) => bigint>>[] = [
  { '|': (a, b) => a | b },
  { '^': (a, b) => a ^ b },
  { '&': (a, b) => a & b },
  { '<<': (a, b) => a << b, '>>': (a, b) => a >> b },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
]

function evaluate(text: string, numberOf: (name: string) => bigint): bigint {
  const tokens = text.match(/0[xX][0-9a-fA-F]+|\d+|\w+|<<|>>|\S/g) ?? []
  let at = 0
  const primary = (): bigint => {
    const token = tokens[at++]
    if (token === '-') return -primary()
    if (token === '~') return ~primary()
    if (token === '(') {
      const inner = binary(0)
      if (tokens[at++] !== ')') throw new Error(`unbalanced parentheses in "${text}"`)
      return inner
    }
    if (token === undefined) throw new Error(`"${text}" ends early`)
    if (/^\d/.test(token)) {
      if (/^[uUlL]+$/.test(tokens[at] ?? '')) at++
      return BigInt(token)
    }
    if (/^\w+$/.test(token)) return numberOf(token)
    throw new Error(`unexpected "${token}" in "${text}"`)
  }
  const binary = (level: number): bigint => {
    const operators = BINARY[level]
    if (operators === undefined) return primary()
    let left = binary(level + 1)
    for (let operator = operators[tokens[at] ?? '']; operator; operator = operators[tokens[at] ?? '']) {
      at++
      left = operator(left, binary(level + 1))
    }
    return left
  }
  const value = binary(0)
  if (at !== tokens.length) throw new Error(`can't evaluate "${text}"`)
  return value
}
