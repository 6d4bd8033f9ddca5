// capget and capset: the header with version and pid, and three sets of capabilities (linux/capability.h).
import type { Sink } from '../../write/sink.ts'
import type { Call } from '../call.ts'
import type { Struct } from '../struct.ts'

const VERSIONS = new Map([
  [0x19980330, '_LINUX_CAPABILITY_VERSION_1'],
  [0x20071026, '_LINUX_CAPABILITY_VERSION_2'],
  [0x20080522, '_LINUX_CAPABILITY_VERSION_3'],
])

export const CAPABILITY_HEADER: Struct = {
  size: 8,
  compatSize: 8,
  print: (w, view, at) => {
    const version = view.getUint32(at, true)
    const name = VERSIONS.get(version)
    w.struct()
    w.field('version')
    if (name === undefined) w.unknown(version, 0, '_LINUX_CAPABILITY_VERSION_???')
    else w.symbol(name)
    w.field('pid')
    w.i32(view.getInt32(at + 4, true))
    w.endStruct()
  },
}

/** The two 32-bit halves of version 3, joined. */
export const CAPABILITY_DATA: Struct = {
  size: 24,
  compatSize: 24,
  print: (w, view, at, call) => {
    w.struct()
    for (const [index, name] of ['effective', 'permitted', 'inheritable'].entries()) {
      w.field(name)
      printCapabilities(
        w,
        call,
        view.getUint32(at + index * 4, true),
        view.getUint32(at + 12 + index * 4, true),
      )
    }
    w.endStruct()
  },
}

/** `1<<CAP_CHOWN|1<<CAP_KILL` */
function printCapabilities(w: Sink, call: Call, lo: number, hi: number): void {
  if (lo === 0 && hi === 0) {
    w.noFlags()
    return
  }
  const names = call.families.enum('CAPABILITIES')
  w.flags()
  for (let bit = 0; bit < 64; bit++) {
    if ((((bit < 32 ? lo : hi) >>> (bit & 31)) & 1) === 0) continue
    const name = names.nameOf(bit)
    if (name === undefined) w.rest(bit < 32 ? 1 << bit : 0, bit < 32 ? 0 : 1 << (bit - 32))
    else w.flag(`1<<${name}`)
  }
  w.endFlags()
}
