// What a message is: a stable code, a severity, and a text with named gaps. Each stage keeps its own table of them
// (`parse/messages.ts`, `check/messages.ts` …), made with `messages`, so that wording stands apart from logic.

export type Severity = 'error' | 'warning'

/** A text with gaps such as `{name}`. `Gaps` is the union of the gaps' names, so that a report cannot miss one. */
export interface Message<Gaps extends string = string> {
  /** "syntax.expected": the table's name, then the entry's */
  readonly code: string
  readonly severity: Severity
  readonly text: string
  /** never set: it carries `Gaps` for the type checker */
  readonly gaps?: Gaps
}

type GapsOf<Text extends string> = Text extends `${string}{${infer Gap}}${infer Rest}`
  ? Gap | GapsOf<Rest>
  : never

type Entry = string | { readonly warning: string }
type TextOf<E extends Entry> = E extends { readonly warning: infer W extends string } ? W : E & string

/** A table of messages. An entry is the text of an error, or `{ warning: text }`. */
export function messages<const Table extends Record<string, Entry>>(
  area: string,
  table: Table,
): { readonly [Name in keyof Table]: Message<GapsOf<TextOf<Table[Name]>>> } {
  const made: Record<string, Message> = {}
  for (const [name, entry] of Object.entries(table)) {
    made[name] =
      typeof entry === 'string'
        ? { code: `${area}.${name}`, severity: 'error', text: entry }
        : { code: `${area}.${name}`, severity: 'warning', text: entry.warning }
  }
  return made as { readonly [Name in keyof Table]: Message<GapsOf<TextOf<Table[Name]>>> }
}

/** The text with its gaps filled. */
export function fill(message: Message, gaps: Readonly<Record<string, string | number | bigint>>): string {
  const text = message.text
  let filled = ''
  let from = 0
  for (let open = text.indexOf('{'); open !== -1; open = text.indexOf('{', from)) {
    const close = text.indexOf('}', open)
    const value = close === -1 ? undefined : gaps[text.slice(open + 1, close)]
    if (value === undefined) {
      filled += text.slice(from, open + 1)
      from = open + 1
    } else {
      filled += text.slice(from, open) + value
      from = close + 1
    }
  }
  return filled + text.slice(from)
}
