// What this machine's programs and libraries answer to the compiler (facts.ts).

import {
  addressToOffset,
  demangle,
  offsetToAddress,
  PF_X,
  PT_LOAD,
  type UsdtLocation,
} from '../../elf/index.ts'
import { Binary, findBinaries, globMatcher, isGlob, mappedBinaries } from '../../kernel/index.ts'
import type { UserFacts, UserFunction } from '../facts.ts'
import { byteString, readable } from '../source.ts'

/** Files are kept open until closed: several probes mostly are in one. */
export class MachineUserFacts implements UserFacts, Disposable {
  readonly #binaries = new Map<string, Binary>()
  readonly #usdt = new Map<string, readonly UsdtLocation[]>()

  files(target: string, pid: number | undefined): readonly string[] {
    if (target === '*') return mappedBinaries(pid).map(byteString)
    return findBinaries(readable(target), pid === undefined ? {} : { pid }).map(({ path }) =>
      byteString(path),
    )
  }

  functions(path: string, pattern: string): readonly UserFunction[] {
    const binary = this.#open(path)
    const found = isGlob(pattern)
      ? binary.functionsMatching(globMatcher(pattern))
      : binary.functionsNamed(pattern)
    return found.flatMap(({ name, address, sizeBytes, fileOffset }) =>
      fileOffset === undefined
        ? []
        : [
            {
              name,
              demangled: demangle(name),
              address: BigInt(address),
              fileOffset: BigInt(fileOffset),
              size: sizeBytes,
            },
          ],
    )
  }

  fileOffset(path: string, address: bigint): bigint | undefined {
    const { elf } = this.#open(path)
    const at = Number(address)
    // nothing else is ever run: a breakpoint there would only damage data
    const isCode = elf.segments.some(
      s => s.type === PT_LOAD && (s.flags & PF_X) !== 0 && at >= s.address && at < s.address + s.fileBytes,
    )
    const offset = isCode ? addressToOffset(elf, at) : undefined
    return offset === undefined ? undefined : BigInt(offset)
  }

  symbol(path: string, name: string): { readonly address: bigint; readonly size: number } | undefined {
    const found = this.#open(path).symbolsNamed(readable(name))[0]
    return found === undefined ? undefined : { address: BigInt(found.address), size: found.sizeBytes }
  }

  address(path: string, fileOffset: bigint): bigint | undefined {
    const found = offsetToAddress(this.#open(path).elf, Number(fileOffset))
    return found === undefined ? undefined : BigInt(found)
  }

  usdt(path: string): readonly UsdtLocation[] {
    let probes = this.#usdt.get(path)
    if (probes === undefined) {
      probes = this.#open(path).usdt()
      this.#usdt.set(path, probes)
    }
    return probes
  }

  [Symbol.dispose](): void {
    for (const binary of this.#binaries.values()) binary.close()
    this.#binaries.clear()
  }

  #open(path: string): Binary {
    let binary = this.#binaries.get(path)
    if (binary === undefined) {
      binary = new Binary(readable(path))
      this.#binaries.set(path, binary)
    }
    return binary
  }
}
