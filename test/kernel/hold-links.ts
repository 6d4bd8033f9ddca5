// A process that attaches programs, says what it holds and waits to be killed: see link.test.ts.

import { attachRawTracepoint, attachTracepoint } from '../../src/link/index.ts'
import { BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_TRACEPOINT } from '../../src/sys/index.ts'
import { countEventsOf } from './kernel-programs.ts'

const raw = countEventsOf(process.pid, BPF_PROG_TYPE_RAW_TRACEPOINT)
const plain = countEventsOf(process.pid, BPF_PROG_TYPE_TRACEPOINT)
const links = [
  attachRawTracepoint(raw, 'sched_process_exec'),
  attachTracepoint(plain, 'sched', 'sched_process_exec'),
  attachTracepoint(plain, 'sched', 'sched_process_fork', { mode: 'ioctl' }),
]
const linkIds = links.flatMap(link => link.info()?.id ?? [])
process.stdout.write(`${JSON.stringify({ links: linkIds, programs: [raw.id, plain.id] })}\n`)
setInterval(() => {}, 1 << 30)
