// A place in the sources of a script: what every node, type error and generated instruction points back to.

/** Characters [start, end) of source file `file`, an index into the script's list of sources (UTF-16 units). */
export interface Span {
  readonly file: number
  readonly start: number
  readonly end: number
}
