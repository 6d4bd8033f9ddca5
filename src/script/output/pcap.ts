// The pcap file format: a header, then each packet behind a header of its own. (pcap-savefile(5); packets here begin with
// their IP header: LINKTYPE_RAW.)

const MAGIC = 0xa1b2c3d4
const LINKTYPE_RAW = 101
/** more than any packet that is sent to us */
const SNAPLEN = 0x100000

/** The 24 bytes that a file begins with. */
export function pcapHeader(): Uint8Array {
  const header = new DataView(new ArrayBuffer(24))
  header.setUint32(0, MAGIC, true)
  header.setUint16(4, 2, true)
  header.setUint16(6, 4, true)
  header.setUint32(16, SNAPLEN, true)
  header.setUint32(20, LINKTYPE_RAW, true)
  return new Uint8Array(header.buffer)
}

/** The 16 bytes before a packet of that many bytes, all of which are in the file. */
export function pcapPacketHeader(epochNs: bigint, byteLength: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(16))
  header.setUint32(0, Number((epochNs / 1_000_000_000n) & 0xffff_ffffn), true)
  header.setUint32(4, Number((epochNs % 1_000_000_000n) / 1000n), true)
  header.setUint32(8, byteLength, true)
  header.setUint32(12, byteLength, true)
  return new Uint8Array(header.buffer)
}
