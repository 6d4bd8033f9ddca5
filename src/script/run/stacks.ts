// Frames of stacks by their id, out of the maps the kernel half put them into.

import type { BpfMap } from '../../map/index.ts'
import { type CompiledScript, STACK_OVERFLOW_BIT, type StackStore } from '../compiled.ts'
import type { StackType } from '../type.ts'

/** Bytes of a frame by its build id: s32 status, 20 bytes of id, u64 offset or address. */
const BUILD_ID_FRAME_BYTES = 32
const BPF_STACK_BUILD_ID_VALID = 1

export class StackFrames {
  readonly #script: CompiledScript
  readonly #maps: Readonly<Record<string, BpfMap>>

  constructor(script: CompiledScript, maps: Readonly<Record<string, BpfMap>>) {
    this.#script = script
    this.#maps = maps
  }

  /**
   * Addresses, innermost first; for stacks by build id a text for each frame. Undefined when the stack is no longer
   * there.
   */
  read(type: StackType, id: bigint): readonly bigint[] | readonly string[] | undefined {
    const store = this.#script.stacks.find(
      ({ kind, mode, limit }) => kind === type.kind && mode === type.mode && limit === type.limit,
    )
    const bytes = store === undefined ? undefined : this.#bytes(store, id)
    if (bytes === undefined) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return type.mode === 'build_id' ? buildIdFrames(view, type.limit) : addresses(view, type.limit)
  }

  #bytes(store: StackStore, id: bigint): Uint8Array | undefined {
    if ((id & STACK_OVERFLOW_BIT) === 0n) {
      return this.#maps[store.traces]?.lookup(new Uint8Array(Uint32Array.of(Number(id)).buffer))
    }
    return this.#maps[store.overflow]?.lookup(new Uint8Array(BigUint64Array.of(id).buffer))
  }
}

/** The kernel fills what is left of a stack's room with zeros. */
function addresses(view: DataView, limit: number): bigint[] {
  const frames: bigint[] = []
  for (let i = 0; i < limit && 8 * i + 8 <= view.byteLength; i++) {
    const address = view.getBigUint64(8 * i, true)
    if (address === 0n) break
    frames.push(address)
  }
  return frames
}

/** `BUILD-ID 0xOFFSET`, or the address where the file of a frame has no build id. */
function buildIdFrames(view: DataView, limit: number): string[] {
  const frames: string[] = []
  for (
    let at = 0;
    frames.length < limit && at + BUILD_ID_FRAME_BYTES <= view.byteLength;
    at += BUILD_ID_FRAME_BYTES
  ) {
    const status = view.getInt32(at, true)
    const where = view.getBigUint64(at + 24, true)
    if (status === 0 || (status !== BPF_STACK_BUILD_ID_VALID && where === 0n)) break
    if (status === BPF_STACK_BUILD_ID_VALID) {
      const id = Buffer.from(view.buffer, view.byteOffset + at + 4, 20).toString('hex')
      frames.push(`${id} 0x${where.toString(16).padStart(2, '0')}`)
    } else frames.push(where.toString(16))
  }
  return frames
}
