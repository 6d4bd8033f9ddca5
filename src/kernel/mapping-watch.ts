// Executable mappings as they are made, told by the kernel (PERF_RECORD_MMAP2): what a program had mapped is known even
// when it lived for a millisecond and /proc has nothing of it any more.
//
// One ring for each CPU, as include/uapi/linux/perf_event.h has it: a page with the positions (1024 data_head, 1032
// data_tail, u64 each), then the data. A record of the kind asked for:
//
//     0 type u32  4 misc u16  6 size u16  8 pid u32  12 tid u32  16 address u64  24 length u64  32 offset u64
//     40 major u32  44 minor u32  48 inode u64  56 generation u64  64 prot u32  68 flags u32  72 path, NUL-ended

import { SyscallError } from '../errors/index.ts'
import {
  closeFd,
  type MemoryMap,
  mapMemory,
  PERF_COUNT_SW_DUMMY,
  PERF_RECORD_LOST,
  PERF_RECORD_MMAP2,
  PERF_TYPE_SOFTWARE,
  PROT_READ,
  PROT_WRITE,
  perfEventEnable,
  perfEventOpen,
} from '../sys/index.ts'
import { onlineCpus } from './cpus.ts'
import { pageSizeBytes } from './page-size.ts'
import type { Mapping } from './process-maps.ts'

/** Room for some 2,000 mappings a CPU between two looks. */
const DATA_PAGES = 64
const HEAD_OFFSET = 1024
const TAIL_OFFSET = 1032

interface CpuRing {
  readonly fd: number
  readonly map: MemoryMap
}

/** The mappings that a process and what it starts make from now on; those of all processes without a pid. */
export class MappingWatch implements Disposable {
  readonly #rings: CpuRing[] = []
  /** records that found no room */
  lostCount = 0

  /** Throws SyscallError; needs CAP_PERFMON. */
  constructor(pid?: number) {
    const page = pageSizeBytes()
    const attr = {
      type: PERF_TYPE_SOFTWARE,
      config: PERF_COUNT_SW_DUMMY,
      mappings: true,
      disabled: true,
      inherit: pid !== undefined,
    }
    try {
      for (const cpu of onlineCpus()) {
        const fd = perfEventOpen(attr, pid ?? -1, cpu)
        if (fd < 0)
          throw new SyscallError('perf_event_open', fd, 'watch for mappings', {
            capabilities: ['CAP_PERFMON'],
          })
        try {
          const map = mapMemory(
            fd,
            0,
            (1 + DATA_PAGES) * page,
            PROT_READ | PROT_WRITE,
            'map the ring of mappings',
          )
          this.#rings.push({ fd, map })
        } catch (error) {
          closeFd(fd)
          throw error
        }
        perfEventEnable(fd)
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Hands over what was mapped since the last call, in the order of each CPU. */
  drain(onMapping: (pid: number, mapping: Mapping) => void): void {
    for (const { map } of this.#rings) this.#drainRing(map.buffer, onMapping)
  }

  close(): void {
    for (const { fd, map } of this.#rings) {
      map.unmap()
      closeFd(fd)
    }
    this.#rings.length = 0
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #drainRing(buffer: ArrayBuffer, onMapping: (pid: number, mapping: Mapping) => void): void {
    const page = pageSizeBytes()
    const dataBytes = DATA_PAGES * page
    const positions = new BigInt64Array(buffer, HEAD_OFFSET, (TAIL_OFFSET - HEAD_OFFSET) / 8 + 1)
    const head = Atomics.load(positions, 0)
    let tail = Atomics.load(positions, 1)
    const data = new Uint8Array(buffer, page, dataBytes)
    const record = new Uint8Array(1 << 16)
    const view = new DataView(record.buffer)
    while (tail < head) {
      const at = Number(tail % BigInt(dataBytes))
      copyAround(data, at, record, 8)
      const size = view.getUint16(6, true)
      copyAround(data, at, record, size)
      const type = view.getUint32(0, true)
      if (type === PERF_RECORD_MMAP2) onMapping(view.getUint32(8, true), readMapping(view, record, size))
      else if (type === PERF_RECORD_LOST) this.lostCount += Number(view.getBigUint64(16, true))
      tail += BigInt(size)
    }
    Atomics.store(positions, 1, tail)
  }
}

/** The ring goes on at its start. */
function copyAround(data: Uint8Array, at: number, to: Uint8Array, count: number): void {
  const first = Math.min(count, data.length - at)
  to.set(data.subarray(at, at + first))
  to.set(data.subarray(0, count - first), first)
}

function readMapping(view: DataView, record: Uint8Array, size: number): Mapping {
  const start = Number(view.getBigUint64(16, true))
  const end = record.indexOf(0, 72)
  const path = Buffer.from(record.buffer, 72, Math.min(end < 0 ? size : end, size) - 72).toString('utf8')
  return {
    start,
    end: start + Number(view.getBigUint64(24, true)),
    offset: Number(view.getBigUint64(32, true)),
    inode: Number(view.getBigUint64(48, true)),
    // anonymous memory is "//anon"
    path: path.startsWith('//') ? '' : path,
    deleted: false,
  }
}
