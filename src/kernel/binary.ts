// A program or library on disk, and the functions in it by name, by pattern and by address.

import {
  addressToOffset,
  buildId,
  type Elf,
  FunctionIndex,
  type FunctionOffset,
  isSectionIndex,
  offsetToAddress,
  parseElf,
  readSymbols,
  SHF_EXECINSTR,
  SHT_SYMTAB,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  STT_SECTION,
  type SymbolTable,
  symbolSections,
  symbolVersions,
  type UsdtLocation,
  usdtLocations,
} from '../elf/index.ts'
import { openDebugFile } from './debug-file.ts'
import { FileSource } from './file-source.ts'
import { globMatcher } from './glob.ts'

/** A symbol of a binary and where it is in the file. */
export interface BinarySymbol {
  readonly name: string
  /** `GLIBC_2.2.5`; only for dynamic symbols of libraries that have versions */
  readonly version: string | undefined
  /** as the file has it; where the binary is loaded elsewhere (PIE, libraries), its base comes on top */
  readonly address: number
  /** 0 when the file does not say */
  readonly sizeBytes: number
  /** what a uprobe is attached to; undefined for what is not loaded from the file (variables that start as zero) */
  readonly fileOffset: number | undefined
  /** STT_GNU_IFUNC: the function only chooses the one that is called */
  readonly indirect: boolean
}

/**
 * Symbols come from `.symtab`; where that was stripped, from the separate debug file if one is installed, and from
 * `.dynsym`. They are read on first use. Holds the file open until closed; what was read is good after that, too.
 */
export class Binary implements Disposable {
  readonly path: string
  readonly elf: Elf
  readonly #source: FileSource
  readonly #root: string
  readonly #shownPath: string
  #tables: readonly LoadedTable[] | undefined
  #functions: FunctionIndex | undefined

  /**
   * @param options.shownPath what its users and errors call it, where that is not `path`
   * @param options.root directory that is `/` to its users: `/proc/PID/root` for one of a container
   * @throws ElfError when it cannot be opened or is no ELF file
   */
  constructor(path: string, options: { readonly shownPath?: string; readonly root?: string } = {}) {
    this.path = path
    this.#root = options.root ?? ''
    this.#shownPath = options.shownPath ?? path
    this.#source = new FileSource(path, this.#shownPath)
    try {
      this.elf = parseElf(this.#source)
    } catch (error) {
      this.#source.close()
      throw error
    }
  }

  get buildId(): string | undefined {
    return buildId(this.elf)
  }

  /** The function around an address of the file. @throws ElfError when a symbol table is damaged */
  functionAt(address: number): FunctionOffset | undefined {
    this.#functions ??= new FunctionIndex(this.#load().map(loaded => loaded.table))
    return this.#functions.at(address)
  }

  /** The function that a byte of the file belongs to. @throws ElfError when a symbol table is damaged */
  functionAtOffset(fileOffset: number): FunctionOffset | undefined {
    const address = offsetToAddress(this.elf, fileOffset)
    return address === undefined ? undefined : this.functionAt(address)
  }

  /**
   * Functions of that name; several when static functions share it. `FUNC@VERSION` asks for one version. Where no
   * symbol says that it is a function, labels in executable sections count (assembler code).
   * @throws ElfError when a symbol table is damaged
   */
  functionsNamed(name: string): BinarySymbol[] {
    const all = this.symbolsNamed(name, (table, i) => table.isFunction(i))
    return all.length > 0 ? all : this.symbolsNamed(name, (table, i) => this.#isCodeLabel(table, i))
  }

  /** Symbols of any kind of that name, data among them. @throws ElfError when a symbol table is damaged */
  symbolsNamed(name: string, accept: Accept = isDefined): BinarySymbol[] {
    const at = name.indexOf('@', 1)
    const [bare, version] =
      at < 0 ? [name, undefined] : [name.slice(0, at), name.slice(at).replace(/^@+/, '')]
    const found = new Map<number, BinarySymbol>()
    for (const loaded of this.#load()) {
      // `.symtab` may have the version within the name
      const indexes =
        at < 0 ? loaded.table.find(bare) : [...loaded.table.find(bare), ...loaded.table.find(name)]
      for (const i of indexes) {
        if (!accept(loaded.table, i)) continue
        const symbol = this.#symbol(loaded, i)
        const known = found.get(symbol.address)
        if (known === undefined) found.set(symbol.address, symbol)
        else if (known.version === undefined) found.set(symbol.address, { ...known, version: symbol.version })
      }
    }
    return [...found.values()].filter(s => version === undefined || s.version === version || s.name === name)
  }

  /**
   * Every function whose name `accept` likes, each name and place once, in order of the tables.
   * @throws ElfError when a symbol table is damaged
   */
  functionsMatching(accept: (name: string) => boolean): BinarySymbol[] {
    const found = new Map<string, BinarySymbol>()
    for (const loaded of this.#load())
      for (let i = 0; i < loaded.table.count; i++) {
        if (!loaded.table.isFunction(i) || loaded.table.value[i] === 0) continue
        const name = loaded.table.name(i)
        if (!accept(name)) continue
        const key = `${loaded.table.value[i]} ${name}`
        if (!found.has(key)) found.set(key, this.#symbol(loaded, i))
      }
    return [...found.values()]
  }

  /** USDT probes of the binary. @throws ElfError when its notes lie outside the file */
  usdt(): UsdtLocation[] {
    return usdtLocations(this.elf)
  }

  /** Reads the symbols now, so that the file can be closed. @throws ElfError when a symbol table is damaged */
  load(): this {
    this.#load()
    return this
  }

  close(): void {
    this.#source.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #load(): readonly LoadedTable[] {
    return (this.#tables ??= loadTables(this.elf, this.#shownPath, this.#root))
  }

  #symbol({ table, version }: LoadedTable, i: number): BinarySymbol {
    const address = table.value[i]!
    return {
      name: table.name(i),
      version: version(i),
      address,
      sizeBytes: table.sizeBytes[i]!,
      fileOffset: addressToOffset(this.elf, address),
      indirect: table.type(i) === STT_GNU_IFUNC,
    }
  }

  #isCodeLabel(table: SymbolTable, i: number): boolean {
    if (table.type(i) !== STT_NOTYPE || !isSectionIndex(this.elf, table.section[i]!)) return false
    return (this.elf.sections[table.section[i]!]!.flags & SHF_EXECINSTR) !== 0
  }
}

/** Functions of the binary at `path` whose names match the pattern (`glob.ts`). @throws ElfError */
export function listSymbols(path: string, pattern = '*'): BinarySymbol[] {
  using binary = new Binary(path)
  return binary.functionsMatching(globMatcher(pattern))
}

type Accept = (table: SymbolTable, index: number) => boolean

const isDefined: Accept = (table, i) => table.isDefined(i) && table.type(i) !== STT_SECTION

interface LoadedTable {
  readonly table: SymbolTable
  readonly version: (index: number) => string | undefined
}

/** `.symtab` holds the symbols of `.dynsym` too, but not their versions: so both, in this order. */
function loadTables(elf: Elf, path: string, root: string): LoadedTable[] {
  const own = tablesOf(elf)
  if (symbolSections(elf).some(section => section.type === SHT_SYMTAB)) return own
  using debug = openDebugFile(elf, path, root)
  return debug === undefined ? own : [...tablesOf(debug.elf), ...own]
}

function tablesOf(elf: Elf): LoadedTable[] {
  return symbolSections(elf).map(section => {
    const versions = section.type === SHT_SYMTAB ? undefined : symbolVersions(elf, section)
    return { table: readSymbols(elf, section), version: i => versions?.(i)?.name }
  })
}
