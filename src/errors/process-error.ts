// A process that cannot be looked at or traced.
import { BeetraceError } from './errors.ts'

export type ProcessErrorCode =
  /** no number, or no number a process can have */
  | 'PROCESS_ID'
  /** there is no such process, or it has ended */
  | 'PROCESS_GONE'
  /** it belongs to somebody else and this process may not look into it */
  | 'PROCESS_FOREIGN'
  /** a thread of the kernel: it makes no system calls */
  | 'PROCESS_KERNEL_THREAD'

export class ProcessError extends BeetraceError {
  declare readonly code: ProcessErrorCode
  readonly pid: number

  constructor(code: ProcessErrorCode, pid: number, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.pid = pid
  }
}
