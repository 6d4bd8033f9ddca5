// Identifiers with characters beyond ASCII, as Rust's v0 scheme writes them: RFC 3492 with `_` for the delimiter.

/** The identifier; undefined when the text is no punycode. */
export function decodePunycode(text: string): string | undefined {
  const delimiter = text.lastIndexOf('_')
  const output = [...(delimiter < 0 ? '' : text.slice(0, delimiter))].map(c => c.codePointAt(0)!)
  const input = text.slice(delimiter + 1)
  let [n, i, bias] = [0x80, 0, 72]
  for (let at = 0; at < input.length; ) {
    const start = i
    let weight = 1
    for (let k = BASE; ; k += BASE) {
      const digit = DIGITS.indexOf(input[at++] ?? ' ')
      if (digit < 0) return undefined
      i += digit * weight
      if (i > 2 ** 40) return undefined
      const threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias
      if (digit < threshold) break
      weight *= BASE - threshold
    }
    const length = output.length + 1
    bias = adapt(i - start, length, start === 0)
    n += Math.floor(i / length)
    i %= length
    if (n > 0x10ffff) return undefined
    output.splice(i++, 0, n)
  }
  return String.fromCodePoint(...output)
}

const BASE = 36
const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789'

function adapt(delta: number, length: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? 700 : 2))
  rest += Math.floor(rest / length)
  let k = 0
  for (; rest > 455; k += BASE) rest = Math.floor(rest / 35)
  return k + Math.floor((36 * rest) / (rest + 38))
}
