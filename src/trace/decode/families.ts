// Constant families made ready for printing: masks and names side by side, values in a map. One set a machine.
import { type Constants, constantFamily, type FamilyName, type Machine } from '../tables/index.ts'
import type { Sink } from '../write/sink.ts'

/** Families of one machine, made when first asked for. */
export class Families {
  readonly machine: Machine
  private readonly flagFamilies = new Map<FamilyName, FlagFamily>()
  private readonly enumFamilies = new Map<FamilyName, EnumFamily>()

  constructor(machine: Machine) {
    this.machine = machine
  }

  flags(name: FamilyName): FlagFamily {
    let family = this.flagFamilies.get(name)
    if (family === undefined) {
      family = new FlagFamily(constantFamily(this.machine, name))
      this.flagFamilies.set(name, family)
    }
    return family
  }

  enum(name: FamilyName): EnumFamily {
    let family = this.enumFamilies.get(name)
    if (family === undefined) {
      family = new EnumFamily(constantFamily(this.machine, name))
      this.enumFamilies.set(name, family)
    }
    return family
  }
}

/** A word of bits: `A|B|0x40`, `0`, and `0x40 /* A_??? *\/` when no bit has a name. */
export class FlagFamily {
  readonly unknown: string
  private readonly names: readonly string[]
  private readonly lows: Uint32Array
  private readonly highs: Uint32Array

  constructor(all: Constants) {
    const constants = all.filter(([, value]) => value !== 0)
    this.names = constants.map(([name]) => name)
    this.lows = Uint32Array.from(constants, ([, value]) => value % 0x100000000)
    this.highs = Uint32Array.from(constants, ([, value]) => Math.floor(value / 0x100000000))
    this.unknown = `${commonPrefix(this.names)}???`
  }

  print(w: Sink, lo: number, hi = 0): void {
    if (lo === 0 && hi === 0) {
      w.noFlags()
      return
    }
    w.flags()
    this.inside(w, lo, hi, true)
    w.endFlags()
  }

  /** Bits between `w.flags()` and `w.endFlags()`; `alone` when nothing else stands there. */
  inside(w: Sink, lo: number, hi: number, alone: boolean): void {
    const { lows, highs, names } = this
    let restLo = lo | 0
    let restHi = hi | 0
    let named = !alone
    for (let i = 0; i < names.length; i++) {
      const low = lows[i]! | 0
      const high = highs[i]! | 0
      if ((restLo & low) !== low || (restHi & high) !== high) continue
      w.flag(names[i]!)
      named = true
      restLo &= ~low
      restHi &= ~high
      if (restLo === 0 && restHi === 0) return
    }
    if (restLo === 0 && restHi === 0) return
    w.rest(restLo, restHi)
    if (!named) w.comment(this.unknown)
  }
}

/** One of a list: `SEEK_SET`, or `0x63 /* SEEK_??? *\/`. Values are compared as 32 bits. */
export class EnumFamily {
  readonly unknown: string
  private readonly byValue: ReadonlyMap<number, string>

  constructor(constants: Constants) {
    this.byValue = new Map(constants.map(([name, value]) => [value | 0, name]))
    this.unknown = `${commonPrefix(constants.map(([name]) => name))}???`
  }

  nameOf(value: number): string | undefined {
    return this.byValue.get(value | 0)
  }

  print(w: Sink, value: number): void {
    const name = this.byValue.get(value | 0)
    if (name !== undefined) w.symbol(name)
    else w.unknown(value, 0, this.unknown)
  }
}

/** What all names begin with, up to and with an underscore: `SEEK_`. */
function commonPrefix(names: readonly string[]): string {
  const first = names[0] ?? ''
  let length = first.length
  for (const name of names) {
    while (!name.startsWith(first.slice(0, length))) length--
  }
  return first.slice(0, first.lastIndexOf('_', length - 1) + 1) || first.slice(0, first.indexOf('_') + 1)
}
