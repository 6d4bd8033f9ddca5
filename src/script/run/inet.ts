// Network addresses as text: 127.0.0.1, ::1.

const AF_INET = 2
const AF_INET6 = 10

/** @param bytes in network order: 4 of them for AF_INET, 16 for AF_INET6 */
export function inetText(family: number, bytes: Uint8Array): string {
  if (family === AF_INET) return bytes.subarray(0, 4).join('.')
  return family === AF_INET6 ? inet6Text(bytes) : ''
}

/** RFC 5952: the longest run of zero groups, of two at least, becomes `::`; embedded IPv4 as inet_ntop writes it. */
function inet6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) {
      start = i
      length = end - i
    }
  }
  const embedded =
    start === 0 &&
    (length === 6 || (length === 7 && groups[7] !== 1) || (length === 5 && groups[5] === 0xffff))
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':')
  if (embedded) return `::${length === 5 ? 'ffff:' : ''}${bytes.subarray(12, 16).join('.')}`
  if (start < 0) return text(0, 8)
  return `${text(0, start)}::${text(start + length, 8)}`
}
