// Comments of a C source that say more of what they stand above, as ecc reads them:
//
//     /// @description how long it took
//     /// @sample {"interval": 1000, "type": "log2_hist"}
//     struct { … } hists SEC(".maps");

import type { JsonObject, JsonValue } from './json-value.ts'

/** What comments say, by the name of the variable, map or program that they stand above. */
export type DocComments = ReadonlyMap<string, JsonObject>

/** Reads `///`, `//!`, `/** … *\/` and `/*! … *\/` above declarations at the top level. Never throws: it is C only to a compiler. */
export function readDocComments(source: string): DocComments {
  const found = new Map<string, JsonObject>()
  for (const { comment, declaration } of declarations(source)) {
    if (comment === '') continue
    const name = declaredName(declaration)
    if (name !== undefined) found.set(name, { ...found.get(name), ...readComment(comment) })
  }
  return found
}

interface Declaration {
  /** text of the comment right above, without its marks */
  readonly comment: string
  /** without comments, bodies as `{}` */
  readonly declaration: string
}

const TOKENS =
  /\/\/[^\n]*(?:\\\n[^\n]*)*|\/\*[\s\S]*?(?:\*\/|(?![\s\S]))|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?|^[ \t]*#(?:[^\n\\]|\\[\s\S])*|[{};]|[^/"'{};#]+|[/#]/gm

/** Declarations at the top level, each with its comment. */
function* declarations(source: string): Generator<Declaration> {
  let comment = ''
  let text = ''
  let depth = 0
  for (const [token] of source.matchAll(TOKENS)) {
    const isDirective = /^[ \t]*#/.test(token) && token.trim().length > 1
    if (/^\/[/*]/.test(token)) {
      const doc = depth === 0 && text.trim() === '' ? docText(token) : undefined
      if (doc !== undefined) comment += `${doc}\n`
      continue
    }
    if (isDirective) {
      // a comment above a directive is about that
      if (depth === 0 && text.trim() === '') comment = ''
      continue
    }
    if (token === '{') {
      if (depth++ === 0) text += '{}'
      continue
    }
    if (token === '}') {
      depth = Math.max(0, depth - 1)
      // a function ends with its body, a struct goes on
      if (depth > 0 || !/\)\s*\{\}$/.test(text) || /^\s*(typedef|struct|union|enum)\b[^()]*\{\}$/.test(text))
        continue
    } else if (token !== ';') {
      if (depth === 0) text += token
      continue
    } else if (depth > 0) continue
    yield { comment, declaration: text.trim() }
    comment = ''
    text = ''
  }
}

/** Undefined for a comment that documents nothing. */
function docText(token: string): string | undefined {
  if (/^\/\/[/!](?!\/)/.test(token)) return token.slice(3).replace(/^</, '')
  if (!/^\/\*[*!](?![*/])/.test(token)) return undefined
  return token
    .slice(3)
    .replace(/\*\/$/, '')
    .replace(/^[ \t]*\*(?!\/)[ \t]?/gm, '')
}

/** The name that a declaration gives: `int NAME(…)`, `int BPF_KPROBE(NAME, …)`, `struct {…} NAME SEC(…)`, `const volatile int NAME = 0`. */
function declaredName(declaration: string): string | undefined {
  const text = declaration
    .replace(/\b(?:SEC|__attribute__|__hidden|__weak|__always_inline)\b\s*(\((?:[^()]|\([^()]*\))*\))?/g, ' ')
    .replace(/=[\s\S]*$/, ' ')
    .trim()
  const macro = /\bBPF_\w+\s*\(\s*(\w+)/.exec(text)
  if (macro !== null) return macro[1]
  const func = /(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(?:\{\})?$/.exec(text)
  if (func !== null) return func[1]
  return /(\w+)\s*(?:\[[^\]]*\]\s*)*$/.exec(text.replace(/^.*\{\}/s, ''))?.[1]
}

/** `@word text` up to the next one; text before the first is the description. Text that is JSON is that value. */
function readComment(comment: string): JsonObject {
  const found: Record<string, JsonValue> = {}
  for (const part of comment.split(/(?:^|(?<=\s))(?=[@\\][a-z_]\w*)/i)) {
    const command = /^[@\\]([a-z_]\w*)/i.exec(part)
    const words = part.slice(command?.[0].length ?? 0)
    const name = command?.[1] ?? 'description'
    if (command === null && words.trim() === '') continue
    if (OWN_FIELDS.has(name)) continue
    found[name] = commandValue(name, words)
  }
  return found
}

/** What a package says of everything by itself. */
const OWN_FIELDS = new Set(['name', 'ident', 'type', 'attach', 'link', 'mmaped', '__proto__'])

/** These are text, whatever they look like. */
const TEXTS = new Set(['description', 'brief', 'details', 'version'])

function commandValue(name: string, words: string): JsonValue {
  const text = words
    .split('\n')
    .map(line => line.trim())
    .join('\n')
    .trim()
  // a mark without words, `@ignore`
  if (text === '') return TEXTS.has(name) ? '' : true
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    return text
  }
  return TEXTS.has(name) && typeof value !== 'string' ? text : value
}
