// Graph colouring with iterated register coalescing, after George and Appel (1996), on ten colours, r0 to r9.
//
// In: an interference graph. Out: a register for each virtual one, or the list of those that did not get any and
// should live in memory. Registers joined by coalescing stand under one name (`find`); a machine register may be
// that name. Registers, moves and their states are numbers that index flat arrays.

import type { Interference } from './interference.ts'
import { FIRST_VIRTUAL, FRAME, type Reg } from './machine.ts'

const COLORS = 10

export interface Coloring {
  /** r0 to r9 by virtual register, or NO_COLOR */
  readonly colors: Int8Array
  /** the ones that got none, with all they are joined with: each set can share one place in memory */
  readonly spilled: readonly (readonly Reg[])[]
}

export const NO_COLOR = -1

/** `unspillable`: registers that live for one operation only. */
export function color(graph: Interference, unspillable: ReadonlySet<Reg>): Coloring {
  return new Colorer(graph, unspillable).run()
}

/** What can be done with a register of the graph next; from REMOVED on it is no longer in the graph. */
const ABSENT = 0
const SIMPLIFY = 1
const FREEZE = 2
const SPILL = 3
const REMOVED = 4

class Colorer {
  private readonly nextReg: Reg
  private readonly neighbors: readonly (Reg[] | undefined)[]
  private readonly forbidden: Int32Array
  private readonly weights: Float64Array
  private readonly unspillable: ReadonlySet<Reg>
  /** the register a register was joined with, or itself */
  private readonly alias: Int32Array
  /** registers taken out of the graph, in the order they were */
  private readonly stack: Reg[] = []
  private readonly state: Uint8Array
  private readonly degree: Int32Array
  // A register is on the list of its state; entries for states it has left since are passed over.
  private readonly simplifiable: Reg[] = []
  private simplified = 0
  private readonly freezable: Reg[] = []
  private frozen = 0
  private spillable: Reg[] = []
  // Moves, the least frequent first; one counts until it is coalesced or found impossible.
  private readonly dst: Reg[] = []
  private readonly src: Reg[] = []
  private readonly isDropped: Uint8Array
  private readonly isReady: Uint8Array
  /** moves to try, the most frequent last */
  private readonly ready: number[] = []
  /** the moves of each register, and how many of them count */
  private readonly moves: (number[] | undefined)[]
  private readonly moveCount: Int32Array
  /** registers marked as neighbours of one that is looked at: they have the number of the last marking */
  private readonly marks: Int32Array
  private marking = 0

  constructor(graph: Interference, unspillable: ReadonlySet<Reg>) {
    const { nextReg } = graph
    this.nextReg = nextReg
    this.neighbors = graph.neighbors
    this.forbidden = graph.forbidden
    this.weights = graph.weights
    this.unspillable = unspillable
    this.alias = Int32Array.from({ length: nextReg }, (_, reg) => reg)
    this.state = new Uint8Array(nextReg)
    this.degree = new Int32Array(nextReg)
    this.moves = new Array(nextReg)
    this.moveCount = new Int32Array(nextReg)
    this.marks = new Int32Array(nextReg)
    const moves = graph.moves.filter(m => m.dst !== m.src && m.src !== FRAME)
    moves.sort((a, b) => a.weight - b.weight)
    for (let id = 0; id < moves.length; id++) {
      const { dst, src } = moves[id]!
      this.dst.push(dst)
      this.src.push(src)
      this.ready.push(id)
      this.addMove(dst, id)
      this.addMove(src, id)
    }
    this.isDropped = new Uint8Array(moves.length)
    this.isReady = new Uint8Array(moves.length).fill(1)
  }

  run(): Coloring {
    for (let reg = FIRST_VIRTUAL; reg < this.nextReg; reg++) {
      const neighbors = this.neighbors[reg]
      if (neighbors === undefined) continue
      this.degree[reg] = neighbors.length + bitCount(this.forbidden[reg]!)
      this.sort(reg)
    }
    while (this.simplifyNext() || this.coalesceNext() || this.freezeNext() || this.pickSpill()) {}
    return this.assign()
  }

  /** Puts a register of the graph on the list of what can be done with it. */
  private sort(reg: Reg): void {
    const state = this.degree[reg]! >= COLORS ? SPILL : this.moveCount[reg]! > 0 ? FREEZE : SIMPLIFY
    if (state === this.state[reg]) return
    this.state[reg] = state
    if (state === SPILL) this.spillable.push(reg)
    else if (state === FREEZE) this.freezable.push(reg)
    else this.simplifiable.push(reg)
  }

  // ---- taking out -------------------------------------------------------------------------------------------------

  private simplifyNext(): boolean {
    while (this.simplified < this.simplifiable.length) {
      const reg = this.simplifiable[this.simplified++]!
      if (this.state[reg] !== SIMPLIFY) continue
      this.stack.push(reg)
      this.state[reg] = REMOVED
      const neighbors = this.neighbors[reg]!
      for (let i = 0; i < neighbors.length; i++) this.lowerDegree(neighbors[i]!)
      return true
    }
    return false
  }

  /** A register of the graph lost a neighbour; others are left alone. */
  private lowerDegree(reg: Reg): void {
    if (this.state[reg] === REMOVED) return
    const degree = --this.degree[reg]!
    if (degree !== COLORS - 1) return
    // It can be coloured now whatever its neighbours get, so moves around it may have become possible.
    this.retryMoves(reg)
    const neighbors = this.neighbors[reg]!
    for (let i = 0; i < neighbors.length; i++)
      if (this.state[neighbors[i]!] !== REMOVED) this.retryMoves(neighbors[i]!)
    this.sort(reg)
  }

  /** Gives up the moves of a register, so that it can be taken out. */
  private freezeNext(): boolean {
    while (this.frozen < this.freezable.length) {
      const reg = this.freezable[this.frozen++]!
      if (this.state[reg] !== FREEZE) continue
      this.dropMoves(reg)
      return true
    }
    return false
  }

  /** Takes out the register that costs least to keep in memory; it may still get a colour. */
  private pickSpill(): boolean {
    let best = 0
    let bestCost = Number.POSITIVE_INFINITY
    this.spillable = this.spillable.filter(reg => this.state[reg] === SPILL)
    for (let i = 0; i < this.spillable.length; i++) {
      const reg = this.spillable[i]!
      const cost = this.unspillable.has(reg) ? Number.MAX_VALUE : this.weights[reg]! / this.degree[reg]!
      if (cost >= bestCost) continue
      best = reg
      bestCost = cost
    }
    if (best === 0) return false
    this.dropMoves(best)
    this.state[best] = SIMPLIFY
    this.simplifiable.push(best)
    return true
  }

  // ---- moves ------------------------------------------------------------------------------------------------------

  private addMove(reg: Reg, move: number): void {
    if (reg < FIRST_VIRTUAL) return
    const list = this.moves[reg]
    if (list === undefined) this.moves[reg] = [move]
    else list.push(move)
    this.moveCount[reg]!++
  }

  private retryMoves(reg: Reg): void {
    const moves = this.moves[reg]
    if (moves === undefined || this.moveCount[reg] === 0) return
    for (let i = 0; i < moves.length; i++) {
      const move = moves[i]!
      if (this.isDropped[move] === 1 || this.isReady[move] === 1) continue
      this.isReady[move] = 1
      this.ready.push(move)
    }
  }

  private dropMove(move: number): void {
    if (this.isDropped[move] === 1) return
    this.isDropped[move] = 1
    this.countDown(this.find(this.dst[move]!))
    this.countDown(this.find(this.src[move]!))
  }

  private countDown(reg: Reg): void {
    if (reg >= FIRST_VIRTUAL && --this.moveCount[reg]! === 0 && this.state[reg] !== REMOVED) this.sort(reg)
  }

  private dropMoves(reg: Reg): void {
    const moves = this.moves[reg] ?? []
    for (let i = 0; i < moves.length; i++) this.dropMove(moves[i]!)
  }

  private coalesceNext(): boolean {
    const move = this.ready.pop()
    if (move === undefined) return false
    this.isReady[move] = 0
    if (this.isDropped[move] === 1) return true
    const dst = this.find(this.dst[move]!)
    const src = this.find(this.src[move]!)
    // A machine register, if there is one, keeps its name.
    const a = src < FIRST_VIRTUAL ? src : dst
    const b = src < FIRST_VIRTUAL ? dst : src
    if (a === b || b < FIRST_VIRTUAL || this.interferes(a, b)) {
      this.dropMove(move)
    } else if (a < FIRST_VIRTUAL ? this.canJoinMachine(a, b) : this.canJoin(a, b)) {
      this.dropMove(move)
      if (a < FIRST_VIRTUAL) this.joinMachine(a, b)
      else this.join(a, b)
    }
    // Else it stays with its registers and is looked at again when one of their neighbours gets easier.
    return true
  }

  /** Also marks the neighbours of `a`, if that is a virtual register. */
  private interferes(a: Reg, b: Reg): boolean {
    if (a < FIRST_VIRTUAL) return (this.forbidden[b]! & (1 << a)) !== 0
    const mark = ++this.marking
    const neighbors = this.neighbors[a]!
    for (let i = 0; i < neighbors.length; i++) this.marks[neighbors[i]!] = mark
    // Two that only machine registers are left for in common are no use either.
    return this.marks[b] === mark || bitCount(this.forbidden[a]! | this.forbidden[b]!) === COLORS
  }

  /** George's test: each neighbour of b is easy to colour or conflicts with the machine register already. */
  private canJoinMachine(machine: Reg, b: Reg): boolean {
    const neighbors = this.neighbors[b]!
    for (let i = 0; i < neighbors.length; i++) {
      const other = neighbors[i]!
      if (this.degree[other]! < COLORS || this.state[other] === REMOVED) continue
      if ((this.forbidden[other]! & (1 << machine)) === 0) return false
    }
    return true
  }

  /** Briggs' test: the joined register has fewer than ten neighbours that are hard to colour. a's are marked. */
  private canJoin(a: Reg, b: Reg): boolean {
    let hard = bitCount(this.forbidden[a]! | this.forbidden[b]!)
    const ofA = this.neighbors[a]!
    for (let i = 0; i < ofA.length; i++)
      if (this.degree[ofA[i]!]! >= COLORS && this.state[ofA[i]!] !== REMOVED) hard++
    const ofB = this.neighbors[b]!
    for (let i = 0; i < ofB.length; i++) {
      const other = ofB[i]!
      if (this.degree[other]! < COLORS || this.state[other] === REMOVED) continue
      if (this.marks[other] !== this.marking) hard++
      else if (this.degree[other] === COLORS) hard-- // it loses one of the two
    }
    return hard < COLORS
  }

  /** b becomes another name of a, whose neighbours are marked. */
  private join(a: Reg, b: Reg): void {
    this.alias[b] = a
    this.state[b] = REMOVED
    this.weights[a]! += this.weights[b]!
    const moves = this.moves[b]
    if (moves !== undefined) {
      this.moves[a] = this.moves[a]?.concat(moves) ?? moves
      this.moveCount[a]! += this.moveCount[b]!
    }
    const before = this.forbidden[a]!
    const after = before | this.forbidden[b]!
    this.forbidden[a] = after
    this.degree[a]! += bitCount(after) - bitCount(before)
    const neighbors = this.neighbors[b]!
    for (let i = 0; i < neighbors.length; i++) {
      const other = neighbors[i]!
      if (this.state[other] === REMOVED) continue
      // The neighbour loses b and, unless it had a as one already, gains it.
      if (this.marks[other] === this.marking) this.lowerDegree(other)
      else {
        this.neighbors[a]!.push(other)
        this.neighbors[other]!.push(a)
        this.degree[a]!++
      }
    }
    this.sort(a)
  }

  /** b becomes another name of a machine register. */
  private joinMachine(machine: Reg, b: Reg): void {
    this.alias[b] = machine
    this.state[b] = REMOVED
    const neighbors = this.neighbors[b]!
    for (let i = 0; i < neighbors.length; i++) {
      const other = neighbors[i]!
      if (this.state[other] === REMOVED) continue
      const mask = this.forbidden[other]!
      this.forbidden[other] = mask | (1 << machine)
      // It loses b, and gains the machine register unless it was forbidden already.
      if ((mask & (1 << machine)) !== 0) this.lowerDegree(other)
    }
    // Moves of b with other registers are now moves with a machine register.
    this.retryMoves(b)
  }

  private find(reg: Reg): Reg {
    let r = reg
    while (this.alias[r] !== r) r = this.alias[r]!
    return r
  }

  // ---- colours ----------------------------------------------------------------------------------------------------

  private assign(): Coloring {
    const colors = new Int8Array(this.nextReg).fill(NO_COLOR)
    for (let reg = 0; reg < COLORS; reg++) colors[reg] = reg
    const groups = new Map<Reg, Reg[]>()
    const wishes = this.wishes()
    while (this.stack.length > 0) {
      const reg = this.stack.pop()!
      let taken = this.forbidden[reg]!
      const neighbors = this.neighbors[reg]!
      for (let i = 0; i < neighbors.length; i++) {
        const c = colors[this.find(neighbors[i]!)]!
        if (c !== NO_COLOR) taken |= 1 << c
      }
      const wish = wishes[reg]?.find(other => isFree(colors[this.find(other)]!, taken))
      const c = wish === undefined ? PREFERENCE.find(n => isFree(n, taken)) : colors[this.find(wish)]!
      if (c === undefined) groups.set(reg, [])
      else colors[reg] = c
    }
    for (let reg = FIRST_VIRTUAL; reg < this.nextReg; reg++) {
      if (this.state[reg] === ABSENT) continue
      const name = this.find(reg)
      colors[reg] = colors[name]!
      groups.get(name)?.push(reg)
    }
    return { colors, spilled: [...groups.values()] }
  }

  /** For each register those it would like to be the same as: the other sides of moves that were given up. */
  private wishes(): (Reg[] | undefined)[] {
    const wishes: (Reg[] | undefined)[] = new Array(this.nextReg)
    for (let move = this.dst.length - 1; move >= 0; move--) {
      const a = this.find(this.dst[move]!)
      const b = this.find(this.src[move]!)
      if (a === b) continue
      if (a >= FIRST_VIRTUAL) (wishes[a] ??= []).push(b)
      if (b >= FIRST_VIRTUAL) (wishes[b] ??= []).push(a)
    }
    return wishes
  }
}

/** Registers that calls take away come first: who can live in them leaves the others to those who can't. */
const PREFERENCE: readonly Reg[] = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9]

function isFree(color: number, taken: number): boolean {
  return color !== NO_COLOR && (taken & (1 << color)) === 0
}

function bitCount(mask: number): number {
  let n = 0
  for (let m = mask; m !== 0; m &= m - 1) n++
  return n
}
