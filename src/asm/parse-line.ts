// One line of tokens to one instruction, by recursive descent over the forms that `print-insn.ts` makes.
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_CALL,
  BPF_JA,
  BPF_JCOND,
  BPF_JMP,
  BPF_JMP32,
  BPF_K,
  BPF_MOV,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  BPF_X,
} from '../sys/bpf-constants.generated.ts'
import { addrSpaceCast, bswap, movsx, movsx32, neg, neg32, toBe, toLe } from './build-alu.ts'
import { exit } from './build-jump.ts'
import {
  atomic,
  atomicCmpxchg,
  atomicFetch,
  atomicXchg,
  ldAbs,
  ldImm64,
  ldInd,
  load,
  loadAcquire,
  loadSigned,
  store,
  storeImm,
  storeRelease,
} from './build-memory.ts'
import { helperByName } from './helper.ts'
import type { Insn, Ref } from './insn.ts'
import { type AtomicOp, LD_IMM64, type MemSize } from './opcode.ts'
import { checkImm, checkImm32, checkOff } from './operand.ts'
import { ADDR_PERCPU, aluSymbols, atomicNames, jumpSymbols } from './print-insn.ts'
import { syntaxError, type Token } from './token.ts'

const opOfSymbol = (symbols: Readonly<Record<number, string>>) =>
  new Map(Object.entries(symbols).map(([op, symbol]) => [symbol, Number(op)]))
const aluOpOf = opOfSymbol(aluSymbols)
const jumpOpOf = opOfSymbol(jumpSymbols)

/**
 * Parses an instruction that takes all of `tokens`.
 * @param code the opcode where the text gives it, as the kernel's log does: it tells `r1 = 0x5` apart from its 64-bit twin
 * @param isLabel whether a name is a label of the program: a label wins over a helper of the same name
 * @throws AsmError ASM_SYNTAX with line and column, ASM_OPERAND for numbers that do not fit
 */
export function parseInsn(
  tokens: readonly Token[],
  line: number,
  isLabel: (name: string) => boolean,
  code?: number,
): Insn {
  return new LineParser(tokens, line, isLabel, code).parse()
}

interface Register {
  readonly number: number
  readonly wide: boolean
}

class LineParser {
  readonly #tokens: readonly Token[]
  readonly #line: number
  readonly #isLabel: (name: string) => boolean
  readonly #code: number | undefined
  #at = 0

  constructor(
    tokens: readonly Token[],
    line: number,
    isLabel: (name: string) => boolean,
    code: number | undefined,
  ) {
    this.#tokens = tokens
    this.#line = line
    this.#isLabel = isLabel
    this.#code = code
  }

  parse(): Insn {
    const insn = this.#statement()
    if (this.#at < this.#tokens.length) this.#fail(`unexpected "${this.#peek().text}" after the instruction`)
    return insn
  }

  #statement(): Insn {
    if (this.#is('*')) {
      const { size, base, off } = this.#memory()
      this.#symbol('=')
      const right = this.#tryRegister()
      if (right !== undefined) return store(this.#unsigned(size), base, off, right.number)
      return storeImm(this.#unsigned(size), base, off, this.#number())
    }
    const first = this.#tryRegister()
    if (first !== undefined) return this.#assignment(first)
    switch (this.#word('an instruction')) {
      case 'exit':
        return exit()
      case 'goto':
        return this.#jump(BPF_JMP | BPF_JA, 'off')
      case 'gotol':
        return this.#jump(BPF_JMP32 | BPF_JA, 'imm')
      case 'may_goto':
        return this.#jump(BPF_JMP | BPF_JCOND, 'off')
      case 'gotox':
        return plain(BPF_JMP | BPF_JA | BPF_X, this.#register().number)
      case 'if':
        return this.#conditional()
      case 'call':
        return this.#call()
      case 'lock': {
        const { size, base, off } = this.#memory()
        const { kind, text } = this.#peek()
        const op = kind === 'symbol' ? atomicNames[aluOpOf.get(text) ?? -1] : undefined
        if (op === undefined) this.#fail('expected += |= &= or ^=')
        this.#at++
        return atomic(op as AtomicOp, this.#word32(size), base, off, this.#register().number)
      }
      case 'store_release': {
        this.#symbol('(')
        const { size, base, off } = this.#pointer()
        this.#symbol(',')
        const src = this.#register().number
        this.#symbol(')')
        return storeRelease(this.#unsigned(size), base, off, src)
      }
      default:
        return this.#fail('expected an instruction', -1)
    }
  }

  /** `rN op …`, after the register. */
  #assignment(dst: Register): Insn {
    const symbol = this.#peek().text
    const bare = /^s[/%]=$/.test(symbol) ? symbol.slice(1) : symbol
    const op = aluOpOf.get(bare)
    if (op === undefined || this.#peek().kind !== 'symbol') this.#fail('expected = or an operation like +=')
    this.#at++
    if (op === BPF_MOV) {
      const special = this.#rightSide(dst)
      if (special !== undefined) return special
    }
    const instructionClass = dst.wide ? BPF_ALU64 : BPF_ALU
    const off = bare === symbol ? 0 : 1
    const src = this.#tryRegister()
    if (src !== undefined) {
      this.#sameWidth(dst, src)
      return { ...plain(instructionClass | op | BPF_X, dst.number, src.number), off }
    }
    if (op === BPF_MOV && dst.wide && this.#isWideNumber()) return this.#wideNumber(dst.number)
    const value = this.#number()
    const imm = dst.wide ? checkImm(value) : checkImm32(value)
    return { ...plain(instructionClass | op | BPF_K, dst.number), off, imm }
  }

  /** What only a plain `=` can have on its right; undefined for a register or a number. */
  #rightSide(dst: Register): Insn | undefined {
    const { text, kind, quoted } = this.#peek()
    if (this.#is('-') && this.#isRegisterAt(1)) {
      this.#at++
      const src = this.#register()
      if (src.number !== dst.number || src.wide !== dst.wide)
        this.#fail('negation works on one register only', -1)
      return dst.wide ? neg(dst.number) : neg32(dst.number)
    }
    if (this.#is('*')) return this.#loadInto(dst)
    if (this.#is('(')) return this.#signExtend(dst)
    if (this.#is('&')) return this.#percpuAddress(dst)
    if (kind !== 'word' || quoted || this.#isRegisterAt(0)) return undefined
    this.#at++
    const order = /^(le|be|bswap)(16|32|64)$/.exec(text)
    if (order !== null) {
      const bits = Number(order[2]) as 16 | 32 | 64
      if (this.#register().number !== dst.number) this.#fail('byte order works on one register only', -1)
      return { le: toLe, be: toBe, bswap }[order[1] as 'le' | 'be' | 'bswap'](dst.number, bits)
    }
    if (text === 'load_acquire') {
      this.#symbol('(')
      const { size, base, off } = this.#pointer()
      this.#symbol(')')
      return loadAcquire(this.#unsigned(size), dst.number, base, off)
    }
    if (text === 'addr_space_cast') {
      this.#symbol('(')
      const src = this.#register().number
      this.#symbol(',')
      const to = this.#number()
      this.#symbol(',')
      const from = this.#number()
      this.#symbol(')')
      return addrSpaceCast(dst.number, src, to, from)
    }
    if (text.startsWith('atomic')) return this.#atomicCall(text, dst.number)
    return this.#address(text, dst.number)
  }

  #loadInto(dst: Register): Insn {
    const start = this.#at
    this.#symbol('*')
    this.#symbol('(')
    const size = this.#size()
    this.#symbol('*')
    this.#symbol(')')
    if (!this.#is('skb')) {
      this.#at = start
      const { size: type, base, off } = this.#memory()
      return type.signed
        ? loadSigned(type.bytes as 1 | 2 | 4, dst.number, base, off)
        : load(type.bytes, dst.number, base, off)
    }
    this.#at++
    if (dst.number !== 0) this.#fail('packet loads go to r0')
    if (size.bytes === 8 || size.signed) this.#fail('packet loads have u8, u16 or u32')
    this.#symbol('[')
    const index = this.#tryRegister()
    if (index !== undefined) this.#symbol('+')
    const imm = this.#number()
    this.#symbol(']')
    return index === undefined ? ldAbs(size.bytes, imm) : ldInd(size.bytes, index.number, imm)
  }

  #signExtend(dst: Register): Insn {
    this.#symbol('(')
    const { bytes, signed } = this.#size()
    if (!signed) this.#fail('expected s8, s16 or s32', -1)
    this.#symbol(')')
    const src = this.#register()
    this.#sameWidth(dst, src)
    if (dst.wide) return movsx(dst.number, src.number, (bytes * 8) as 8 | 16 | 32)
    if (bytes === 4) this.#fail('32 bits need no extension to 32 bits', -1)
    return movsx32(dst.number, src.number, (bytes * 8) as 8 | 16)
  }

  #percpuAddress(dst: Register): Insn {
    for (const text of ['&', '(', 'void', '__percpu', '*', ')', '(']) this.#symbol(text)
    const src = this.#register().number
    this.#symbol(')')
    return { ...plain(BPF_ALU64 | BPF_MOV | BPF_X, dst.number, src), off: ADDR_PERCPU }
  }

  /** `atomic64_fetch_add((u64 *)(r1 +0), r2)` and its kin, after the name. */
  #atomicCall(name: string, dst: number): Insn {
    const match = /^atomic(64)?_(?:fetch_(add|and|or|xor)|(xchg|cmpxchg))$/.exec(name)
    if (match === null)
      this.#fail('expected atomic_xchg, atomic_cmpxchg or atomic_fetch_add, or, and, xor', -1)
    const [, wide, fetchOp, exchange] = match!
    this.#symbol('(')
    const { size, base, off } = this.#pointer()
    const bytes = this.#word32(size)
    if ((bytes === 8) !== (wide === '64')) this.#fail(`${name} does not go with ${bytes} bytes`, -1)
    this.#symbol(',')
    if (exchange === 'cmpxchg') {
      if (this.#register().number !== 0 || dst !== 0) this.#fail('cmpxchg compares and returns r0', -1)
      this.#symbol(',')
    }
    const src = this.#register().number
    this.#symbol(')')
    if (exchange === 'cmpxchg') return atomicCmpxchg(bytes, base, off, src)
    if (src !== dst) this.#fail('the old value returns in the operand’s register', -1)
    return exchange === 'xchg'
      ? atomicXchg(bytes, base, off, src)
      : atomicFetch(fetchOp as AtomicOp, bytes, base, off, src)
  }

  /** `map[…]`, `subprog[…]`, `btf[…]`, `ksym[…]`, after the first word; ` ll` may follow. */
  #address(kind: string, dst: number): Insn {
    this.#symbol('[')
    const insn = this.#addressOperand(kind, dst)
    if (this.#is('ll')) this.#at++
    return insn
  }

  #addressOperand(kind: string, dst: number): Insn {
    const wide = (src: number, imm64: bigint, ref?: Ref): Insn => ({
      ...ldImm64(dst, imm64),
      src,
      ...(ref && { ref }),
    })
    if (kind === 'ksym') return wide(BPF_PSEUDO_BTF_ID, 0n, { kind, name: this.#nameInBrackets() })
    if (kind === 'subprog') {
      if (!this.#isSign()) {
        return wide(BPF_PSEUDO_FUNC, 0n, { kind: 'funcAddress', name: this.#nameInBrackets() })
      }
      const distance = this.#number()
      this.#symbol(']')
      return wide(BPF_PSEUDO_FUNC, BigInt.asUintN(32, BigInt(distance)))
    }
    if (kind === 'btf') {
      const { id = 0, fd = 0 } = this.#fieldsInBrackets(['id', 'fd'])
      return wide(BPF_PSEUDO_BTF_ID, halves(id, fd))
    }
    if (kind !== 'map') this.#fail(`expected map, subprog, btf or ksym, not "${kind}"`, -2)
    if (this.#is(':', 1)) {
      const { fd, idx } = this.#fieldsInBrackets(['fd', 'idx'])
      const offset = this.#valueOffset()
      const number = fd ?? idx!
      if (offset === undefined)
        return wide(fd === undefined ? BPF_PSEUDO_MAP_IDX : BPF_PSEUDO_MAP_FD, halves(number, 0))
      return wide(fd === undefined ? BPF_PSEUDO_MAP_IDX_VALUE : BPF_PSEUDO_MAP_VALUE, halves(number, offset))
    }
    const name = this.#nameInBrackets()
    const offset = this.#valueOffset()
    if (offset === undefined) return wide(BPF_PSEUDO_MAP_FD, 0n, { kind: 'map', name })
    return wide(BPF_PSEUDO_MAP_VALUE, 0n, { kind: 'mapValue', name, offset })
  }

  /** `[0]+8`, if it comes next. */
  #valueOffset(): number | undefined {
    if (!this.#is('[')) return undefined
    for (const text of ['[', '0', ']']) this.#symbol(text)
    return this.#number()
  }

  #nameInBrackets(): string {
    const name = this.#word('a name')
    this.#symbol(']')
    return name
  }

  /** `id:12 fd:3]` */
  #fieldsInBrackets(names: readonly string[]): Record<string, number | undefined> {
    const fields: Record<string, number> = {}
    do {
      const name = this.#word(names.join(' or '))
      if (!names.includes(name)) this.#fail(`expected ${names.join(' or ')}`, -1)
      this.#symbol(':')
      fields[name] = this.#number()
    } while (!this.#is(']') && this.#peek().kind === 'word')
    this.#symbol(']')
    return fields
  }

  #jump(code: number, field: 'off' | 'imm'): Insn {
    return this.#withTarget(plain(code, 0), field)
  }

  #conditional(): Insn {
    const dst = this.#register()
    const op = jumpOpOf.get(this.#peek().text)
    if (op === undefined || this.#peek().kind !== 'symbol') this.#fail('expected a comparison like == or s<')
    this.#at++
    const instructionClass = dst.wide ? BPF_JMP : BPF_JMP32
    const src = this.#tryRegister()
    let insn: Insn
    if (src === undefined) {
      insn = { ...plain(instructionClass | op! | BPF_K, dst.number), imm: checkImm32(this.#number()) }
    } else {
      this.#sameWidth(dst, src)
      insn = plain(instructionClass | op! | BPF_X, dst.number, src.number)
    }
    if (this.#word('goto') !== 'goto') this.#fail('expected goto', -1)
    return this.#withTarget(insn, 'off')
  }

  /** `pc+3` or a label. */
  #withTarget(insn: Insn, field: 'off' | 'imm'): Insn {
    const { text, quoted } = this.#peek()
    const name = this.#word('a label or pc')
    if (text === 'pc' && !quoted) {
      const distance = this.#number()
      return field === 'off' ? { ...insn, off: checkOff(distance) } : { ...insn, imm: checkImm(distance) }
    }
    return { ...insn, ref: { kind: 'label', name } }
  }

  #call(): Insn {
    const insn = plain(BPF_JMP | BPF_CALL, 0)
    const { text: name, quoted } = this.#peek()
    if (this.#is('#')) return { ...insn, imm: this.#idAfterHash() }
    this.#word('a function')
    if (name === 'pc' && !quoted) {
      const imm = checkImm(this.#number())
      // bpftool adds the name of the function: pc+1#bpf_prog_36f722632876ad72_F
      if (this.#is('#')) this.#at += 2
      return { ...insn, src: BPF_PSEUDO_CALL, imm }
    }
    if (name === 'kfunc' && this.#is('[')) return this.#callKfunc(insn)
    if (name === 'kernel' && this.#is('-')) {
      for (const text of ['-', 'function']) this.#symbol(text)
      return { ...insn, src: BPF_PSEUDO_KFUNC_CALL, imm: this.#idAfterHash() }
    }
    const helper = helperByName(name)
    if (this.#is('#')) {
      const imm = this.#idAfterHash()
      if (helper !== undefined && helper.id !== imm) this.#fail(`${name} is #${helper.id}`, -1)
      const isHelper = helper !== undefined || name === 'unknown'
      return { ...insn, src: isHelper ? 0 : BPF_PSEUDO_KFUNC_CALL, imm }
    }
    if (helper !== undefined && !quoted && !this.#isLabel(name)) return { ...insn, imm: helper.id }
    return { ...insn, src: BPF_PSEUDO_CALL, ref: { kind: 'subprog', name } }
  }

  #callKfunc(insn: Insn): Insn {
    this.#symbol('[')
    if (!this.#is(':', 1)) {
      return { ...insn, src: BPF_PSEUDO_KFUNC_CALL, ref: { kind: 'kfunc', name: this.#nameInBrackets() } }
    }
    const { id = 0, fd = 0 } = this.#fieldsInBrackets(['id', 'fd'])
    return { ...insn, src: BPF_PSEUDO_KFUNC_CALL, imm: id, off: fd }
  }

  #idAfterHash(): number {
    this.#symbol('#')
    return checkImm(this.#number())
  }

  /** `*(u64 *)(r1 +8)` */
  #memory() {
    this.#symbol('*')
    return this.#pointer()
  }

  /** `(u64 *)(r1 +8)` */
  #pointer() {
    this.#symbol('(')
    const size = this.#size()
    this.#symbol('*')
    this.#symbol(')')
    this.#symbol('(')
    const base = this.#register().number
    const off = this.#is(')') ? 0 : checkOff(this.#number())
    this.#symbol(')')
    return { size, base, off }
  }

  #size(): { readonly bytes: MemSize; readonly signed: boolean } {
    const match = /^([us])(8|16|32|64)$/.exec(this.#peek().text)
    if (match === null) return this.#fail('expected u8, u16, u32, u64, s8, s16 or s32')
    if (match[0] === 's64') this.#fail('64 bits need no sign extension: use u64')
    this.#at++
    return { bytes: (Number(match[2]) / 8) as MemSize, signed: match[1] === 's' }
  }

  #unsigned({ bytes, signed }: { bytes: MemSize; signed: boolean }): MemSize {
    if (signed) this.#fail('only loads extend a sign: use the unsigned type')
    return bytes
  }

  #word32(size: { bytes: MemSize; signed: boolean }): 4 | 8 {
    const bytes = this.#unsigned(size)
    if (bytes !== 4 && bytes !== 8) this.#fail('atomic operations have u32 or u64')
    return bytes as 4 | 8
  }

  #sameWidth(a: Register, b: Register): void {
    if (a.wide !== b.wide) this.#fail('r and w registers do not mix', -1)
  }

  #register(): Register {
    return this.#tryRegister() ?? this.#fail('expected a register, r0 to r10 or w0 to w10')
  }

  #tryRegister(): Register | undefined {
    if (!this.#isRegisterAt(0)) return undefined
    const { text } = this.#tokens[this.#at++]!
    return { number: Number(text.slice(1)), wide: text[0] === 'r' }
  }

  #isRegisterAt(ahead: number): boolean {
    const token = this.#tokens[this.#at + ahead]
    return token?.kind === 'word' && !token.quoted && /^[rw]([0-9]|10)$/.test(token.text)
  }

  /** A number with any signs before it. */
  #number(): number {
    let sign = 1
    while (this.#isSign()) sign *= this.#tokens[this.#at++]!.text === '-' ? -1 : 1
    if (this.#peek().kind !== 'number') this.#fail('expected a number')
    const value = Number(this.#tokens[this.#at++]!.text)
    return sign < 0 && value !== 0 ? -value : value
  }

  /** Whether a number marked ` ll` follows, or the opcode said that it is one. */
  #isWideNumber(): boolean {
    let ahead = 0
    while (this.#isSign(ahead)) ahead++
    const isNumber = this.#tokens[this.#at + ahead]?.kind === 'number'
    return isNumber && (this.#code === LD_IMM64 || this.#is('ll', ahead + 1))
  }

  #wideNumber(dst: number): Insn {
    let negative = false
    while (this.#isSign()) negative = (this.#tokens[this.#at++]!.text === '-') !== negative
    const value = BigInt(this.#tokens[this.#at++]!.text)
    if (this.#is('ll')) this.#at++
    return ldImm64(dst, negative ? -value : value)
  }

  #word(what: string): string {
    if (this.#peek().kind !== 'word') this.#fail(`expected ${what}`)
    return this.#tokens[this.#at++]!.text
  }

  #symbol(text: string): void {
    if (!this.#is(text)) this.#fail(`expected "${text}"`)
    this.#at++
  }

  /** Whether the next token, or one after it, is this word or symbol; a quoted name never is. */
  #is(text: string, ahead = 0): boolean {
    const token = this.#tokens[this.#at + ahead]
    return token?.text === text && !token.quoted
  }

  #isSign(ahead = 0): boolean {
    return this.#is('-', ahead) || this.#is('+', ahead)
  }

  #peek(): Token {
    const last = this.#tokens.at(-1)
    const end = last === undefined ? 1 : last.column + last.text.length
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', quoted: false, column: end }
  }

  /** Fails at the next token, or at one before it. */
  #fail(message: string, back = 0): never {
    this.#at += back
    throw syntaxError(message, this.#line, this.#peek().column)
  }
}

function plain(code: number, dst: number, src = 0): Insn {
  return { code, dst, src, off: 0, imm: 0 }
}

function halves(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}
