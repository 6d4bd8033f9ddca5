// Ids across pid namespaces. The kernel half knows threads by their ids in the initial namespace; a tracer that was
// started in another (a container) knows them by that one's. What lies between, only the kernel can say: /proc/PID
// holds the thread's struct pid, with its ids in every namespace, and a small program reads it through a descriptor
// of that folder.

import { type Btf, fieldPath } from '../../btf/index.ts'
import { NotSupportedError } from '../../errors/index.ts'
import { type Builder, compileSpec, program, u32, u64, type Value } from '../../ir/index.ts'
import { openProcessFolder } from '../../kernel/index.ts'
import { Program } from '../../program/index.ts'
import { BPF_PROG_TYPE_RAW_TRACEPOINT, closeFd } from '../../sys/index.ts'

export class PidNamespace implements Disposable {
  readonly #program: Program
  readonly #levelOffset: number
  readonly #numberOffset: number
  /** how many namespaces it is below the initial one */
  readonly level: number

  /** The namespace that this process is in. */
  constructor(btf: Btf) {
    const at = (type: string, path: string): number => {
      const struct = btf.find(type, 'struct')
      if (struct === undefined) throw new NotSupportedError(`struct ${type} in the kernel's BTF`)
      return fieldPath(btf, struct, path).offsetBytes
    }
    this.#program = Program.load(pidFieldProgram(at))
    this.#levelOffset = at('pid', 'level')
    this.#numberOffset = at('pid', 'numbers') + at('upid', 'nr')
    this.level = this.#pidField('self', undefined, this.#levelOffset)
  }

  /** The id in the initial namespace of a thread of a process; undefined when it is gone. */
  initialTid(tgid: number, tid: number): number | undefined {
    // the main thread is asked for by another name, for the case that /proc is of another namespace
    const folder = tid === process.pid ? 'self' : tgid
    const found = this.#pidField(folder, tid === process.pid ? undefined : tid, this.#numberOffset)
    return found === 0 ? undefined : found
  }

  close(): void {
    this.#program.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** A u32 of the struct pid behind /proc/PID or /proc/PID/task/TID; 0 when there is none. */
  #pidField(process: number | 'self', tid: number | undefined, offset: number): number {
    const fd = openProcessFolder(process, tid)
    if (fd === undefined) return 0
    try {
      const ctx = new BigUint64Array([BigInt(fd), BigInt(offset)])
      return this.#program.testRun({ ctx: new Uint8Array(ctx.buffer) }).retval
    } finally {
      closeFd(fd)
    }
  }
}

/** `(fd, offset) => *(u32 *)(pid of that folder + offset)`, to be run in the process that has the descriptor. */
function pidFieldProgram(at: (type: string, path: string) => number) {
  const p = program({ name: 'pid_field', progType: BPF_PROG_TYPE_RAW_TRACEPOINT, maps: [] })
  p.main((b, ctx) => {
    const read = (base: Value, offset: number | Value) => readPointer(b, b.add(base, offset))
    const task = b.cast(b.call('get_current_task', []), u64)
    const files = read(task, at('task_struct', 'files'))
    const descriptors = read(read(files, at('files_struct', 'fdt')), at('fdtable', 'fd'))
    const file = read(descriptors, b.mul(b.load(ctx, 0, u64), 8))
    // struct proc_inode holds the inode and, before it, the pid
    const inode = read(file, at('file', 'f_inode'))
    const pid = read(inode, at('proc_inode', 'pid') - at('proc_inode', 'vfs_inode'))
    const slot = b.slot(4, 'field', 4)
    b.store(slot, 0, 0, u32)
    b.call('probe_read_kernel', [slot, 4, b.add(pid, b.load(ctx, 8, u64))])
    b.return(b.convert(b.load(slot, 0, u32), u64))
  })
  return compileSpec(p)
}

function readPointer(b: Builder, address: Value): Value {
  const slot = b.slot(8, 'pointer')
  b.store(slot, 0, 0, u64)
  b.call('probe_read_kernel', [slot, 8, address])
  return b.load(slot, 0, u64)
}
