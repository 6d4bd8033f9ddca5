// Network interfaces of the namespace that the calling thread is in, by netlink: what sysfs shows may be another's.

import { BeetraceError, errno, SyscallError } from '../errors/index.ts'
import { attribute, attributes, cString, LITTLE_ENDIAN, netlinkRequest } from '../sys/index.ts'

const RTM_GETLINK = 18
const IFLA_IFNAME = 3
/** struct ifinfomsg: 0 family u8  2 type u16  4 index s32  8 flags u32  12 change u32 */
const IFINFOMSG_BYTES = 16

export interface InterfaceInfo {
  readonly index: number
  readonly name: string
  /** what else the kernel says, by IFLA_* */
  readonly attributes: ReadonlyMap<number, Uint8Array>
}

/**
 * An interface by name or index.
 * @throws BeetraceError `NO_INTERFACE`; SyscallError
 */
export function readInterface(which: string | number): InterfaceInfo {
  const header = new Uint8Array(new ArrayBuffer(IFINFOMSG_BYTES))
  if (typeof which === 'number') new DataView(header.buffer).setInt32(4, which, LITTLE_ENDIAN)
  const name = typeof which === 'string' ? attribute(IFLA_IFNAME, cString(which)) : new Uint8Array(0)
  const answer = netlinkRequest(RTM_GETLINK, 0, new Uint8Array(Buffer.concat([header, name])))
  const body = answer.messages[0]?.body
  if (answer.result === -errno.ENODEV || answer.result === -errno.ERANGE)
    throw new BeetraceError(
      'NO_INTERFACE',
      `there is no network interface ${which} in this network namespace`,
    )
  if (answer.result < 0 || body === undefined)
    throw new SyscallError('netlink(RTM_GETLINK)', answer.result, `look up network interface ${which}`)
  const found = attributes(body.subarray(IFINFOMSG_BYTES))
  return {
    index: new DataView(body.buffer, body.byteOffset).getInt32(4, LITTLE_ENDIAN),
    name: Buffer.from(found.get(IFLA_IFNAME) ?? [])
      .toString('utf8')
      .replace(/\0.*$/s, ''),
    attributes: found,
  }
}

/** The number of an interface. A number is taken as it is. Throws as `readInterface`. */
export const interfaceIndex = (which: string | number): number =>
  typeof which === 'number' ? which : readInterface(which).index
