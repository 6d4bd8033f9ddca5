// Who defines what: every name that objects share, with the one definition that counts.

import { ObjectError } from '../../errors/index.ts'
import { STB_LOCAL, STB_WEAK } from '../constants.ts'
import type { InputSymbol, LinkInput } from './link-input.ts'
import type { MergedSections } from './merge-sections.ts'
import { mapMismatch, typeMismatch } from './type-mismatch.ts'

/** One object's word on a name. */
export interface Mention {
  readonly input: LinkInput
  readonly symbol: InputSymbol
  /** var or func of the object's BTF; undefined when it has none */
  readonly btfId: number | undefined
}

export interface Global {
  readonly name: string
  /** what counts: the definition, or the first declaration while there is none */
  chosen: Mention
  /** undefined is the kernel's to define, or of an object that is linked later */
  isDefined: boolean
  /** every mention so far is weak */
  isWeak: boolean
  /** the strictest there was */
  visibility: number
}

const isExtern = (symbol: InputSymbol): boolean => symbol.section === 0

/**
 * In the order in which names come first. Throws ObjectError, naming symbol and files, for two definitions of one name, and for
 * declarations that do not fit the definition.
 */
export function resolveGlobals(
  inputs: readonly LinkInput[],
  sections: MergedSections,
): ReadonlyMap<string, Global> {
  const globals = new Map<string, Global>()
  for (const input of inputs)
    for (const [index, symbol] of input.symbols.entries()) {
      if (index === 0 || symbol.binding === STB_LOCAL || symbol.name === '') continue
      // a licence that another object has said already
      if (!isExtern(symbol) && sections.place(input, symbol.section) === undefined) continue
      const mention = { input, symbol, btfId: input.types?.globals.get(symbol.name) }
      if (isExtern(symbol) && mention.btfId === undefined)
        throw new ObjectError(
          input.file,
          `extern "${symbol.name}" has no type: without BTF (compile with -g) it cannot be linked`,
        )
      const known = globals.get(symbol.name)
      if (known !== undefined) join(known, mention)
      else
        globals.set(symbol.name, {
          name: symbol.name,
          chosen: mention,
          isDefined: !isExtern(symbol),
          isWeak: symbol.binding === STB_WEAK,
          visibility: symbol.visibility,
        })
    }
  return globals
}

function join(global: Global, mention: Mention): void {
  const { symbol, input } = mention
  const { chosen } = global
  const defines = !isExtern(symbol)
  if (defines && global.isDefined && chosen.symbol.binding !== STB_WEAK && symbol.binding !== STB_WEAK)
    throw new ObjectError(input.file, `"${global.name}" is defined here and in ${chosen.input.file}`)
  checkTypes(global, mention)
  if (symbol.binding !== STB_WEAK) global.isWeak = false
  global.visibility = Math.max(global.visibility, symbol.visibility)
  // a definition beats declarations, and a strong one weak ones; of equals the first counts
  const isBetter = !global.isDefined || (chosen.symbol.binding === STB_WEAK && symbol.binding !== STB_WEAK)
  if (!defines || !isBetter) return
  global.chosen = mention
  global.isDefined = true
}

function checkTypes({ name, chosen }: Global, { input, btfId }: Mention): void {
  const { file } = chosen.input
  if (btfId === undefined || chosen.btfId === undefined)
    throw new ObjectError(
      btfId === undefined ? input.file : file,
      `"${name}" has no type, and ${btfId === undefined ? file : input.file} has the name, too: compile with -g`,
    )
  const here = { btf: input.types!.btf, id: btfId }
  const there = { btf: chosen.input.types!.btf, id: chosen.btfId }
  const areMaps = sectionName(input, btfId) === '.maps' && sectionName(chosen.input, chosen.btfId) === '.maps'
  const differs = areMaps ? mapMismatch(here, there) : typeMismatch(here, there)
  if (differs !== undefined)
    throw new ObjectError(input.file, `"${name}" does not fit: ${differs} in ${file}`)
}

/** The section that BTF has a variable in. */
export const sectionName = ({ types }: LinkInput, btfId: number): string | undefined =>
  types?.datasecs.find(({ vars }) => vars.some(each => each.typeId === btfId))?.name
