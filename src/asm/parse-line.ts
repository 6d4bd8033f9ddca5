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
import type { Token } from './token.ts'
import { type Register, TokenCursor } from './token-cursor.ts'

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
  return new LineParser(new TokenCursor(tokens, line), isLabel, code).parse()
}

class LineParser {
  readonly #next: TokenCursor
  readonly #isLabel: (name: string) => boolean
  readonly #code: number | undefined

  constructor(next: TokenCursor, isLabel: (name: string) => boolean, code: number | undefined) {
    this.#next = next
    this.#isLabel = isLabel
    this.#code = code
  }

  parse(): Insn {
    const insn = this.#statement()
    if (this.#next.peek().kind !== 'end') {
      this.#next.fail(`unexpected "${this.#next.peek().text}" after the instruction`)
    }
    return insn
  }

  #statement(): Insn {
    if (this.#next.is('*')) {
      const { size, base, off } = this.#memory()
      this.#next.symbol('=')
      const right = this.#next.tryRegister()
      if (right !== undefined) return store(this.#unsigned(size), base, off, right.number)
      return storeImm(this.#unsigned(size), base, off, this.#next.number())
    }
    const first = this.#next.tryRegister()
    if (first !== undefined) return this.#assignment(first)
    switch (this.#next.word('an instruction')) {
      case 'exit':
        return exit()
      case 'goto':
        return this.#jump(BPF_JMP | BPF_JA, 'off')
      case 'gotol':
        return this.#jump(BPF_JMP32 | BPF_JA, 'imm')
      case 'may_goto':
        return this.#jump(BPF_JMP | BPF_JCOND, 'off')
      case 'gotox':
        return plain(BPF_JMP | BPF_JA | BPF_X, this.#next.register().number)
      case 'if':
        return this.#conditional()
      case 'call':
        return this.#call()
      case 'lock': {
        const { size, base, off } = this.#memory()
        const { kind, text } = this.#next.peek()
        const op = kind === 'symbol' ? atomicNames[aluOpOf.get(text) ?? -1] : undefined
        if (op === undefined) this.#next.fail('expected += |= &= or ^=')
        this.#next.skip()
        return atomic(op as AtomicOp, this.#word32(size), base, off, this.#next.register().number)
      }
      case 'store_release': {
        this.#next.symbol('(')
        const { size, base, off } = this.#pointer()
        this.#next.symbol(',')
        const src = this.#next.register().number
        this.#next.symbol(')')
        return storeRelease(this.#unsigned(size), base, off, src)
      }
      default:
        return this.#next.fail('expected an instruction', -1)
    }
  }

  /** `rN op …`, after the register. */
  #assignment(dst: Register): Insn {
    const symbol = this.#next.peek().text
    const bare = /^s[/%]=$/.test(symbol) ? symbol.slice(1) : symbol
    const op = aluOpOf.get(bare)
    if (op === undefined || this.#next.peek().kind !== 'symbol')
      this.#next.fail('expected = or an operation like +=')
    this.#next.skip()
    if (op === BPF_MOV) {
      const special = this.#rightSide(dst)
      if (special !== undefined) return special
    }
    const instructionClass = dst.wide ? BPF_ALU64 : BPF_ALU
    const off = bare === symbol ? 0 : 1
    const src = this.#next.tryRegister()
    if (src !== undefined) {
      this.#sameWidth(dst, src)
      return { ...plain(instructionClass | op | BPF_X, dst.number, src.number), off }
    }
    if (op === BPF_MOV && dst.wide && this.#isWideNumber()) return this.#wideNumber(dst.number)
    const value = this.#next.number()
    const imm = dst.wide ? checkImm(value) : checkImm32(value)
    return { ...plain(instructionClass | op | BPF_K, dst.number), off, imm }
  }

  /** What only a plain `=` can have on its right; undefined for a register or a number. */
  #rightSide(dst: Register): Insn | undefined {
    const { text, kind, quoted } = this.#next.peek()
    if (this.#next.is('-') && this.#next.isRegisterAt(1)) {
      this.#next.skip()
      const src = this.#next.register()
      if (src.number !== dst.number || src.wide !== dst.wide)
        this.#next.fail('negation works on one register only', -1)
      return dst.wide ? neg(dst.number) : neg32(dst.number)
    }
    if (this.#next.is('*')) return this.#loadInto(dst)
    if (this.#next.is('(')) return this.#signExtend(dst)
    if (this.#next.is('&')) return this.#percpuAddress(dst)
    if (kind !== 'word' || quoted || this.#next.isRegisterAt(0)) return undefined
    this.#next.skip()
    const order = /^(le|be|bswap)(16|32|64)$/.exec(text)
    if (order !== null) {
      const bits = Number(order[2]) as 16 | 32 | 64
      if (this.#next.register().number !== dst.number)
        this.#next.fail('byte order works on one register only', -1)
      return { le: toLe, be: toBe, bswap }[order[1] as 'le' | 'be' | 'bswap'](dst.number, bits)
    }
    if (text === 'load_acquire') {
      this.#next.symbol('(')
      const { size, base, off } = this.#pointer()
      this.#next.symbol(')')
      return loadAcquire(this.#unsigned(size), dst.number, base, off)
    }
    if (text === 'addr_space_cast') {
      this.#next.symbol('(')
      const src = this.#next.register().number
      this.#next.symbol(',')
      const to = this.#next.number()
      this.#next.symbol(',')
      const from = this.#next.number()
      this.#next.symbol(')')
      return addrSpaceCast(dst.number, src, to, from)
    }
    if (text.startsWith('atomic')) return this.#atomicCall(text, dst.number)
    return this.#address(text, dst.number)
  }

  #loadInto(dst: Register): Insn {
    const start = this.#next.at
    this.#next.symbol('*')
    this.#next.symbol('(')
    const size = this.#size()
    this.#next.symbol('*')
    this.#next.symbol(')')
    if (!this.#next.is('skb')) {
      this.#next.at = start
      const { size: type, base, off } = this.#memory()
      return type.signed
        ? loadSigned(type.bytes as 1 | 2 | 4, dst.number, base, off)
        : load(type.bytes, dst.number, base, off)
    }
    this.#next.skip()
    if (dst.number !== 0) this.#next.fail('packet loads go to r0')
    if (size.bytes === 8 || size.signed) this.#next.fail('packet loads have u8, u16 or u32')
    this.#next.symbol('[')
    const index = this.#next.tryRegister()
    if (index !== undefined) this.#next.symbol('+')
    const imm = this.#next.number()
    this.#next.symbol(']')
    return index === undefined ? ldAbs(size.bytes, imm) : ldInd(size.bytes, index.number, imm)
  }

  #signExtend(dst: Register): Insn {
    this.#next.symbol('(')
    const { bytes, signed } = this.#size()
    if (!signed) this.#next.fail('expected s8, s16 or s32', -1)
    this.#next.symbol(')')
    const src = this.#next.register()
    this.#sameWidth(dst, src)
    if (dst.wide) return movsx(dst.number, src.number, (bytes * 8) as 8 | 16 | 32)
    if (bytes === 4) this.#next.fail('32 bits need no extension to 32 bits', -1)
    return movsx32(dst.number, src.number, (bytes * 8) as 8 | 16)
  }

  #percpuAddress(dst: Register): Insn {
    for (const text of ['&', '(', 'void', '__percpu', '*', ')', '(']) this.#next.symbol(text)
    const src = this.#next.register().number
    this.#next.symbol(')')
    return { ...plain(BPF_ALU64 | BPF_MOV | BPF_X, dst.number, src), off: ADDR_PERCPU }
  }

  /** `atomic64_fetch_add((u64 *)(r1 +0), r2)` and its kin, after the name. */
  #atomicCall(name: string, dst: number): Insn {
    const match = /^atomic(64)?_(?:fetch_(add|and|or|xor)|(xchg|cmpxchg))$/.exec(name)
    if (match === null)
      this.#next.fail('expected atomic_xchg, atomic_cmpxchg or atomic_fetch_add, or, and, xor', -1)
    const [, wide, fetchOp, exchange] = match!
    this.#next.symbol('(')
    const { size, base, off } = this.#pointer()
    const bytes = this.#word32(size)
    if ((bytes === 8) !== (wide === '64')) this.#next.fail(`${name} does not go with ${bytes} bytes`, -1)
    this.#next.symbol(',')
    if (exchange === 'cmpxchg') {
      if (this.#next.register().number !== 0 || dst !== 0)
        this.#next.fail('cmpxchg compares and returns r0', -1)
      this.#next.symbol(',')
    }
    const src = this.#next.register().number
    this.#next.symbol(')')
    if (exchange === 'cmpxchg') return atomicCmpxchg(bytes, base, off, src)
    if (src !== dst) this.#next.fail('the old value returns in the operand’s register', -1)
    return exchange === 'xchg'
      ? atomicXchg(bytes, base, off, src)
      : atomicFetch(fetchOp as AtomicOp, bytes, base, off, src)
  }

  /** `map[…]`, `subprog[…]`, `btf[…]`, `ksym[…]`, after the first word; ` ll` may follow. */
  #address(kind: string, dst: number): Insn {
    this.#next.symbol('[')
    const insn = this.#addressOperand(kind, dst)
    if (this.#next.is('ll')) this.#next.skip()
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
      if (!this.#next.isSign()) {
        return wide(BPF_PSEUDO_FUNC, 0n, { kind: 'funcAddress', name: this.#nameInBrackets() })
      }
      const distance = checkImm(this.#next.number())
      this.#next.symbol(']')
      return wide(BPF_PSEUDO_FUNC, BigInt.asUintN(32, BigInt(distance)))
    }
    if (kind === 'btf') {
      const { id = 0, fd = 0 } = this.#fieldsInBrackets(['id', 'fd'])
      return wide(BPF_PSEUDO_BTF_ID, halves(id, fd))
    }
    if (kind !== 'map') this.#next.fail(`expected map, subprog, btf or ksym, not "${kind}"`, -2)
    if (this.#next.is(':', 1)) {
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
    return wide(BPF_PSEUDO_MAP_VALUE, 0n, { kind: 'mapValue', name, offset: checkImm(offset) })
  }

  /** `[0]+8`, if it comes next. */
  #valueOffset(): number | undefined {
    if (!this.#next.is('[')) return undefined
    for (const text of ['[', '0', ']']) this.#next.symbol(text)
    return this.#next.number()
  }

  #nameInBrackets(): string {
    const name = this.#next.word('a name')
    this.#next.symbol(']')
    return name
  }

  /** `id:12 fd:3]` */
  #fieldsInBrackets(names: readonly string[]): Record<string, number | undefined> {
    const fields: Record<string, number> = {}
    do {
      const name = this.#next.word(names.join(' or '))
      if (!names.includes(name)) this.#next.fail(`expected ${names.join(' or ')}`, -1)
      this.#next.symbol(':')
      fields[name] = this.#next.number()
    } while (!this.#next.is(']') && this.#next.peek().kind === 'word')
    this.#next.symbol(']')
    return fields
  }

  #jump(code: number, field: 'off' | 'imm'): Insn {
    return this.#withTarget(plain(code, 0), field)
  }

  #conditional(): Insn {
    const dst = this.#next.register()
    const op = jumpOpOf.get(this.#next.peek().text)
    if (op === undefined || this.#next.peek().kind !== 'symbol')
      this.#next.fail('expected a comparison like == or s<')
    this.#next.skip()
    const instructionClass = dst.wide ? BPF_JMP : BPF_JMP32
    const src = this.#next.tryRegister()
    let insn: Insn
    if (src === undefined) {
      insn = { ...plain(instructionClass | op! | BPF_K, dst.number), imm: checkImm32(this.#next.number()) }
    } else {
      this.#sameWidth(dst, src)
      insn = plain(instructionClass | op! | BPF_X, dst.number, src.number)
    }
    if (this.#next.word('goto') !== 'goto') this.#next.fail('expected goto', -1)
    return this.#withTarget(insn, 'off')
  }

  /** `pc+3` or a label. */
  #withTarget(insn: Insn, field: 'off' | 'imm'): Insn {
    const { text, quoted } = this.#next.peek()
    const name = this.#next.word('a label or pc')
    if (text === 'pc' && !quoted) {
      const distance = this.#next.number()
      return field === 'off' ? { ...insn, off: checkOff(distance) } : { ...insn, imm: checkImm(distance) }
    }
    return { ...insn, ref: { kind: 'label', name } }
  }

  #call(): Insn {
    const insn = plain(BPF_JMP | BPF_CALL, 0)
    const { text: name, quoted } = this.#next.peek()
    if (this.#next.is('#')) return { ...insn, imm: this.#idAfterHash() }
    this.#next.word('a function')
    if (name === 'pc' && !quoted) {
      const imm = checkImm(this.#next.number())
      // bpftool adds the name of the function: pc+1#bpf_prog_36f722632876ad72_F
      if (this.#next.is('#')) this.#next.skip(2)
      return { ...insn, src: BPF_PSEUDO_CALL, imm }
    }
    if (name === 'kfunc' && this.#next.is('[')) return this.#callKfunc(insn)
    if (name === 'kernel' && this.#next.is('-')) {
      for (const text of ['-', 'function']) this.#next.symbol(text)
      return { ...insn, src: BPF_PSEUDO_KFUNC_CALL, imm: this.#idAfterHash() }
    }
    const helper = helperByName(name)
    if (this.#next.is('#')) {
      const imm = this.#idAfterHash()
      if (helper !== undefined && helper.id !== imm) this.#next.fail(`${name} is #${helper.id}`, -1)
      const isHelper = helper !== undefined || name === 'unknown'
      return { ...insn, src: isHelper ? 0 : BPF_PSEUDO_KFUNC_CALL, imm }
    }
    if (helper !== undefined && !quoted && !this.#isLabel(name)) return { ...insn, imm: helper.id }
    return { ...insn, src: BPF_PSEUDO_CALL, ref: { kind: 'subprog', name } }
  }

  #callKfunc(insn: Insn): Insn {
    this.#next.symbol('[')
    if (!this.#next.is(':', 1)) {
      return { ...insn, src: BPF_PSEUDO_KFUNC_CALL, ref: { kind: 'kfunc', name: this.#nameInBrackets() } }
    }
    const { id = 0, fd = 0 } = this.#fieldsInBrackets(['id', 'fd'])
    return { ...insn, src: BPF_PSEUDO_KFUNC_CALL, imm: checkImm(id), off: checkOff(fd) }
  }

  #idAfterHash(): number {
    this.#next.symbol('#')
    return checkImm(this.#next.number())
  }

  /** `*(u64 *)(r1 +8)` */
  #memory() {
    this.#next.symbol('*')
    return this.#pointer()
  }

  /** `(u64 *)(r1 +8)` */
  #pointer() {
    this.#next.symbol('(')
    const size = this.#size()
    this.#next.symbol('*')
    this.#next.symbol(')')
    this.#next.symbol('(')
    const base = this.#next.register().number
    const off = this.#next.is(')') ? 0 : checkOff(this.#next.number())
    this.#next.symbol(')')
    return { size, base, off }
  }

  #size(): { readonly bytes: MemSize; readonly signed: boolean } {
    const match = /^([us])(8|16|32|64)$/.exec(this.#next.peek().text)
    if (match === null) return this.#next.fail('expected u8, u16, u32, u64, s8, s16 or s32')
    if (match[0] === 's64') this.#next.fail('64 bits need no sign extension: use u64')
    this.#next.skip()
    return { bytes: (Number(match[2]) / 8) as MemSize, signed: match[1] === 's' }
  }

  #unsigned({ bytes, signed }: { bytes: MemSize; signed: boolean }): MemSize {
    if (signed) this.#next.fail('only loads extend a sign: use the unsigned type')
    return bytes
  }

  #word32(size: { bytes: MemSize; signed: boolean }): 4 | 8 {
    const bytes = this.#unsigned(size)
    if (bytes !== 4 && bytes !== 8) this.#next.fail('atomic operations have u32 or u64')
    return bytes as 4 | 8
  }

  #sameWidth(a: Register, b: Register): void {
    if (a.wide !== b.wide) this.#next.fail('r and w registers do not mix', -1)
  }

  /** Whether a number marked ` ll` follows, or the opcode said that it is one. */
  #isWideNumber(): boolean {
    const ahead = this.#next.numberEnd()
    return ahead !== undefined && (this.#code === LD_IMM64 || this.#next.is('ll', ahead))
  }

  #wideNumber(dst: number): Insn {
    const value = this.#next.bigint()
    if (this.#next.is('ll')) this.#next.skip()
    return ldImm64(dst, value)
  }
}

function plain(code: number, dst: number, src = 0): Insn {
  return { code, dst, src, off: 0, imm: 0 }
}

function halves(low: number, high: number): bigint {
  return (BigInt(checkImm32(high) >>> 0) << 32n) | BigInt(checkImm32(low) >>> 0)
}
