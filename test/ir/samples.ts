// Programs as front ends write them, for looking at the code they become.

import { type Program, pointer, program, s64, u8, u16, u32, u64 } from '../../src/ir/index.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_RINGBUF,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
} from '../../src/sys/bpf-constants.generated.ts'

const maps = [
  { name: 'traced', type: BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 1024 },
  { name: 'starts', type: BPF_MAP_TYPE_HASH, keySize: 8, valueSize: 16, maxEntries: 1024 },
  { name: 'stats', type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 64, maxEntries: 1 },
  { name: 'ring', type: BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 1 << 16 },
]

/** The start of a system call: keep its arguments when the process is traced. */
export function enter(): Program {
  const p = program({ name: 'enter', progType: BPF_PROG_TYPE_RAW_TRACEPOINT, maps })
  p.main((b, ctx) => {
    const id = b.call('get_current_pid_tgid', [], { pure: true })
    const key = b.slot(4, 'tgid')
    b.store(key, 0, b.convert(b.shr(id, 32), u32))
    b.ifNotNull(b.call('map_lookup_elem', [b.mapFd('traced'), key]), options => {
      b.if(b.test(b.load(options, 0, u64), 1), () => b.return(0))
      const start = b.slot(16, 'start')
      b.store(start, 0, b.call('ktime_get_ns', []))
      b.store(start, 8, b.load(ctx, 8, u64, { invariant: true }))
      const tid = b.slot(8, 'tid')
      b.store(tid, 0, b.convert(b.convert(id, u32), u64))
      b.call('map_update_elem', [b.mapFd('starts'), tid, start, 0])
    })
  })
  return p
}

/** The end of a system call: a record of it goes to the ring, or is counted as lost. */
export function exit(): Program {
  const p = program({ name: 'exit', progType: BPF_PROG_TYPE_RAW_TRACEPOINT, maps })
  p.main((b, ctx) => {
    const id = b.call('get_current_pid_tgid', [], { pure: true })
    const key = b.slot(8, 'tid')
    b.store(key, 0, b.convert(b.convert(id, u32), u64))
    b.ifNotNull(b.call('map_lookup_elem', [b.mapFd('starts'), key]), start => {
      const begun = b.load(start, 0, u64)
      const now = b.call('ktime_get_ns', [])
      b.ifNotNull(
        b.call('ringbuf_reserve', [b.mapFd('ring'), 40, 0]),
        record => {
          b.store(record, 0, 1, u8)
          b.store(record, 1, 0, u8)
          b.store(record, 2, 0, u16)
          b.store(record, 4, b.convert(b.shr(id, 32), u32))
          b.store(record, 8, b.sub(now, begun))
          b.store(record, 16, b.load(start, 8, u64))
          b.store(record, 24, b.convert(b.load(ctx, 8, s64), u64))
          b.store(record, 32, now)
          b.call('ringbuf_submit', [record, 1])
        },
        () => {
          const lost = b.mapValue('stats', 8)
          b.store(lost, 0, b.add(b.load(lost, 0, u64), 1))
        },
      )
      b.call('map_delete_elem', [b.mapFd('starts'), key])
    })
  })
  return p
}

/** Sums bytes of a buffer up to a limit, with a histogram of their upper bits in map memory. */
export function histogram(): Program {
  const p = program({ name: 'histogram', progType: BPF_PROG_TYPE_RAW_TRACEPOINT, maps })
  p.main((b, ctx) => {
    const buffer = b.slot(64, 'buffer')
    b.zero(buffer, 0, 64)
    const address = b.cast(b.load(ctx, 0, u64), pointer('user'))
    const bytes = b.clamp(b.load(ctx, 8, u64), 64)
    b.call('probe_read_user', [buffer, bytes, address])
    const sum = b.variable(u32, 0)
    b.forRange(0, 64, i => {
      const byte = b.load(b.offset(buffer, b.mask(i, 63)), 0, u8)
      sum.set(b.add(sum.get(), b.convert(byte, u32)))
      b.if(b.gt(byte, 127), () => b.atomicAdd(b.mapValue('stats', 16), 0, 1))
    })
    b.return(b.convert(b.mod(sum.get(), 256), u64))
  })
  return p
}
