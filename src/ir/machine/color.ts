// Graph colouring with iterated register coalescing, after George and Appel (1996), on ten colours, r0 to r9.
//
// In: an interference graph. Out: a register for each virtual one, or the list of those that did not get any and
// should live in memory. Registers joined by coalescing stand under one name in `alias`; a machine register may be
// that name.

import type { Interference, Move } from './interference.ts'
import { FIRST_VIRTUAL, type Reg } from './machine.ts'

const COLORS = 10

export interface Coloring {
  /** r0 to r9 by virtual register, for those that got one */
  readonly colors: ReadonlyMap<Reg, Reg>
  /** the ones that got none, with all they are joined with: each set can share one place in memory */
  readonly spilled: readonly (readonly Reg[])[]
}

/** `unspillable`: registers that live for one operation only. */
export function color(graph: Interference, unspillable: ReadonlySet<Reg>): Coloring {
  return new Colorer(graph, unspillable).run()
}

class Colorer {
  private readonly adjacent: Map<Reg, Set<Reg>>
  private readonly forbidden: Map<Reg, number>
  private readonly weights: Map<Reg, number>
  private readonly unspillable: ReadonlySet<Reg>
  private readonly alias = new Map<Reg, Reg>()
  /** registers taken out of the graph, in the order they were */
  private readonly stack: Reg[] = []
  private readonly removed = new Set<Reg>()
  private readonly degree = new Map<Reg, number>()
  /** moves by register; a move is there until it is coalesced or found impossible */
  private readonly moves = new Map<Reg, Set<Move>>()
  private readonly simplifiable = new Set<Reg>()
  private readonly freezable = new Set<Reg>()
  private readonly spillable = new Set<Reg>()
  /** moves to try, the most frequent last */
  private readonly ready: Move[]
  private readonly isReady: Set<Move>
  private readonly allMoves: readonly Move[]
  private readonly members = new Map<Reg, Reg[]>()

  constructor(graph: Interference, unspillable: ReadonlySet<Reg>) {
    this.adjacent = graph.neighbors
    this.forbidden = graph.forbidden
    this.weights = graph.weights
    this.unspillable = unspillable
    this.ready = graph.moves.filter(m => m.dst !== m.src && m.src !== 10).sort((a, b) => a.weight - b.weight)
    this.isReady = new Set(this.ready)
    this.allMoves = this.ready.toReversed()
    for (const move of this.ready) {
      for (const reg of [move.dst, move.src]) {
        if (reg < FIRST_VIRTUAL) continue
        const list = this.moves.get(reg)
        if (list === undefined) this.moves.set(reg, new Set([move]))
        else list.add(move)
      }
    }
  }

  run(): Coloring {
    for (const [reg, neighbors] of this.adjacent) {
      this.degree.set(reg, neighbors.size + bitCount(this.forbidden.get(reg)!))
      this.sort(reg)
    }
    for (;;) {
      const reg = first(this.simplifiable)
      if (reg !== undefined) this.simplify(reg)
      else if (this.ready.length > 0) this.coalesce(this.ready.pop()!)
      else if (this.freezable.size > 0) this.freeze(first(this.freezable)!)
      else if (this.spillable.size > 0) this.pickSpill()
      else break
    }
    return this.assign()
  }

  /** Puts a register of the graph on the list of what can be done with it. */
  private sort(reg: Reg): void {
    this.simplifiable.delete(reg)
    this.freezable.delete(reg)
    this.spillable.delete(reg)
    if (this.degree.get(reg)! >= COLORS) this.spillable.add(reg)
    else if ((this.moves.get(reg)?.size ?? 0) > 0) this.freezable.add(reg)
    else this.simplifiable.add(reg)
  }

  private simplify(reg: Reg): void {
    this.simplifiable.delete(reg)
    this.stack.push(reg)
    this.remove(reg)
  }

  private remove(reg: Reg): void {
    this.removed.add(reg)
    for (const other of this.adjacent.get(reg)!) if (!this.removed.has(other)) this.lowerDegree(other)
  }

  private lowerDegree(reg: Reg): void {
    const degree = this.degree.get(reg)! - 1
    this.degree.set(reg, degree)
    if (degree !== COLORS - 1) return
    // It can be coloured now whatever its neighbours get, so moves around it may have become possible.
    this.retryMoves(reg)
    for (const other of this.adjacent.get(reg)!) if (!this.removed.has(other)) this.retryMoves(other)
    this.sort(reg)
  }

  private retryMoves(reg: Reg): void {
    for (const move of this.moves.get(reg) ?? []) {
      if (this.isReady.has(move)) continue
      this.isReady.add(move)
      this.ready.push(move)
    }
  }

  private coalesce(move: Move): void {
    this.isReady.delete(move)
    if (!this.isMove(move)) return
    let a = this.find(move.dst)
    let b = this.find(move.src)
    // A machine register, if there is one, keeps its name.
    if (b < FIRST_VIRTUAL) [a, b] = [b, a]
    if (a === b || b < FIRST_VIRTUAL || this.interferes(a, b)) {
      this.dropMove(move)
    } else if (a < FIRST_VIRTUAL ? this.canJoinMachine(a, b) : this.canJoin(a, b)) {
      this.dropMove(move)
      this.join(a, b)
    }
    // Else it stays with its registers and is looked at again when one of their neighbours gets easier.
  }

  private isMove(move: Move): boolean {
    const a = this.find(move.dst)
    const reg = a < FIRST_VIRTUAL ? this.find(move.src) : a
    return this.moves.get(reg)?.has(move) ?? false
  }

  private dropMove(move: Move): void {
    for (const end of [this.find(move.dst), this.find(move.src)]) {
      if (end < FIRST_VIRTUAL) continue
      const list = this.moves.get(end)
      if (list?.delete(move) === true && list.size === 0 && !this.removed.has(end)) this.sort(end)
    }
  }

  private interferes(a: Reg, b: Reg): boolean {
    if (a < FIRST_VIRTUAL) return (this.forbidden.get(b)! & (1 << a)) !== 0
    // One that only machine registers are left for in common is no use either.
    const both = this.forbidden.get(a)! | this.forbidden.get(b)!
    return this.adjacent.get(a)!.has(b) || bitCount(both) === COLORS
  }

  /** George's test: each neighbour of b is easy to colour or conflicts with the machine register already. */
  private canJoinMachine(machine: Reg, b: Reg): boolean {
    for (const other of this.adjacent.get(b)!) {
      if (this.removed.has(other)) continue
      if (this.degree.get(other)! >= COLORS && (this.forbidden.get(other)! & (1 << machine)) === 0)
        return false
    }
    return true
  }

  /** Briggs' test: the joined register has fewer than ten neighbours that are hard to colour. */
  private canJoin(a: Reg, b: Reg): boolean {
    let hard = bitCount(this.forbidden.get(a)! | this.forbidden.get(b)!)
    const neighbors = this.adjacent.get(a)!
    for (const other of neighbors) {
      if (this.removed.has(other)) continue
      const shared = this.adjacent.get(b)!.has(other) ? 1 : 0
      if (this.degree.get(other)! - shared >= COLORS) hard++
    }
    for (const other of this.adjacent.get(b)!) {
      if (!this.removed.has(other) && !neighbors.has(other) && this.degree.get(other)! >= COLORS) hard++
    }
    return hard < COLORS
  }

  private join(a: Reg, b: Reg): void {
    this.alias.set(b, a)
    this.removed.add(b)
    this.simplifiable.delete(b)
    this.freezable.delete(b)
    this.spillable.delete(b)
    const machine = a < FIRST_VIRTUAL
    if (!machine) {
      this.members.set(a, [...(this.members.get(a) ?? [a]), ...(this.members.get(b) ?? [b])])
      this.weights.set(a, this.weights.get(a)! + this.weights.get(b)!)
      const list = this.moves.get(a) ?? new Set()
      for (const move of this.moves.get(b) ?? []) list.add(move)
      this.moves.set(a, list)
      const before = this.forbidden.get(a)!
      const after = before | this.forbidden.get(b)!
      this.forbidden.set(a, after)
      this.degree.set(a, this.degree.get(a)! + bitCount(after) - bitCount(before))
    }
    for (const other of this.adjacent.get(b)!) {
      if (this.removed.has(other)) continue
      // The neighbour loses b and, unless it had a as one already, gains it.
      let gained = false
      if (machine) {
        const mask = this.forbidden.get(other)!
        gained = (mask & (1 << a)) === 0
        this.forbidden.set(other, mask | (1 << a))
      } else if (!this.adjacent.get(a)!.has(other)) {
        gained = true
        this.adjacent.get(a)!.add(other)
        this.adjacent.get(other)!.add(a)
        this.degree.set(a, this.degree.get(a)! + 1)
      }
      if (!gained) this.lowerDegree(other)
    }
    if (!machine) this.sort(a)
    else {
      // Moves of b with other registers are now moves with a machine register.
      for (const move of this.moves.get(b) ?? []) {
        const other = this.find(move.dst) === a ? this.find(move.src) : this.find(move.dst)
        if (other >= FIRST_VIRTUAL && !this.isReady.has(move)) {
          this.isReady.add(move)
          this.ready.push(move)
        }
      }
    }
  }

  /** Gives up the moves of a register, so that it can be taken out. */
  private freeze(reg: Reg): void {
    for (const move of [...this.moves.get(reg)!]) this.dropMove(move)
    this.moves.delete(reg)
    this.sort(reg)
  }

  /** Takes out the register that costs least to keep in memory; it may still get a colour. */
  private pickSpill(): void {
    let best: Reg | undefined
    let bestCost = Number.POSITIVE_INFINITY
    for (const reg of this.spillable) {
      const cost = this.unspillable.has(reg)
        ? Number.MAX_VALUE
        : this.weights.get(reg)! / this.degree.get(reg)!
      if (best === undefined || cost < bestCost) {
        best = reg
        bestCost = cost
      }
    }
    this.spillable.delete(best!)
    for (const move of [...(this.moves.get(best!) ?? [])]) this.dropMove(move)
    this.moves.delete(best!)
    this.sort(best!)
    this.spillable.delete(best!)
    this.simplifiable.add(best!)
  }

  private find(reg: Reg): Reg {
    let r = reg
    for (let next = this.alias.get(r); next !== undefined; next = this.alias.get(r)) r = next
    return r
  }

  private assign(): Coloring {
    const colors = new Map<Reg, Reg>()
    const spilled: Reg[][] = []
    const wishes = this.wishes()
    while (this.stack.length > 0) {
      const reg = this.stack.pop()!
      let taken = this.forbidden.get(reg)!
      for (const other of this.adjacent.get(reg)!) {
        const c = this.colorOf(this.find(other), colors)
        if (c !== undefined) taken |= 1 << c
      }
      const wish = wishes.get(reg)?.map(other => this.colorOf(this.find(other), colors))
      const c =
        wish?.find(w => w !== undefined && (taken & (1 << w)) === 0) ??
        PREFERENCE.find(n => (taken & (1 << n)) === 0)
      if (c === undefined) spilled.push(this.members.get(reg) ?? [reg])
      else colors.set(reg, c)
    }
    for (const reg of this.alias.keys()) {
      const c = this.colorOf(this.find(reg), colors)
      if (c !== undefined) colors.set(reg, c)
    }
    return { colors, spilled }
  }

  /** For each register those it would like to be the same as: the other sides of moves that were given up. */
  private wishes(): Map<Reg, Reg[]> {
    const wishes = new Map<Reg, Reg[]>()
    const add = (reg: Reg, other: Reg): void => {
      if (reg < FIRST_VIRTUAL) return
      const list = wishes.get(reg)
      if (list === undefined) wishes.set(reg, [other])
      else list.push(other)
    }
    for (const move of this.allMoves) {
      const a = this.find(move.dst)
      const b = this.find(move.src)
      if (a === b) continue
      add(a, b)
      add(b, a)
    }
    return wishes
  }

  private colorOf(reg: Reg, colors: ReadonlyMap<Reg, Reg>): Reg | undefined {
    return reg < FIRST_VIRTUAL ? reg : colors.get(reg)
  }
}

/** Registers that calls take away come first: who can live in them leaves the others to those who can't. */
const PREFERENCE: readonly Reg[] = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9]

function first(set: ReadonlySet<Reg>): Reg | undefined {
  for (const reg of set) return reg
  return undefined
}

function bitCount(mask: number): number {
  let n = 0
  for (let m = mask; m !== 0; m &= m - 1) n++
  return n
}
