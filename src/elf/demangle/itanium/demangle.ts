// C++ names of the Itanium ABI, which all compilers on Linux use: https://itanium-cxx-abi.github.io/cxx-abi/abi.html

import { Cursor, NotMangled } from './cursor.ts'
import type { Node } from './node.ts'
import { parseEncoding } from './parse-name.ts'
import { printNode, TooLong } from './print.ts'

/**
 * The C++ declaration that a symbol stands for, as c++filt(1) of binutils writes it; undefined when the symbol is no
 * mangled C++ name, or one too deep or too long to read.
 */
export function demangleItanium(symbol: string): string | undefined {
  const start = symbol.startsWith('_Z') ? 2 : symbol.startsWith('__Z') ? 3 : 0
  if (start === 0) return undefined
  try {
    const cursor = new Cursor(symbol, start)
    let node = parseEncoding(cursor, true)
    for (let suffix = cloneSuffix(cursor); suffix !== undefined; suffix = cloneSuffix(cursor))
      node = { kind: 'wrapped', before: '', inner: node, after: ` [clone ${suffix}]` } satisfies Node
    return cursor.at === symbol.length ? printNode(node) : undefined
  } catch (error) {
    // RangeError: substitutions can nest deeper than the stack of the one who follows them
    if (error instanceof NotMangled || error instanceof TooLong || error instanceof RangeError)
      return undefined
    throw error
  }
}

/** `.isra.0`, `.constprop.0`, `.cold`: what a compiler made of the function. */
function cloneSuffix(cursor: Cursor): string | undefined {
  const match = /^\.(?:[a-zA-Z_]+|\d+)(?:\.\d+)*/.exec(cursor.text.slice(cursor.at))
  if (match === null) return undefined
  cursor.at += match[0].length
  return match[0]
}
