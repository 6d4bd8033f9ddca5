// What can be wrong with macros and imports, in bpftrace's words.

import { messages } from '../diagnostics/message.ts'

export const macro = messages('macro', {
  redefinition: 'Redefinition of macro: {name}',
  variableTwice: 'Variable for macro argument has already been used: {name}',
  mapTwice: 'Map for macro argument has already been used: {name}',
  identifierTwice: 'Ident for macro argument has already been used: {name}',
  shadows: 'Variable declaration shadows macro arg {name}',
  unhygienicMap: 'Unhygienic access to map: {name}. Maps must be passed into the macro as arguments.',
  noMatch: 'Call to {name}() has arguments that do not match any definition.',
  wantsMap: 'Mismatched arg. {name}() expects a map for arg {parameter} but got {found}.',
  wantsVariable: 'Mismatched arg. {name}() expects a variable for arg {parameter} but got {found}.',
  recursion: 'Recursive macro call detected. Call chain: {chain}',
  badTypeReplacement:
    "Invalid replacement for macro '{name}' type parameter '{parameter}' which makes up the type '{type}'",
  badPath:
    'FieldAccess expressions must be made up entirely of idents (e.g. a.b.c) to replace the second argument in `offsetof`',
  strayType:
    'When used as a call argument, `typeof` builtin only valid for macro calls that are expecting a type parameter',
  cRecursion: 'Macro recursion: {chain}',
  cNotExpression: 'unable to expand macro as an expression: {text}',
  cArgumentCount: 'macro {name} takes {expected} arguments, found {found}',
})

export const imports = messages('import', {
  notFound: 'Unable to find suitable path for import',
  unreadable: "error reading import '{path}': {problem}",
  unknownType: 'unknown import type: {path}',
  needsCompiler:
    'import of {path} needs a C compiler, which beetrace does without; .bt and .h can be imported',
  configInside: 'invalid `config` within import',
})
