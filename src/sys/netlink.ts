// netlink(7): one request to the kernel's routing family, and its answers. Network interfaces and traffic control are spoken to
// that way. The socket is made and used in the network namespace of the calling thread.
//
//     nlmsghdr   0 len u32  4 type u16  6 flags u16  8 seq u32  12 pid u32, then the body, padded to 4
//     nlattr     0 len u16 (header and payload)  2 type u16, then the payload, padded to 4

import { errno } from '../errors/index.ts'
import { LITTLE_ENDIAN } from './bytes.ts'
import { closeFd, readFd, writeFd } from './descriptor.ts'
import { openSocket, setSocketOption } from './socket.ts'

export const NETLINK_ROUTE = 0
export const NLM_F_REPLACE = 0x100
export const NLM_F_EXCL = 0x200
export const NLM_F_DUMP = 0x300
export const NLM_F_CREATE = 0x400
export const NLM_F_ECHO = 8

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOL_NETLINK = 270
const NETLINK_EXT_ACK = 11
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_CAPPED = 0x100
const NLM_F_ACK_TLVS = 0x200
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLMSGERR_ATTR_MSG = 1
const NLA_F_NESTED = 0x8000
const NLA_TYPE_MASK = 0x3fff
const HEADER_BYTES = 16
const ATTRIBUTE_BYTES = 4
const RECEIVE_BYTES = 64 * 1024

export interface NetlinkMessage {
  readonly type: number
  readonly body: Uint8Array
}

export interface NetlinkAnswer {
  /** 0, or -errno */
  readonly result: number
  /** the kernel's own words for a refusal; empty where it has none */
  readonly message: string
  readonly messages: readonly NetlinkMessage[]
}

/** Sends one request (`type` RTM_*, `flags` NLM_F_*) and collects what comes back until it is acknowledged or done. */
export const netlinkRequest = (
  type: number,
  flags: number,
  body: Uint8Array,
  family = NETLINK_ROUTE,
): NetlinkAnswer => {
  const fd = openSocket(AF_NETLINK, SOCK_RAW, family)
  if (fd < 0) return { result: fd, message: '', messages: [] }
  try {
    // without it refusals come without words (before Linux 4.12)
    setSocketOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1)
    const sent = writeFd(fd, packMessage(type, NLM_F_REQUEST | NLM_F_ACK | flags, body))
    return sent < 0 ? { result: sent, message: '', messages: [] } : receive(fd)
  } finally {
    closeFd(fd)
  }
}

const receive = (fd: number): NetlinkAnswer => {
  const messages: NetlinkMessage[] = []
  const buffer = new Uint8Array(new ArrayBuffer(RECEIVE_BYTES))
  for (;;) {
    const count = readFd(fd, buffer)
    if (count === -errno.EINTR) continue
    if (count <= 0) return { result: count, message: '', messages }
    for (const { type, flags, body } of parseMessages(buffer.slice(0, count))) {
      const result =
        body.length >= 4 ? new DataView(body.buffer, body.byteOffset).getInt32(0, LITTLE_ENDIAN) : 0
      if (type === NLMSG_ERROR) return { result, message: errorText(flags, body), messages }
      if (type === NLMSG_DONE) return { result, message: '', messages }
      messages.push({ type, body })
    }
  }
}

const packMessage = (type: number, flags: number, body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(new ArrayBuffer(HEADER_BYTES + body.length))
  const data = new DataView(bytes.buffer)
  data.setUint32(0, bytes.length, LITTLE_ENDIAN)
  data.setUint16(4, type, LITTLE_ENDIAN)
  data.setUint16(6, flags, LITTLE_ENDIAN)
  data.setUint32(8, 1, LITTLE_ENDIAN)
  bytes.set(body, HEADER_BYTES)
  return bytes
}

/** The messages of one datagram; ends at what is cut or damaged. */
export function* parseMessages(bytes: Uint8Array): Generator<NetlinkMessage & { readonly flags: number }> {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = data.getUint32(at, LITTLE_ENDIAN)
    if (length < HEADER_BYTES || at + length > bytes.length) return
    const type = data.getUint16(at + 4, LITTLE_ENDIAN)
    const flags = data.getUint16(at + 6, LITTLE_ENDIAN)
    yield { type, flags, body: bytes.subarray(at + HEADER_BYTES, at + length) }
    at += (length + 3) & ~3
  }
}

/** struct nlmsgerr: the errno, then the request (its header alone when capped), then attributes. */
const errorText = (flags: number, body: Uint8Array): string => {
  if ((flags & NLM_F_ACK_TLVS) === 0 || body.length < 4 + HEADER_BYTES) return ''
  const requestBytes = new DataView(body.buffer, body.byteOffset).getUint32(4, LITTLE_ENDIAN)
  const skipped = 4 + ((flags & NLM_F_CAPPED) === 0 ? (requestBytes + 3) & ~3 : HEADER_BYTES)
  const text = attributes(body.subarray(skipped)).get(NLMSGERR_ATTR_MSG)
  return text === undefined ? '' : Buffer.from(text).toString('utf8').replace(/\0.*$/s, '')
}

/** One attribute, padded. */
export const attribute = (type: number, payload: Uint8Array): Uint8Array => {
  const length = ATTRIBUTE_BYTES + payload.length
  const bytes = new Uint8Array(new ArrayBuffer((length + 3) & ~3))
  const data = new DataView(bytes.buffer)
  data.setUint16(0, length, LITTLE_ENDIAN)
  data.setUint16(2, type, LITTLE_ENDIAN)
  bytes.set(payload, ATTRIBUTE_BYTES)
  return bytes
}

export const u32Attribute = (type: number, value: number): Uint8Array => {
  const payload = new Uint8Array(new ArrayBuffer(4))
  new DataView(payload.buffer).setInt32(0, value, LITTLE_ENDIAN)
  return attribute(type, payload)
}

/** An attribute that is made of others. */
export const nested = (type: number, ...inner: readonly Uint8Array[]): Uint8Array =>
  attribute(type | NLA_F_NESTED, joinBytes(...inner))

export const joinBytes = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** Attributes by type; the last of a type that stands several times. Ends at what is cut or damaged. */
export const attributes = (bytes: Uint8Array): Map<number, Uint8Array> => {
  const found = new Map<number, Uint8Array>()
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + ATTRIBUTE_BYTES <= bytes.length; ) {
    const length = data.getUint16(at, LITTLE_ENDIAN)
    if (length < ATTRIBUTE_BYTES || at + length > bytes.length) break
    const type = data.getUint16(at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK
    found.set(type, bytes.subarray(at + ATTRIBUTE_BYTES, at + length))
    at += (length + 3) & ~3
  }
  return found
}
