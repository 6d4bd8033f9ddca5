// One CO-RE relocation: from what the compiler noted down to the number that this kernel wants in the instruction.
//
// Every candidate that fits must give the same number, or the relocation is refused as ambiguous. Where none fits, questions
// (`exists`, `matches`, a type's id or size) are answered with 0, and anything else makes the instruction poison: harmless
// unless the program gets there.
// Source of the rules: bpf_core_calc_relo_insn, tools/lib/bpf/relo_core.c.

import { BtfError } from '../../errors/index.ts'
import type { Btf } from '../btf.ts'
import { resolve } from '../layout.ts'
import { typeLabel } from '../print.ts'
import type { BtfInt } from '../type.ts'
import { type Access, followAccess, matchAccess, parseAccessStr, printAccess } from './access.ts'
import { type Candidate, CandidateFinder, type CoreTargets } from './candidates.ts'
import { isEnum, typesCompatible } from './compatible.ts'
import { CORE_KINDS, type CoreKind, essentialName, isEnumKind, isFieldKind, isTypeKind } from './kinds.ts'
import { typesMatch } from './matches.ts'
import { type CoreValue, enumValue, fieldValue, typeValue } from './value.ts'

/** What the object says. */
export interface CoreQuestion {
  /** number of enum bpf_core_relo_kind */
  readonly kind: number
  /** in the program's BTF */
  readonly typeId: number
  /** `0:1:2`; for enumerators their index, for types `0` */
  readonly accessStr: string
}

/** What the kernel's types say to it. */
export interface CoreAnswer {
  /** true: no candidate fits, and the instruction must not be reached */
  readonly poison: boolean
  /** what the instruction has, if `certain` */
  readonly was: bigint
  readonly value: bigint
  readonly certain: boolean
  /** width of the field in the program's types and in the kernel's, bytes; 0 where it does not matter */
  readonly wasBytes: number
  readonly bytes: number
  /** the widths differ and no load can make up for it */
  readonly widthUnfit: boolean
}

interface Match {
  readonly candidate: Candidate
  readonly value: CoreValue
  readonly offsetBits: number
  /** of a field */
  readonly access?: Access
}

/** The type that answers a question: what of a kernel's types must be there for the answer to be the same. */
export interface CoreTarget {
  readonly kind: CoreKind
  readonly btf: Btf
  readonly typeId: number
  /** of a field: the members on the way to it, anonymous ones too */
  readonly members: Access['members']
}

export class CoreResolver {
  readonly #local: Btf
  readonly #finder: CandidateFinder
  /** by access string, then by type and kind: an object asks the same again and again */
  readonly #answers = new Map<string, Map<number, CoreAnswer>>()
  /** by local type: once some candidates fitted a question, the others are out of the game for the next ones */
  readonly #left = new Map<number, readonly Candidate[]>()

  constructor(local: Btf, targets: CoreTargets) {
    this.#local = local
    this.#finder = new CandidateFinder(targets)
  }

  /** Throws BtfError when the question makes no sense, or candidates disagree. */
  answer(question: CoreQuestion): CoreAnswer {
    const { kind, typeId, accessStr } = question
    if (CORE_KINDS[kind] === undefined) return this.#answer(question)
    let answers = this.#answers.get(accessStr)
    if (answers === undefined) this.#answers.set(accessStr, (answers = new Map()))
    const key = typeId * CORE_KINDS.length + kind
    let answer = answers.get(key)
    if (answer === undefined) answers.set(key, (answer = this.#answer(question)))
    return answer
  }

  /**
   * The type that answers, the first of those that do; undefined when none does, or none is asked for (`type_id_local`).
   * Throws as `answer` does.
   */
  target(question: CoreQuestion): CoreTarget | undefined {
    const kind = CORE_KINDS[question.kind]
    if (kind === undefined) throw new BtfError(`CO-RE relocation kind ${question.kind} is not known`)
    if (kind === 'type_id_local') return undefined
    const { first } = this.#match(kind, question)
    if (first === undefined) return undefined
    const { btf, id: typeId } = first.candidate
    return { kind, btf, typeId, members: first.access?.members ?? [] }
  }

  /** `field_byte_offset of struct task_struct.mm (0:12)`; never throws. */
  describe({ kind: number, typeId, accessStr }: CoreQuestion): string {
    const kind = CORE_KINDS[number] ?? `relocation kind ${number}`
    try {
      const type = this.#local.type(typeId)
      const label = typeLabel(type)
      if (isFieldKind(kind as CoreKind))
        return `${kind} of ${label}${printAccess(followAccess(this.#local, typeId, accessStr))} (${accessStr})`
      if (isEnumKind(kind as CoreKind))
        return `${kind} of ${label}::${this.#enumerator(typeId, accessStr).name}`
      return `${kind} of ${label}`
    } catch {
      return `${kind} of type ${typeId} (${accessStr})`
    }
  }

  /** `struct task_struct [id 137] of the kernel`, for messages about a question that none of them answers. */
  candidates({ typeId }: CoreQuestion): string[] {
    const local = this.#local.type(typeId)
    if (local.name === '') return []
    return this.#finder
      .find(local)
      .map(
        ({ btf, id, module }) =>
          `${typeLabel(btf.type(id))} [id ${id}] of ${module === undefined ? 'the kernel' : `module ${module}`}`,
      )
  }

  #answer(question: CoreQuestion): CoreAnswer {
    const kind = CORE_KINDS[question.kind]
    if (kind === undefined) throw new BtfError(`CO-RE relocation kind ${question.kind} is not known`)
    if (kind === 'type_id_local') {
      const value = BigInt(question.typeId)
      return { ...NOTHING, was: value, value, certain: false }
    }
    const { was, first, absent } = this.#match(kind, question)
    if (first === undefined)
      return { ...NOTHING, was: was.value, certain: was.certain, poison: absent === 'poison' }
    return {
      poison: false,
      was: was.value,
      value: first.value.value,
      certain: was.certain,
      wasBytes: was.fieldBytes,
      bytes: first.value.fieldBytes,
      widthUnfit: !this.#widthFits(was, first),
    }
  }

  #match(kind: CoreKind, question: CoreQuestion) {
    const local = this.#local.type(question.typeId)
    if (local.name === '') throw new BtfError(`${this.describe(question)}: the type has no name to look for`)
    const { was, match, absent } = this.#ask(kind, question)
    const matches = (this.#left.get(question.typeId) ?? this.#finder.find(local)).flatMap(candidate => {
      const found = match(candidate)
      return found === undefined ? [] : [found]
    })
    const first = matches[0]
    if (first !== undefined) {
      for (const other of matches) this.#agree(question, first, other)
      this.#left.set(
        question.typeId,
        matches.map(found => found.candidate),
      )
    }
    return { was, first, absent }
  }

  /** What the program itself would say, how one candidate answers, and what it means when none does. */
  #ask(
    kind: CoreKind,
    { typeId, accessStr }: CoreQuestion,
  ): {
    was: CoreValue
    match: (candidate: Candidate) => Match | undefined
    absent: 'zero' | 'poison'
  } {
    const local = this.#local
    if (isFieldKind(kind)) {
      const access = followAccess(local, typeId, accessStr)
      const match = (candidate: Candidate): Match | undefined => {
        const found: Access | undefined = matchAccess(access, candidate.btf, candidate.id)
        return (
          found && { candidate, value: fieldValue(kind, found), offsetBits: found.offsetBits, access: found }
        )
      }
      return { was: fieldValue(kind, access), match, absent: kind === 'field_exists' ? 'zero' : 'poison' }
    }
    if (isTypeKind(kind)) {
      if (accessStr !== '0')
        throw new BtfError(`${kind} of ${typeLabel(local.type(typeId))} with path ${accessStr}`)
      const fits = kind === 'type_matches' ? typesMatch : typesCompatible
      const match = (candidate: Candidate): Match | undefined =>
        fits(local, typeId, candidate.btf, candidate.id)
          ? { candidate, value: typeValue(kind, candidate.btf, candidate.id), offsetBits: 0 }
          : undefined
      return { was: typeValue(kind, local, typeId), match, absent: 'zero' }
    }
    const { name, index } = this.#enumerator(typeId, accessStr)
    const wanted = essentialName(name)
    const match = (candidate: Candidate): Match | undefined => {
      const type = resolve(candidate.btf, candidate.btf.type(candidate.id))
      const found = isEnum(type) ? type.values.findIndex(each => essentialName(each.name) === wanted) : -1
      return found < 0
        ? undefined
        : { candidate, value: enumValue(kind, candidate.btf, candidate.id, found), offsetBits: 0 }
    }
    return {
      was: enumValue(kind, local, typeId, index),
      match,
      absent: kind === 'enumval_exists' ? 'zero' : 'poison',
    }
  }

  #enumerator(typeId: number, accessStr: string): { name: string; index: number } {
    const [index = 0, ...rest] = parseAccessStr(accessStr)
    const type = resolve(this.#local, this.#local.type(typeId))
    if (!isEnum(type)) throw new BtfError(`${typeLabel(type)} has no enumerators`)
    const value = type.values[index]
    if (value === undefined || rest.length > 0)
      throw new BtfError(`${typeLabel(type)} has no enumerator ${accessStr}`)
    return { name: value.name, index }
  }

  #agree(question: CoreQuestion, a: Match, b: Match): void {
    if (a.offsetBits === b.offsetBits && a.value.value === b.value.value) return
    const [x, y] =
      a.value.value === b.value.value ? [a.offsetBits, b.offsetBits] : [a.value.value, b.value.value]
    throw new BtfError(
      `${this.describe(question)} is ambiguous: type ${a.candidate.id} says ${x} and type ${b.candidate.id} says ${y}`,
    )
  }

  /** A narrower or wider load is right for what is extended by zeros: unsigned integers, pointers. */
  #widthFits(was: CoreValue, { candidate, value }: Match): boolean {
    if (was.fieldBytes === value.fieldBytes) return true
    const a = this.#local.type(was.fieldTypeId)
    const b = candidate.btf.type(value.fieldTypeId)
    if (a.kind === 'ptr' && b.kind === 'ptr') return true
    const unsigned = (type: BtfInt) => type.encoding !== 'signed'
    return a.kind === 'int' && b.kind === 'int' && unsigned(a) && unsigned(b)
  }
}

const NOTHING: CoreAnswer = {
  poison: false,
  was: 0n,
  value: 0n,
  certain: true,
  wasBytes: 0,
  bytes: 0,
  widthUnfit: false,
}
