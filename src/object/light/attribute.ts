// Parts of union bpf_attr as bytes of the loader's data.

/** Little-endian, as the objects are. */
export function attribute(byteLength: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(byteLength)
  fill(new DataView(bytes.buffer), bytes)
  return bytes
}
