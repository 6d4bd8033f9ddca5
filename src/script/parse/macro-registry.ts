// The macros of a script by name, and which of several definitions a call means: the one whose parameters fit.

import type { Call, Macro } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { macro as messages } from './macro-messages.ts'

export type MacroArguments = Call['args']

/** Either the macro that fits, or the definition that comes closest (undefined when there is none of that name). */
export type MacroMatch =
  | { readonly found: Macro }
  | { readonly found: null; readonly closest: Macro | undefined }

export class MacroRegistry {
  private readonly byName = new Map<string, Macro[]>()

  constructor(macros: readonly Macro[], diagnostics: Diagnostics) {
    for (const macro of macros) {
      const { found } = this.lookup(macro.name, macro.parameters)
      if (found !== null) {
        const notes = [{ text: 'This is the original definition.', span: found.span }]
        diagnostics.report(messages.redefinition, macro.span, { name: macro.name }, { notes })
      } else if (parametersDiffer(macro, diagnostics)) {
        const same = this.byName.get(macro.name)
        if (same === undefined) this.byName.set(macro.name, [macro])
        else same.push(macro)
      }
    }
  }

  get names(): Iterable<string> {
    return this.byName.keys()
  }

  lookup(name: string, args: MacroArguments): MacroMatch {
    let closest: Macro | undefined
    let least = Number.POSITIVE_INFINITY
    for (const macro of this.byName.get(name) ?? []) {
      const d = distance(macro, args)
      if (d === 0) return { found: macro }
      if (d < least) {
        least = d
        closest = macro
      }
    }
    return { found: null, closest }
  }
}

/** A missing or superfluous argument weighs more than any number of wrong ones. */
function distance(macro: Macro, args: MacroArguments): number {
  let d = 1024 * Math.abs(macro.parameters.length - args.length)
  macro.parameters.forEach((parameter, i) => {
    const arg = args[i]
    if (arg !== undefined && parameter.kind !== 'identifier' && parameter.kind !== arg.kind) d++
  })
  return d
}

function parametersDiffer(macro: Macro, diagnostics: Diagnostics): boolean {
  const seen = new Set<string>()
  for (const parameter of macro.parameters) {
    const { name } = parameter
    if (seen.has(name)) {
      const message = {
        variable: messages.variableTwice,
        map: messages.mapTwice,
        identifier: messages.identifierTwice,
      }[parameter.kind]
      diagnostics.report(message, parameter.span, { name })
      return false
    }
    seen.add(name)
  }
  return true
}
