// ioctl's request and argument.
// Memory is fetched after the call, whatever the command: one record then does for the commands that need none.
import { CAPTURE_BYTES } from '../../record.ts'
import type { Sink } from '../../write/sink.ts'
import { type Argument, when } from '../argument.ts'
import type { Call } from '../call.ts'
import { printAddress } from '../fetched.ts'
import { printFd } from '../scalars.ts'
import { late } from '../struct.ts'

const IOCTL_BYTES = 64
const TCGETS = 0x5401
const TCSETSF = 0x5404
const TIOCGPGRP = 0x540f
const TIOCSPGRP = 0x5410
const TIOCGWINSZ = 0x5413
const TIOCSWINSZ = 0x5414
const FIONREAD = 0x541b
const FIONBIO = 0x5421
const FIOASYNC = 0x5452
const TIOCOUTQ = 0x5411
const TIOCGSID = 0x5429
const TIOCGPTN = 0x80045430
const TIOCSPTLCK = 0x40045431
const INT_BY_POINTER = new Set([
  TIOCGPGRP,
  TIOCSPGRP,
  FIONREAD,
  FIONBIO,
  FIOASYNC,
  TIOCOUTQ,
  TIOCGSID,
  TIOCGPTN,
  TIOCSPTLCK,
])
/** these fill memory: after a failure it says nothing */
const IOCTL_READS = new Set([TCGETS, TIOCGPGRP, TIOCGWINSZ, FIONREAD, TIOCOUTQ, TIOCGSID, TIOCGPTN])
const IOCTL_WITHOUT_ARGUMENT = new Set([0x5450, 0x5451, 0x540c, 0x540d, 0x5422])

const DIRECTIONS = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE'] as const

/** A request by name, or as its parts: `_IOC(_IOC_READ, 0x56, 0x78, 0x4)`. */
export const ioctlRequest: Argument = {
  printer: ({ families }) => {
    const family = families.enum('IOCTLS')
    return (w, call, arg) => {
      const request = call.lo[arg]!
      const name = family.nameOf(request)
      if (name !== undefined) {
        w.symbol(name)
        return
      }
      const part = (value: number) => (value === 0 ? '0' : `0x${value.toString(16)}`)
      const [direction, type] = [DIRECTIONS[request >>> 30]!, (request >>> 8) & 0xff]
      w.symbol(
        `_IOC(${direction}, ${part(type)}, ${part(request & 0xff)}, ${part((request >>> 16) & 0x3fff)})`,
      )
    }
  },
}

export const ioctlArgument: Argument = when(
  call => !IOCTL_WITHOUT_ARGUMENT.has(call.lo[1]!),
  late(
    arg => [
      {
        op: CAPTURE_BYTES,
        arg,
        when: 'exit',
        length: { kind: 'constant', count: IOCTL_BYTES },
        limit: IOCTL_BYTES,
      },
    ],
    (w, call, arg) => {
      const request = call.lo[1]!
      const readable = (!call.failed || !IOCTL_READS.has(request)) && call.output(arg) && call.length >= 36
      if (!readable) {
        if (request === 0) w.hex(call.lo[arg]!, call.hi[arg]!)
        else printAddress(w, call, arg)
      } else if (INT_BY_POINTER.has(request)) {
        w.array()
        w.item()
        w.i32(call.view.getInt32(call.at, true))
        w.endArray()
      } else if (request === TIOCGWINSZ || request === TIOCSWINSZ) printWinsize(w, call)
      else if (request >= TCGETS && request <= TCSETSF) printTermios(w, call)
      else if (call.families.enum('IOCTLS').nameOf(request) === 'FICLONE') printFd(w, call, call.lo[arg]! | 0)
      else printAddress(w, call, arg)
    },
  ),
)

function printWinsize(w: Sink, { view, at }: Call): void {
  w.struct()
  for (const [index, name] of ['ws_row', 'ws_col', 'ws_xpixel', 'ws_ypixel'].entries()) {
    w.field(name)
    w.u32(view.getUint16(at + index * 2, true))
  }
  w.endStruct()
}

const CBAUD = 0o10017
const CSIZE = 0o60

/** The kernel's struct termios: flags symbolic, as `stty` names them; control characters left out. */
function printTermios(w: Sink, call: Call): void {
  const { view, at, families } = call
  const word = (index: number) => view.getUint32(at + index * 4, true)
  w.struct()
  w.field('c_iflag')
  families.flags('TERMIOS_IFLAG').print(w, word(0))
  w.field('c_oflag')
  families.flags('TERMIOS_OFLAG').print(w, word(1))
  w.field('c_cflag')
  const cflag = word(2)
  w.flags()
  const baud = families.enum('TERMIOS_BAUD').nameOf(cflag & CBAUD)
  if (baud !== undefined) w.flag(baud)
  w.flag(`CS${5 + ((cflag & CSIZE) >> 4)}`)
  families.flags('TERMIOS_CFLAG').inside(w, cflag & ~(CSIZE | (baud === undefined ? 0 : CBAUD)), 0, false)
  w.endFlags()
  w.field('c_lflag')
  families.flags('TERMIOS_LFLAG').print(w, word(3))
  w.abbreviated()
  w.endStruct()
}
