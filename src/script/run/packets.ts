// Packets that `skboutput` sends: they come through a perf buffer, the only way the kernel hands them out, and go to pcap
// files that tcpdump and others read.

import type { EventSource } from '../../events/index.ts'
import { PerfBuffer } from '../../events/index.ts'
import { pageSizeBytes } from '../../kernel/index.ts'
import type { BpfMap } from '../../map/index.ts'
import type { Action } from '../compiled.ts'
import { pcapHeader, pcapPacketHeader } from '../output/pcap.ts'

/** Where the bytes of a file go; `append` is called with whole packets. */
export interface PacketFile {
  append(bytes: Uint8Array): void
  close(): void
}

export interface PacketsOptions {
  readonly actions: readonly Action[]
  /** of each CPU's ring: a power of two */
  readonly pages: number
  /** creates a file; throws when that cannot be done */
  readonly create: (path: string) => PacketFile
  /** nanoseconds since the epoch of a time of CLOCK_BOOTTIME */
  readonly epochNs: (bootNs: bigint) => bigint
}

/** Bytes of the head before a packet: see PACKET_HEAD_BYTES in language/functions/kernel.ts */
const HEAD_BYTES = 24
/** Packets are written in pieces of about this size. */
const PIECE_BYTES = 1 << 16

export class Packets implements Disposable {
  readonly #buffer: PerfBuffer
  readonly #files = new Map<string, { readonly file: PacketFile; pieces: Uint8Array[]; bytes: number }>()
  readonly #fileOf: readonly (string | undefined)[]
  readonly #epochNs: PacketsOptions['epochNs']
  #lost = 0

  /** Creates the files, each with its header. Throws what `create` throws, and SyscallError. */
  constructor(map: BpfMap, { actions, pages, create, epochNs }: PacketsOptions) {
    this.#epochNs = epochNs
    this.#fileOf = actions.map(action => (action.kind === 'skboutput' ? action.file : undefined))
    try {
      for (const path of new Set(this.#fileOf)) {
        if (path === undefined) continue
        const file = create(path)
        this.#files.set(path, { file, pieces: [], bytes: 0 })
        file.append(pcapHeader())
      }
      this.#buffer = PerfBuffer.open(map, (view, offset) => this.#packet(view.data, view.u8, offset), {
        sizeBytes: pages * pageSizeBytes(),
        order: 'time',
        onLost: count => {
          this.#lost += count
        },
      })
    } catch (error) {
      this.#closeFiles()
      throw error
    }
  }

  get source(): EventSource {
    return this.#buffer
  }

  /** Packets that found no room. */
  get lost(): number {
    return this.#lost
  }

  flush(): void {
    for (const waiting of this.#files.values()) {
      if (waiting.bytes === 0) continue
      waiting.file.append(Buffer.concat(waiting.pieces))
      waiting.pieces = []
      waiting.bytes = 0
    }
  }

  [Symbol.dispose](): void {
    this.flush()
    this.#buffer.close()
    this.#closeFiles()
  }

  #packet(data: DataView, bytes: Uint8Array, at: number): void {
    const path = this.#fileOf[data.getUint32(at, true)]
    const waiting = path === undefined ? undefined : this.#files.get(path)
    const length = data.getUint32(at + 4, true)
    const skipped = Number(data.getBigUint64(at + 8, true))
    // nothing of it is wanted
    if (waiting === undefined || skipped >= length) return
    const kept = length - skipped
    const from = at + HEAD_BYTES + skipped
    const header = pcapPacketHeader(this.#epochNs(data.getBigUint64(at + 16, true)), kept)
    waiting.pieces.push(header, bytes.slice(from, from + kept))
    waiting.bytes += header.length + kept
    if (waiting.bytes > PIECE_BYTES) this.flush()
  }

  #closeFiles(): void {
    for (const { file } of this.#files.values()) file.close()
    this.#files.clear()
  }
}
