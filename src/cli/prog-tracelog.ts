// `bee prog tracelog`: what programs print, as it comes, or what one of them has said on a stream of its own. The words are bpftool's.
//
//     bee prog tracelog [-j]                  bpf_printk of all programs, until Ctrl-C
//     bee prog tracelog stdout|stderr PROG    bpf_stream_printk, and what the kernel says of the program (Linux 6.17)

import { UsageError } from '../errors/index.ts'
import { openProgram, PROGRAM_WORDS, type ProgramWords, takeProgramWords } from './find-program.ts'
import { PrintkLines } from './printk-lines.ts'

const TRACELOG_USAGE = `bee prog tracelog [-j], or bee prog tracelog stdout|stderr ${PROGRAM_WORDS}`

export type TracelogArguments =
  | { readonly kind: 'prints'; readonly json: boolean }
  | { readonly kind: 'stream'; readonly stream: 'stdout' | 'stderr'; readonly program: ProgramWords }

/** Throws UsageError. */
export function parseTracelog(argv: readonly string[]): TracelogArguments {
  const json = argv.some(each => each === '-j' || each === '--json')
  const words = argv.filter(each => each !== '-j' && each !== '--json')
  const word = words.shift()
  if (word === undefined) return { kind: 'prints', json }
  // bpftool's words may be shortened as far as they are unlike others
  const stream = (['stdout', 'stderr'] as const).find(each => word.length >= 4 && each.startsWith(word))
  if (stream === undefined)
    throw new UsageError(`"${word}" is neither stdout nor stderr\nusage: ${TRACELOG_USAGE}`)
  const program = takeProgramWords(words, TRACELOG_USAGE)
  if (words.length > 0) throw new UsageError(`"${words[0]}" is too much\nusage: ${TRACELOG_USAGE}`)
  return { kind: 'stream', stream, program }
}

export interface TracelogStreams {
  readonly out: (text: string) => void
  readonly note: (text: string) => void
  /** ends the prints */
  readonly stop: AbortSignal
}

/** @throws UsageError; what opening the program, reading its stream and opening the trace throw */
export async function progTracelog(argv: readonly string[], streams: TracelogStreams): Promise<number> {
  const args = parseTracelog(argv)
  if (args.kind === 'stream') {
    using program = openProgram(args.program)
    streams.out(program.readStream(args.stream))
    return 0
  }
  const formats = { used: true, patterns: undefined }
  using prints = new PrintkLines({ json: args.json, formats, out: streams.out })
  if (prints.shared) streams.note('other readers of the trace miss what is shown here\n')
  prints.start()
  if (!streams.stop.aborted)
    await new Promise<void>(resolve =>
      streams.stop.addEventListener('abort', () => resolve(), { once: true }),
    )
  prints.finish()
  if (prints.lostCount > 0) streams.note(`${prints.lostCount} lines were lost\n`)
  return 0
}
