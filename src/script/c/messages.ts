// What can be wrong in the C part of a script.

import { messages } from '../diagnostics/message.ts'

export const c = messages('c', {
  notFound: "'{path}' file not found",
  includeDepth: '#include nested too deeply',
  includeForm: 'expected "FILENAME" or <FILENAME> after #include',
  badDirective: 'invalid preprocessing directive #{name}',
  macroName: 'macro name missing',
  macroParameters: 'expected a list of parameter names after #define {name}',
  macroArguments: 'macro {name} takes {expected} arguments, found {found}',
  macroUnclosed: 'unterminated argument list invoking macro {name}',
  tooLarge: 'the C part of the script is too large once its macros are expanded',
  withoutIf: '#{name} without #if',
  unterminatedIf: 'unterminated conditional directive',
  error: '{text}',
  warning: { warning: '{text}' },
  expected: 'expected {what}',
  notConstant: 'not a constant expression',
  unknownName: "use of undeclared identifier '{name}'",
  divisionByZero: 'division by zero in a constant expression',
  tooDeep: 'C declaration nested too deeply',
  unknownSize: 'the size of {type} is not known here',
  negativeArray: 'an array cannot have {count} elements',
  redefinition: "redefinition of '{name}'",
  bitFieldWidth: "width of bit-field '{name}' must be between 0 and 64",
})
