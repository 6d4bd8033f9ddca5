// The formats of bpf_trace_printk: %d %i %u %x %c %p with l and ll, %s (and its kernel and user forms), %%.

/** `readString` reads the NUL-terminated text a %s points to. */
export function formatPrintk(
  format: string,
  args: readonly bigint[],
  readString: (address: bigint) => string,
): string {
  let next = 0
  return format.replace(
    /%(%|(0?\d*)(l{0,2})([diuxcp])|p?[ks]{0,2}s)/g,
    (text, kind, width, long, conversion) => {
      if (kind === '%') return '%'
      const value = args[next++] ?? 0n
      if (conversion === undefined) return readString(value)
      const shown = formatNumber(value, conversion, long === '' ? 32 : 64)
      return width === '' ? shown : shown.padStart(Number(width), width.startsWith('0') ? '0' : ' ') || text
    },
  )
}

function formatNumber(value: bigint, conversion: string, bits: number): string {
  switch (conversion) {
    case 'd':
    case 'i':
      return BigInt.asIntN(bits, value).toString()
    case 'x':
      return BigInt.asUintN(bits, value).toString(16)
    case 'c':
      return String.fromCharCode(Number(value & 0xffn))
    case 'p':
      return value.toString(16).padStart(16, '0')
    default:
      return BigInt.asUintN(bits, value).toString()
  }
}
