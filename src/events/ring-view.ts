// How a record is read: in place, through typed arrays over the mapped ring.

/**
 * The ring's memory. A record starts at the offset handed over with it, which is a multiple of 8, and lies in one
 * piece even where it passes the end of the ring: the kernel maps the data twice in a row.
 *
 * Valid only during the call it was given to: afterwards the kernel writes over the record, and a closed ring leaves
 * empty arrays here. Copy what is kept, and keep none of the arrays: their memory is unmapped with the ring. The
 * memory is read-only; writing to it kills the process.
 */
export interface RingView {
  readonly u8: Uint8Array
  /** indexes are offsets / 4 */
  readonly u32: Uint32Array
  /** indexes are offsets / 4 */
  readonly i32: Int32Array
  readonly data: DataView
}

export const viewOfRing = (buffer: ArrayBuffer): RingView => ({
  u8: new Uint8Array(buffer),
  u32: new Uint32Array(buffer),
  i32: new Int32Array(buffer),
  data: new DataView(buffer),
})

/**
 * Called for each record.
 * @param offset of the record's first byte in each array of `view`, in bytes
 * @param byteLength of the record, without padding
 */
export type OnRecord = (view: RingView, offset: number, byteLength: number) => void

/**
 * Called for each record, as `OnRecord` is; but `offset` is a multiple of 4 only, and `byteLength` is what the program gave plus
 * the kernel's padding, so that with the four bytes before it is a multiple of 8.
 */
export type OnPerfRecord = (view: RingView, offset: number, byteLength: number, cpu: number) => void

/**
 * Called for each record of any kind: at `offset`, a multiple of 8, is its struct perf_event_header (u32 type, u16 misc, u16 size),
 * and `byteLength` has that in it.
 */
export type OnRawPerfRecord = (view: RingView, offset: number, byteLength: number, cpu: number) => void
