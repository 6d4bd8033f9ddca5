// The tree of a script: what the parser makes and every later stage reads. Plain data; nodes are discriminated by
// `kind` and carry a dense `id` and a span. What a stage finds out about a node (its type, what a name means) lives in a
// side table indexed by that id, never on the tree.
//
// Only macro expansion rewrites the tree; what it brings in gets ids of its own, so `script.nodes.count` is the size of
// a side table only once `parseScript` has returned.

import type { Span } from './span.ts'

interface NodeBase {
  /** dense, from 0, one sequence for the whole script */
  readonly id: number
  readonly span: Span
}

// ---------------------------------------------------------------- expressions

export type Expression =
  | IntegerLiteral
  | StringLiteral
  | BooleanLiteral
  | Positional
  | PositionalCount
  | Identifier
  | Variable
  | MapName
  | MapAccess
  | Call
  | SizeOf
  | OffsetOf
  | TypeInfo
  | CompileTime
  | Unary
  | Binary
  | Step
  | AddressOf
  | Ternary
  | FieldAccess
  | TupleAccess
  | IndexAccess
  | Cast
  | Tuple
  | RecordLiteral
  | If
  | Block
  | Missing

/** `12`, `0x1f`, `1e6`, `1_000`, `10ms` (in nanoseconds). A minus before it is a `Unary`. */
export interface IntegerLiteral extends NodeBase {
  readonly kind: 'integer'
  /** 0 to 2^64 - 1 */
  readonly value: bigint
  /** as written: `printf("%d", 1e3)` does not care, a `getopt` default and `str` of a literal may */
  readonly text: string
}

/** `"text\n"`. */
export interface StringLiteral extends NodeBase {
  readonly kind: 'string'
  /** a byte string (source.ts), escapes resolved */
  readonly value: string
}

/** `true`, `false`. */
export interface BooleanLiteral extends NodeBase {
  readonly kind: 'boolean'
  readonly value: boolean
}

/** `$1`. What it stands for (an integer, a string inside `str()`) is known when the arguments are. */
export interface Positional extends NodeBase {
  readonly kind: 'positional'
  /** from 1 */
  readonly index: number
}

/** `$#`. */
export interface PositionalCount extends NodeBase {
  readonly kind: 'positional-count'
}

/** A bare name: a builtin (`pid`, `comm`, `arg0`, `args`), an enumerator, a constant, a type's name where one may stand. */
export interface Identifier extends NodeBase {
  readonly kind: 'identifier'
  readonly name: string
}

/** `$x`. */
export interface Variable extends NodeBase {
  readonly kind: 'variable'
  /** with the `$`; a macro's own variables become `$$macro_$x`, which nobody can write */
  readonly name: string
}

/** `@m` without keys, and `@`. */
export interface MapName extends NodeBase {
  readonly kind: 'map'
  /** with the `@` */
  readonly name: string
}

/** `@m[key]`. Several keys are a `Tuple`: `@m[1, 2]` and `@m[(1, 2)]` are the same element. */
export interface MapAccess extends NodeBase {
  readonly kind: 'map-access'
  readonly map: MapName
  readonly key: Expression
}

/** `f(…)`: a function, a builtin called (`pid()`), an aggregation. Macros are expanded already. */
export interface Call extends NodeBase {
  readonly kind: 'call'
  readonly name: string
  readonly nameSpan: Span
  /** a `TypeArgument` survives only where a macro wanted one, so never after macro expansion without an error */
  readonly args: (Expression | TypeArgument)[]
}

/** `typeof(T)` as an argument of a macro. */
export interface TypeArgument extends NodeBase {
  readonly kind: 'type-argument'
  readonly type: TypeOf
}

/** `sizeof(T)`, `sizeof(expression)`. An `Identifier` operand may be the name of a type, of an enumerator or a builtin. */
export interface SizeOf extends NodeBase {
  readonly kind: 'sizeof'
  readonly operand: TypeSyntax | Expression
}

/** `offsetof(T, a.b)`. */
export interface OffsetOf extends NodeBase {
  readonly kind: 'offsetof'
  readonly operand: TypeSyntax | Expression
  readonly path: { readonly name: string; readonly span: Span }[]
}

/** `typeinfo(T)`. */
export interface TypeInfo extends NodeBase {
  readonly kind: 'typeinfo'
  readonly operand: TypeSyntax | Expression
}

/** `comptime expression`: must be known when the script is compiled. */
export interface CompileTime extends NodeBase {
  readonly kind: 'comptime'
  readonly operand: Expression
}

export type UnaryOperator = '-' | '!' | '~' | '*'

/** A prefix operator; `*` dereferences. */
export interface Unary extends NodeBase {
  readonly kind: 'unary'
  readonly operator: UnaryOperator
  readonly operand: Expression
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>'
export type ComparisonOperator = '==' | '!=' | '<' | '>' | '<=' | '>='
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | '&&' | '||'

export interface Binary extends NodeBase {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
}

/** `++x`, `x--`. */
export interface Step extends NodeBase {
  readonly kind: 'step'
  readonly operator: '++' | '--'
  /** true when the operator stands before its target, so that the value is the new one */
  readonly prefix: boolean
  readonly target: Variable | MapName | MapAccess
}

/** `&$v`, `&@m`. */
export interface AddressOf extends NodeBase {
  readonly kind: 'address-of'
  readonly operand: Variable | MapName
}

/** `a ? b : c`, and `a ?: c` with `then` null, whose value is `a` when that is true. */
export interface Ternary extends NodeBase {
  readonly kind: 'ternary'
  readonly condition: Expression
  readonly then: Expression | null
  readonly otherwise: Expression
}

/** `x.f`, `x->f`: both mean the same, a pointer is followed either way. */
export interface FieldAccess extends NodeBase {
  readonly kind: 'field'
  readonly object: Expression
  readonly name: string
  readonly nameSpan: Span
  readonly arrow: boolean
}

/** `t.0`. */
export interface TupleAccess extends NodeBase {
  readonly kind: 'tuple-access'
  readonly object: Expression
  readonly index: number
}

/** `x[i]` on anything but a map: arrays, pointers, strings, tuples. */
export interface IndexAccess extends NodeBase {
  readonly kind: 'index'
  readonly object: Expression
  readonly index: Expression
}

/** `(T)x`. The span covers only the `(T)`, as bpftrace underlines it. */
export interface Cast extends NodeBase {
  readonly kind: 'cast'
  readonly type: TypeSyntax
  readonly operand: Expression
}

/** `(1, "a")`, `(1,)`, `()`. */
export interface Tuple extends NodeBase {
  readonly kind: 'tuple'
  readonly elements: Expression[]
}

/** `(a = 1, b = "x")`. */
export interface RecordLiteral extends NodeBase {
  readonly kind: 'record'
  readonly fields: RecordField[]
}

/** A name and a value of a record, in the order written; names are unique. */
export interface RecordField extends NodeBase {
  readonly kind: 'record-field'
  readonly name: string
  readonly value: Expression
}

/** `if (c) { … } else …`. As a statement its blocks have no value. */
export interface If extends NodeBase {
  readonly kind: 'if'
  readonly condition: Expression
  readonly then: Block
  readonly otherwise: Block | If | null
}

/** `{ …; value }`; opens a scope. `value` is null in a body and wherever nobody asks for it. */
export interface Block extends NodeBase {
  readonly kind: 'block'
  readonly statements: Statement[]
  readonly value: Expression | null
}

/** Stands where an expression should and none was found; there has been an error. */
export interface Missing extends NodeBase {
  readonly kind: 'missing'
}

// ---------------------------------------------------------------- types as written

export type TypeSyntax = NamedTypeSyntax | TaggedTypeSyntax | PointerTypeSyntax | ArrayTypeSyntax | TypeOf

/** `uint8`, `string`, `pid_t`: a builtin type or a typedef. */
export interface NamedTypeSyntax extends NodeBase {
  readonly kind: 'named-type'
  readonly name: string
}

/** `struct task_struct`, `union u`, `enum e`. */
export interface TaggedTypeSyntax extends NodeBase {
  readonly kind: 'tagged-type'
  readonly tag: 'struct' | 'union' | 'enum'
  readonly name: string
}

/** `T *`. */
export interface PointerTypeSyntax extends NodeBase {
  readonly kind: 'pointer-type'
  readonly target: TypeSyntax
}

/** `T[4]`, and `T[]` with count null; `string[64]` and `buffer[8]` are arrays of those names here. */
export interface ArrayTypeSyntax extends NodeBase {
  readonly kind: 'array-type'
  readonly element: TypeSyntax
  readonly count: number | null
}

/** `typeof(T)`, `typeof(expression)`; a lone `Identifier` may name a type. */
export interface TypeOf extends NodeBase {
  readonly kind: 'typeof'
  readonly operand: TypeSyntax | Expression
}

// ---------------------------------------------------------------- statements

export type Statement =
  | ExpressionStatement
  | Let
  | Assignment
  | Discard
  | While
  | Unroll
  | For
  | Jump
  | ImportStatement

export interface ExpressionStatement extends NodeBase {
  readonly kind: 'expression'
  readonly expression: Expression
}

/** `let $x;`, `let $x : T = e;`. */
export interface Let extends NodeBase {
  readonly kind: 'let'
  readonly variable: Variable
  /** from `let` to the end of the variable: what a message about the declaration underlines */
  readonly declarationSpan: Span
  readonly type: TypeSyntax | null
  readonly value: Expression | null
}

/** `$x = e;`, `@m += e;`, `@m[k] = count();`. With an operator the target is read, changed and written back. */
export interface Assignment extends NodeBase {
  readonly kind: 'assignment'
  readonly target: Variable | MapName | MapAccess
  readonly operator: ArithmeticOperator | null
  /** `@m += e` underlines this part (from the operator on) when the two sides do not fit */
  readonly operatorSpan: Span | null
  readonly value: Expression
}

/** `_ = e;` */
export interface Discard extends NodeBase {
  readonly kind: 'discard'
  readonly value: Expression
}

export interface While extends NodeBase {
  readonly kind: 'while'
  readonly condition: Expression
  readonly body: Block
}

/** `unroll(n) { … }`. */
export interface Unroll extends NodeBase {
  readonly kind: 'unroll'
  readonly count: Expression
  readonly body: Block
}

/** `for ($kv : @m) { … }`, `for ($i : 0..n) { … }`. */
export interface For extends NodeBase {
  readonly kind: 'for'
  readonly variable: Variable
  readonly iterable: MapName | Range
  readonly body: Block
}

/** `start..end`, the end excluded. */
export interface Range extends NodeBase {
  readonly kind: 'range'
  readonly start: Expression
  readonly end: Expression
}

export interface Jump extends NodeBase {
  readonly kind: 'jump'
  readonly jump: 'break' | 'continue' | 'return'
  /** of `return value` */
  readonly value: Expression | null
}

/** `import "…";` inside a block. */
export interface ImportStatement extends NodeBase {
  readonly kind: 'import'
  /** a byte string */
  readonly path: string
}

// ---------------------------------------------------------------- the script

export interface Script {
  /** `#!…` with its line end, or null */
  readonly header: string | null
  /** preprocessor lines and struct, union and enum definitions, as text, in order; `c/` reads them */
  readonly cStatements: CStatement[]
  readonly config: Config | null
  /** of the root file; those of imported files have been followed */
  readonly imports: ImportStatement[]
  readonly mapDeclarations: MapDeclaration[]
  /** the definitions; their uses are expanded */
  readonly macros: Macro[]
  readonly functions: FunctionDefinition[]
  readonly probes: Probe[]
  readonly nodes: NodeIds
}

/** The source of node ids: `count` is the next one. */
export interface NodeIds {
  count: number
}

export interface CStatement extends NodeBase {
  readonly kind: 'c-statement'
  /** a byte string: one preprocessor line, or one definition with its `;` */
  readonly text: string
}

export interface Config extends NodeBase {
  readonly kind: 'config'
  readonly settings: ConfigSetting[]
}

/** `name = value`; a bare word and a string are both strings. */
export interface ConfigSetting extends NodeBase {
  readonly kind: 'config-setting'
  readonly name: string
  readonly value: bigint | boolean | string
}

/** `let @m = lruhash(100);` */
export interface MapDeclaration extends NodeBase {
  readonly kind: 'map-declaration'
  /** with the `@` */
  readonly name: string
  /** as written: `hash`, `percpuhash` …; whether there is such a type is checked later */
  readonly mapType: string
  readonly maxEntries: number
}

/** `macro m($v, expression, @map) { … }`. The span covers the name. */
export interface Macro extends NodeBase {
  readonly kind: 'macro'
  readonly name: string
  readonly parameters: (Variable | MapName | Identifier)[]
  readonly body: Block
}

/** `fn f($x : int64) : int64 { … }`. The span covers the name. */
export interface FunctionDefinition extends NodeBase {
  readonly kind: 'function'
  readonly name: string
  readonly parameters: Parameter[]
  readonly returnType: TypeSyntax
  readonly body: Block
}

export interface Parameter extends NodeBase {
  readonly kind: 'parameter'
  readonly variable: Variable
  readonly type: TypeSyntax
}

/** One action block and what it is attached to. The span covers the attach points. */
export interface Probe extends NodeBase {
  readonly kind: 'probe'
  readonly attachPoints: AttachPoint[]
  readonly predicate: Expression | null
  readonly body: Block
}

/** An attach point as written. `parseAttachPoint` (parse/attach-point.ts) makes something of `raw`. */
export interface AttachPoint extends NodeBase {
  readonly kind: 'attach-point'
  /** a byte string: quotes, escapes and positional parameters are still in it */
  readonly raw: string
}

/** Every node there is. */
export type Node =
  | Expression
  | TypeArgument
  | RecordField
  | TypeSyntax
  | Statement
  | Range
  | CStatement
  | Config
  | ConfigSetting
  | MapDeclaration
  | Macro
  | FunctionDefinition
  | Parameter
  | Probe
  | AttachPoint
