// Arrays of pointers into the program's memory: argv, environment, iovec.
import { CAPTURE_ARGV, CAPTURE_COUNT, CAPTURE_CSTR, CAPTURE_IOVEC } from '../record.ts'
import type { Argument } from './argument.ts'
import { printAddress, printBytes, printEmpty } from './fetched.ts'
import { evenOnError } from './struct.ts'

/** `["ls", "-l"]`. 32-bit programs' arrays have 4-byte pointers: the kernel half knows from the ABI. */
export const argv: Argument = {
  captures: arg => [{ op: CAPTURE_ARGV, arg, when: 'entry', limit: 'string' }],
  printer: () => (w, call, arg) => {
    if (!call.input(arg)) {
      printAddress(w, call, arg)
      return
    }
    w.array()
    let shown = 0
    do {
      if (call.op !== CAPTURE_CSTR) {
        if (call.truncated) w.more()
        break
      }
      if (shown === call.stringLimit) {
        w.more()
        break
      }
      w.item()
      if (call.fault) w.symbol('???')
      else printBytes(w, call, call.length, false)
      shown++
    } while (call.next())
    w.endArray()
  },
}

/** `0x7ffe… /* 23 vars *\/`. */
export const envp: Argument = {
  captures: arg => [{ op: CAPTURE_COUNT, arg, when: 'entry', limit: 8 }],
  printer: () => (w, call, arg) => {
    printAddress(w, call, arg)
    if (!call.input(arg) || call.fault || call.length < 8) return
    const count = call.view.getUint32(call.at, true)
    if (call.truncated) w.commentCount(count, 'vars or more')
    else w.commentCount(count, count === 1 ? 'var' : 'vars')
  },
}

/** `[{iov_base="ab", iov_len=2}, …]`, argument `countArg` long; filled by the call when `when` is 'exit'. */
export function iovec(countArg: number, direction: 'entry' | 'exit'): Argument {
  return {
    late: direction === 'exit',
    captures: (arg, c) => {
      if (c.compat) return []
      const length = { kind: 'argument', arg: countArg } as const
      const capture = { op: CAPTURE_IOVEC, arg, when: direction, length, limit: 'string' } as const
      // after an error the vector is still shown, its contents are not
      return [direction === 'exit' ? evenOnError(capture) : capture]
    },
    printer: () => (w, call, arg) => {
      const found = direction === 'entry' ? call.input(arg) : call.output(arg)
      if (!found || call.op !== CAPTURE_IOVEC) {
        if (!call.isNull(arg) && call.lo[countArg] === 0) printEmpty(w)
        else printAddress(w, call, arg)
        return
      }
      const { view, at, truncated } = call
      const total = Math.floor(call.length / 16)
      let left = direction === 'entry' || call.failed ? 0 : call.retHi * 0x100000000 + call.retLo
      let data = call.next()
      w.array()
      const shown = Math.min(total, call.stringLimit)
      for (let i = 0; i < shown; i++) {
        const entry = at + i * 16
        const lenLo = view.getUint32(entry + 8, true)
        const lenHi = view.getUint32(entry + 12, true)
        w.item()
        w.struct()
        w.field('iov_base')
        if (!data || call.fault || (direction === 'exit' && call.failed)) {
          w.pointer(view.getUint32(entry, true), view.getUint32(entry + 4, true))
        } else if (direction === 'entry') printBytes(w, call, call.length, false)
        else {
          const filled = Math.min(left, lenHi * 0x100000000 + lenLo)
          left -= filled
          const length = Math.min(call.length, filled, call.stringLimit)
          w.string(call.bytes, call.at, length, length < filled)
        }
        w.field('iov_len')
        w.u64(lenLo, lenHi)
        w.endStruct()
        if (data) data = call.next()
      }
      if (shown < total || truncated) w.more()
      w.endArray()
    },
  }
}
