// From the symbols of compilers to the names that people wrote. Written here because no package on npm does it in
// plain JavaScript: those that exist run c++filt or carry a WebAssembly build of it.

import { demangleItanium } from './itanium/demangle.ts'
import { demangleRustLegacy } from './rust/legacy.ts'
import { demangleRustV0 } from './rust/v0.ts'

/**
 * The C++ or Rust name of a symbol; the symbol itself when it is neither. C++ as the `__cxa_demangle` of GCC's library
 * writes it, which is what bpftrace shows; Rust without hashes.
 */
export function demangle(symbol: string): string {
  if (symbol.startsWith('_Z') || symbol.startsWith('__Z'))
    return demangleRustLegacy(symbol) ?? demangleItanium(symbol) ?? symbol
  if (symbol.startsWith('_R') || symbol.startsWith('__R')) return demangleRustV0(symbol) ?? symbol
  return symbol
}
