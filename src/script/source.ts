// The files that make up a script, and the way from a byte offset to a line and a column.
//
// A script is bytes: bpftrace counts columns in bytes, and a string literal may hold any byte. So the text of a file is
// kept as a *byte string*, one character (0 to 255) for each byte, and so is every string literal in the tree.
// `byteString`, `bytesOf` and `readable` are the ways in and out.

import type { Span } from './span.ts'

export interface SourceFile {
  /** the index in `Sources.files`, which is what `Span.file` holds */
  readonly index: number
  /** as messages name it: "stdin" for -e, otherwise the path as it was given */
  readonly name: string
  /** a byte string */
  readonly text: string
  /** the byte offset at which each line starts; made on first need */
  lineStarts?: readonly number[]
  /** the line that was asked for last: one string, however often */
  lastLine?: { readonly line: number; readonly text: string }
}

export interface Sources {
  readonly files: SourceFile[]
}

export interface Position {
  /** from 1 */
  readonly line: number
  /** in bytes, from 1 */
  readonly column: number
}

/** A JavaScript string as a byte string: its UTF-8 bytes, one character each. Plain ASCII comes back as it is. */
export function byteString(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return byteStringOf(new TextEncoder().encode(text))
  }
  return text
}

/** Bytes as a byte string. */
export function byteStringOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The bytes of a byte string. */
export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

/** A byte string read as UTF-8, to be shown to a person. */
export function readable(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return Buffer.from(text, 'latin1').toString('utf8')
  }
  return text
}

/** Adds a file; `content` is a JavaScript string or the bytes as read. */
export function addSource(sources: Sources, name: string, content: string | Uint8Array): SourceFile {
  const text = typeof content === 'string' ? byteString(content) : byteStringOf(content)
  const file: SourceFile = { index: sources.files.length, name, text }
  sources.files.push(file)
  return file
}

/** The line and column of a byte offset; an offset past the end counts as the end. */
export function positionOf(file: SourceFile, offset: number): Position {
  const starts = (file.lineStarts ??= lineStartsOf(file.text))
  const at = Math.min(offset, file.text.length)
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= at) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: at - starts[low]! + 1 }
}

/** The bytes of one line, without its line end; `line` counts from 1. */
export function lineOf(file: SourceFile, line: number): string {
  if (file.lastLine?.line === line) return file.lastLine.text
  const starts = (file.lineStarts ??= lineStartsOf(file.text))
  const start = starts[line - 1]
  if (start === undefined) return ''
  const next = starts[line]
  const text = file.text.slice(start, next === undefined ? file.text.length : next - 1)
  file.lastLine = { line, text }
  return text
}

/** Start of a span as "file:line:column", for messages in a single line. */
export function placeOf(sources: Sources, span: Span): string {
  const file = sources.files[span.file]!
  const { line, column } = positionOf(file, span.start)
  return `${file.name}:${line}:${column}`
}

function lineStartsOf(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
