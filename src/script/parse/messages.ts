// What the front of the language can say: syntax, attach points, macros, imports, C definitions. Where bpftrace has a
// wording, it is bpftrace's, because people and their scripts search for it.

import { messages } from '../diagnostics/message.ts'

export const syntax = messages('syntax', {
  expected: 'syntax: expected {what}',
  unexpected: 'syntax: unexpected input',
  unexpectedInBlock: 'syntax: unexpected input in block',
  unterminatedString: 'syntax: unterminated string',
  badEscape: "syntax: invalid escape character '\\{escape}'",
  badHexEscape: 'syntax: invalid hex escape sequence',
  octalRange: "syntax: octal escape sequence out of range '\\{digits}'",
  trailingUnderscore: 'syntax: trailing underscore in integer literal',
  badSuffix: "syntax: invalid integer suffix '{suffix}'",
  badInteger: 'syntax: {problem}',
  positionalRange: 'syntax: param {parameter} is out of integer range [1, 9223372036854775807]',
  tooDeep: 'syntax: nested too deeply, the limit is {limit} levels',
  tooLong: 'syntax: the script is too large after expansion, the limit is {limit} nodes',
  cAfterProbes: 'syntax: C definitions must appear before probes and functions',
  configAfterProbes: 'syntax: config must appear before probes and functions',
  configTwice: 'syntax: duplicate config block',
  importAfterProbes: 'syntax: root imports must appear before probes and functions',
  rootLet: 'syntax: root-level let statements need to be map declarations, e.g. let @a = hash(2);',
  badMapSize: 'syntax: expected positive integer for map declaration max entries',
  badConfigInteger: 'syntax: invalid integer in config',
  builtinAsParameter: "syntax: builtin '{name}' can't be used as a macro argument",
  immutable:
    'syntax: Tuples and records are immutable once created. Consider creating a new value and assigning it instead.',
  badTarget: 'syntax: invalid assignment target',
  badStep: 'syntax: increment/decrement requires a variable or map',
  badAddressOf: 'syntax: address-of operator (&) can only be used on a map or variable',
  fieldTwice: 'syntax: Named argument list already contains name: {name}',
  badAttributes: 'syntax: __attribute__ syntax error, {problem}',
  binary: 'syntax: this is not a script: it holds zero bytes',
})
