// What a mangled C++ name says, as a tree. Substitutions make parts of it shared: it is a graph without cycles.

export type Node =
  | { readonly kind: 'name'; readonly text: string }
  /** `std::string` and the like, with what it is short for: constructors show the long name */
  | { readonly kind: 'abbreviation'; readonly text: string; readonly full: string; readonly bare: string }
  | { readonly kind: 'nested'; readonly scope: Node; readonly member: Node }
  | { readonly kind: 'template'; readonly base: Node; readonly args: readonly Node[] }
  /** template arguments of a parameter pack; `ofParam` where a parameter was, which is what expansions go through */
  | { readonly kind: 'pack'; readonly items: readonly Node[]; readonly ofParam?: true }
  /** a pattern that is repeated for each item of the packs in it */
  | { readonly kind: 'expansion'; readonly pattern: Node }
  /** `sizeof...` */
  | { readonly kind: 'packSize'; readonly of: Node }
  | { readonly kind: 'structor'; readonly of: Node; readonly destructor: boolean }
  | { readonly kind: 'local'; readonly scope: Node; readonly entity: Node }
  | { readonly kind: 'lambda'; readonly params: readonly Node[]; readonly index: number }
  | { readonly kind: 'tagged'; readonly base: Node; readonly tag: string }
  | { readonly kind: 'conversion'; readonly type: Node }
  /** `vtable for `, `decltype (`: text before and behind */
  | { readonly kind: 'wrapped'; readonly before: string; readonly inner: Node; readonly after: string }
  | { readonly kind: 'construction'; readonly type: Node; readonly within: Node }
  | {
      readonly kind: 'encoding'
      readonly name: Node
      readonly result: Node | undefined
      readonly params: readonly Node[]
      readonly qualifiers: string
    }
  | { readonly kind: 'qualified'; readonly base: Node; readonly qualifiers: string }
  /** `*`, `&` or `&&` */
  | { readonly kind: 'pointer'; readonly target: Node; readonly mark: '*' | '&' | '&&' }
  | { readonly kind: 'memberPointer'; readonly owner: Node; readonly member: Node }
  | { readonly kind: 'array'; readonly element: Node; readonly size: Node | undefined }
  | {
      readonly kind: 'function'
      readonly result: Node
      readonly params: readonly Node[]
      /** behind the parameters: ` const`, ` &`, ` noexcept` */
      readonly qualifiers: string
    }
  /** a template parameter that is not bound to its argument yet */
  | { readonly kind: 'param'; readonly index: number }
  | { readonly kind: 'literal'; readonly type: Node; readonly value: string }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Node }
  | { readonly kind: 'postfix'; readonly operator: string; readonly operand: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'ternary'; readonly condition: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'call'; readonly callee: Node; readonly args: readonly Node[] }
  | { readonly kind: 'index'; readonly array: Node; readonly at: Node }
  | { readonly kind: 'cast'; readonly type: Node; readonly args: readonly Node[] }
  | { readonly kind: 'namedCast'; readonly cast: string; readonly type: Node; readonly value: Node }
  | { readonly kind: 'braces'; readonly type: Node | undefined; readonly args: readonly Node[] }
  | {
      readonly kind: 'fold'
      readonly operator: string
      readonly left: Node | undefined
      readonly right: Node | undefined
    }

export const named = (text: string): Node => ({ kind: 'name', text })
