// mmap's flags: a kind of mapping in the low bits, bits above it, and a huge page size on top.
import type { Argument } from '../argument.ts'

const MAP_TYPE = 0xf
const MAP_HUGETLB = 0x40000
const HUGE_SHIFT = 26
const HUGE_MASK = 0x3f

/** `MAP_PRIVATE|MAP_FIXED`, `MAP_PRIVATE|MAP_HUGETLB|21<<MAP_HUGE_SHIFT` */
export const mapFlags: Argument = {
  printer: ({ families }) => {
    const types = families.enum('MAP_TYPES')
    const bits = families.flags('MAP_FLAGS')
    return (w, call, arg) => {
      const value = call.lo[arg]!
      const type = value & MAP_TYPE
      const huge = value & MAP_HUGETLB ? value >>> HUGE_SHIFT : 0
      w.flags()
      const name = type === 0 ? 'MAP_FILE' : types.nameOf(type)
      if (name !== undefined) w.flag(name)
      else {
        w.rest(type, 0)
        w.comment(types.unknown)
      }
      bits.inside(w, value & ~MAP_TYPE & ~(huge === 0 ? 0 : HUGE_MASK << HUGE_SHIFT), 0, false)
      if (huge !== 0) w.flag(`${huge}<<MAP_HUGE_SHIFT`)
      w.endFlags()
    }
  },
}
