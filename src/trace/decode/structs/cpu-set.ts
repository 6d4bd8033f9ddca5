// Sets of CPUs: `[0 1 3]`.
import { CAPTURE_BYTES } from '../../record.ts'
import type { Argument } from '../argument.ts'
import { printAddress } from '../fetched.ts'

const CPU_SET_BYTES = 128

/** The mask of sched_setaffinity and sched_getaffinity; argument 1 is its size in bytes. */
export function cpuSet(when: 'entry' | 'exit'): Argument {
  return {
    late: when === 'exit',
    captures: arg => [
      {
        op: CAPTURE_BYTES,
        arg,
        when,
        length: when === 'entry' ? { kind: 'argument', arg: 1 } : { kind: 'result' },
        limit: CPU_SET_BYTES,
      },
    ],
    printer: () => (w, call, arg) => {
      if (!(when === 'entry' ? call.input(arg) : !call.failed && call.output(arg))) {
        printAddress(w, call, arg)
        return
      }
      const { bytes, at, length } = call
      w.set(false)
      for (let cpu = 0; cpu < length * 8; cpu++)
        if (bytes[at + (cpu >> 3)]! & (1 << (cpu & 7))) w.member(`${cpu}`)
      w.endSet()
    },
  }
}
