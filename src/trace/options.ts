// What a trace is asked to do: the options of the command line as plain values, shared by both halves.

/** Numbers of the wanted system calls, by ABI. */
export interface WantedCalls {
  readonly native: ReadonlySet<number>
  readonly compat: ReadonlySet<number>
}

export interface TraceOptions {
  /** follow children made by fork, vfork and clone (threads are always followed) */
  readonly follow: boolean
  /** calls to show; undefined means every call, numbers without a name included */
  readonly wanted: WantedCalls | undefined
  /** count calls in the kernel and print a table at the end instead of a line a call */
  readonly summary: boolean
  /** with `summary`: the time that calls lasted, instead of that in which they had a processor */
  readonly wallClock: boolean
  /** 'successful' drops calls that failed, 'failed' those that did not */
  readonly status: 'all' | 'successful' | 'failed'
  /** the time before each line: none, seconds of the day, with microseconds, since the epoch, since the line before */
  readonly timestamps: 'none' | 'time' | 'time-us' | 'epoch-us' | 'relative'
  /** append the time spent in the call: `<0.000123>` */
  readonly durations: boolean
  /** bytes of a string or buffer that are shown (strace's -s) */
  readonly stringLimit: number
  /** how many of the tracer's own messages to leave out: 0 none, 1 attach and detach, 2 also exit status lines */
  readonly quiet: number
  /** show the path behind a file descriptor */
  readonly decodeFds: boolean
  /** one JSON object a line */
  readonly json: boolean
  /** column of the `=` before a result */
  readonly column: number
  /** bytes of the ring between the kernel and us: a power of two */
  readonly ringBytes: number
  /** how many threads can be traced at the same time */
  readonly maxThreads: number
}

export const DEFAULT_TRACE_OPTIONS: TraceOptions = {
  follow: false,
  wanted: undefined,
  summary: false,
  wallClock: false,
  status: 'all',
  timestamps: 'none',
  durations: false,
  stringLimit: 32,
  quiet: 0,
  decodeFds: false,
  json: false,
  column: 40,
  ringBytes: 64 << 20,
  maxThreads: 16384,
}

/** The clock is read in the kernel only when some output needs it. */
export function needsTimes(options: TraceOptions): boolean {
  return options.json || options.summary || options.durations || options.timestamps !== 'none'
}
