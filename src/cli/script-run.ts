// Runs one script from its text to the last map: compiles, attaches, waits for its end, and says what was lost.

import { closeSync, openSync, writeSync } from 'node:fs'
import { demangle } from '../elf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { checkPrivileges, ownPidNamespace, processExe, readProcess, UserSymbols } from '../kernel/index.ts'
import { ABI_NATIVE, machineOf, syscallNames } from '../kernel/uapi/index.ts'
import { type Compilation, compileScript } from '../script/compile.ts'
import { excerptOf, printDiagnostics, rangeOf } from '../script/diagnostics/index.ts'
import { JsonOutput, type SourcePlace, TextOutput } from '../script/output/index.ts'
import { EarlyMaps } from '../script/run/early-maps.ts'
import { MachineKernelFacts } from '../script/run/kernel-facts.ts'
import { MachineNames } from '../script/run/names.ts'
import type { PacketFile } from '../script/run/packets.ts'
import { type ScriptEnd, ScriptSession } from '../script/run/session.ts'
import { measuresJson, measuresText, trialsJson, trialsText } from '../script/run/trials.ts'
import { MachineUserFacts } from '../script/run/user-facts.ts'
import { namesUserAddresses, watchMappings } from '../script/run/watch-mappings.ts'
import { byteString, byteStringOf, positionOf, readable, type Sources } from '../script/source.ts'
import type { Span } from '../script/span.ts'
import { argvBytes, CLOCK_BOOTTIME, CLOCK_TAI, clockNs, closeFd, nowMs, pidfdOpen } from '../sys/index.ts'
import { ByteWriter } from '../text/index.ts'
import type { BeeArguments, ScriptOptions } from './bee-arguments.ts'
import type { Caller } from './caller.ts'
import { HeldCommand, splitCommand } from './held-command.ts'
import { reasonOf } from './messages.ts'
import { AttachStopped, chosenProbes, MissingProbes, withoutUnsupported } from './missing-probes.ts'
import { headerReader, importReader, includedFile, readHead, readScript, runCommand } from './script-files.ts'
import { ScriptOutput } from './script-output.ts'
import { loadReport } from './script-report.ts'
import { printStages } from './script-stages.ts'
import { isTerminal } from './terminal.ts'

type ScriptRequest = Extract<BeeArguments, { kind: 'script' }>

/** The line that waits for probes to be there: bpftrace's own tests and others look for it. */
const NOTIFY = '__BPFTRACE_NOTIFY_PROBES_ATTACHED'

/** Exit status of a script that could not be run. */
const FAILED = 1

/** Where text goes that is not the script's: stdout for what was asked for, stderr for messages. */
export interface Voice {
  readonly print: (text: string) => void
  readonly say: (text: string | Uint8Array) => void
}

export async function runScript(
  request: ScriptRequest,
  caller: Caller,
  { print, say }: Voice,
): Promise<number> {
  const startMs = nowMs()
  const { options, source } = request
  const environment = environmentOf(caller)
  const content = source.kind === 'text' ? byteStringOfArgument(source.text) : readScript(source.path)
  if (options.pid !== undefined && readProcess(options.pid) === undefined) {
    throw new BeetraceError('PROCESS_GONE', `there is no process ${options.pid}`)
  }
  using command =
    options.command === undefined
      ? undefined
      : await HeldCommand.start(splitCommand(options.command), caller, environment.PATH)
  const pid = options.pid ?? command?.pid
  using user = new MachineUserFacts()
  // the ends of a session cannot be chosen one without the other
  const without = options.probeFilter === undefined ? [] : (['kprobe_session'] as const)
  const kernel = new MachineKernelFacts({
    functionList: options.traceableFunctions,
    without: [...options.withoutFeatures, ...without],
  })
  const namespace = ownPidNamespace()
  const earlyMaps = new EarlyMaps()
  const compilation = compileScript(
    source.kind === 'text' ? 'stdin' : source.path,
    content,
    {
      readInclude: headerReader(options.includeFolders),
      readImport: importReader,
      headers: options.includeFiles.map(path => includedFile(path, options.includeFolders)),
    },
    {
      kernel,
      user,
      run: {
        positional: request.positional.map(byteString),
        named: Object.fromEntries(
          Object.entries(request.named).map(([name, value]) => [byteString(name), byteString(value)]),
        ),
        unsafe: options.unsafe,
        tells: options.helperErrors ? 'everything' : options.warnings ? 'failures' : 'nothing',
        environment,
        taiOffsetNs: clockNs(CLOCK_TAI) - clockNs(CLOCK_BOOTTIME),
        ...(namespace === undefined ? {} : { pidNamespace: namespace }),
        ...(command === undefined ? {} : { childPid: command.pid }),
        ...(pid === undefined ? {} : { pid, pidPath: command?.path ?? processExe(pid) ?? '' }),
      },
    },
    options.stages.length > 0
      ? { dumpIr: options.stages.includes('ir') }
      : { onMaps: specs => earlyMaps.begin(specs) },
  )
  const { sources, diagnostics } = compilation.parsed
  say(printDiagnostics(sources, diagnostics, { warnings: options.warnings }))
  if (options.stages.length > 0) {
    printStages(compilation, options.stages, print)
    return diagnostics.ok ? 0 : FAILED
  }
  if (compilation.compiled === undefined) {
    if (kernel.btf() === undefined) say(NO_TYPES)
    return FAILED
  }
  if (compilation.compiled.programs.length === 0) {
    if (!options.quiet) say('No probes to attach\n')
    return FAILED
  }
  checkPrivileges('run a script')
  try {
    return await runCompiled(compilation, options, {
      kernel,
      earlyMaps,
      command,
      pid,
      environment,
      say,
      compiledMs: nowMs() - startMs,
    })
  } catch (error) {
    if (error instanceof AttachStopped) return FAILED
    throw error
  }
}

interface RunContext {
  readonly kernel: MachineKernelFacts
  readonly earlyMaps: EarlyMaps
  readonly command: HeldCommand | undefined
  readonly pid: number | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly say: Voice['say']
  readonly compiledMs: number
}

const NO_TYPES =
  'HINT: this kernel tells nothing of its types (/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF): ' +
  'struct members, raw tracepoints and kernel functions need them\n'

async function runCompiled(
  compilation: Compilation,
  options: ScriptOptions,
  context: RunContext,
): Promise<number> {
  const { kernel, earlyMaps, command, pid, environment, say, compiledMs } = context
  const startMs = nowMs()
  const { config, parsed } = compilation
  const probes = new MissingProbes(config.missing_probes, say)
  const script = withoutUnsupported(chosenProbes(compilation.compiled!, options.probeFilter), kernel, probes)
  if (script.programs.length === 0) {
    if (!options.quiet) say('No probes to attach\n')
    return FAILED
  }
  const fd = options.output === undefined ? 1 : openOutput(options.output)
  const sink = new ScriptOutput(fd, options.buffering)
  const out = new ByteWriter(1 << 16)
  const err = new ByteWriter(1 << 12)
  const flushErrors = (): void => {
    if (err.length > 0) say(err.view())
    err.clear()
  }
  using symbols = new UserSymbols()
  let mappings: (last?: boolean) => void = () => {}
  const symbolize = (tgid: number, address: bigint) => {
    const found = symbols.symbolize(tgid, Number(address))
    if (found !== undefined) return found
    mappings()
    return symbols.symbolize(tgid, Number(address))
  }
  const ended = new Ended()
  const placeOf = ({ span }: { readonly span: Span }) => placeIn(parsed.sources, span)
  const madeMaps = await earlyMaps.made()
  using session = new ScriptSession({
    script,
    kernel,
    traceFs: () => kernel.traceFs(),
    madeMaps,
    names: stacks =>
      new MachineNames({
        script,
        truncationTrailer: config.str_trunc_trailer,
        symbols: {
          kernel: () => kernel.symbols(),
          user: (tgid, address) => {
            const found = symbolize(tgid, address)
            if (found?.name === undefined) return undefined
            const name = config.cpp_demangle ? demangle(found.name) : found.name
            return { name: byteString(name), offset: found.offset }
          },
          module: (tgid, address) => {
            const module = symbolize(tgid, address)?.module
            return module === undefined || module === '' ? undefined : byteString(module)
          },
        },
        stacks,
        systemCallName: nr => syscallNames(machineOf(process.arch), ABI_NATIVE)[nr] || undefined,
      }),
    packetFile: openPackets,
    packetPages: config.perf_rb_pages || DEFAULT_PACKET_PAGES,
    output: names =>
      options.format === 'json'
        ? new JsonOutput(out, ns => names.epochMs(ns))
        : new TextOutput(out, err, ns => names.epochMs(ns)),
    out,
    sink: {
      push: bytes => {
        flushErrors()
        sink.push(bytes)
      },
      flushed: () => sink.flushed(),
    },
    maxCatBytes: config.max_cat_bytes,
    showWarnings: options.warnings,
    printMapsOnExit: config.print_maps_on_exit,
    intervalMs: 5,
    placeOf,
    warn: (action, text) => {
      const { range, excerpt } = placeOf(action)
      say(`${range}: WARNING: ${text}\n${excerpt}`)
    },
    fail: text => say(`ERROR: ${text}\n`),
    attachFailed: (place, error) => probes.failed(place, error),
    readFile: readHead,
    runCommand: command => runCommand(command, environment),
    onExit: () => ended.end(),
  })
  const loadedMs = nowMs()
  const count = session.attach()
  if (options.verbose) {
    const attachedMs = nowMs()
    say(
      loadReport(script, session.programs, {
        compiled: compiledMs,
        loaded: loadedMs - startMs,
        attached: attachedMs - loadedMs,
      }),
    )
  }
  if (options.dryRun) return 0
  ended.onSignals(sink, session)
  if (pid !== undefined) ended.onProcess(pid, command, session)
  // before anybody is told that all is ready: a process may end in the next moment
  if (namesUserAddresses(script)) mappings = watchMappings(symbols, pid)
  session.start(options.quiet ? undefined : count, () => {
    flushErrors()
    if (process.env[NOTIFY] !== undefined) writeSync(1, `${NOTIFY}\n`)
  })
  flushErrors()
  command?.release()
  const trialStatus = options.mode === 'run' ? 0 : runTrials(session, options)
  await ended.promise
  const end: ScriptEnd = await session.stop()
  mappings(true)
  flushErrors()
  if (end.lost > 0) say(`WARNING: Total lost event count: ${end.lost}\n`)
  if (fd !== 1) closeSync(fd)
  if (sink.failure !== undefined) {
    throw new BeetraceError(
      'OUTPUT',
      `cannot write the output: ${reasonOf(sink.failure)}; the script was ended`,
    )
  }
  return end.exitCode === 0 ? trialStatus : end.exitCode
}

function placeIn(sources: Sources, span: Span): SourcePlace {
  const file = sources.files[span.file]!
  const calls: SourcePlace[] = []
  for (let call = span.expandedFrom; call !== undefined; call = call.expandedFrom) {
    const { expandedFrom: _, ...own } = call
    calls.push(placeIn(sources, own))
  }
  return {
    file: file.name,
    ...positionOf(file, span.start),
    range: rangeOf(sources, span),
    excerpt: excerptOf(sources, span),
    calls,
  }
}

/** Runs and shows the tests or benchmarks of a script; 1 when one failed. */
function runTrials(session: ScriptSession, { mode, format }: ScriptOptions): number {
  if (mode === 'bench') {
    const measures = session.runBenchmarks()
    writeSync(1, format === 'json' ? measuresJson(measures) : measuresText(measures))
    return 0
  }
  const trials = session.runTests()
  writeSync(1, format === 'json' ? trialsJson(trials) : trialsText(trials, isTerminal(1)))
  return trials.every(({ passed }) => passed) ? 0 : FAILED
}

/** What ends a run: `exit()`, Ctrl-C and its like, the process that was watched, a reader that is gone. */
class Ended {
  readonly promise: Promise<void>
  end!: () => void

  constructor() {
    this.promise = new Promise(resolve => {
      this.end = resolve
    })
  }

  onSignals(sink: ScriptOutput, session: ScriptSession): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, this.end)
    for (const signal of session.signals) process.on(signal, () => session.signalled(signal))
    const timer = setInterval(() => {
      if (sink.ended) this.end()
    }, READER_POLL_MS).unref()
    void this.promise.then(() => clearInterval(timer))
  }

  /** The command's end, or that of the process of -p. */
  onProcess(pid: number, command: HeldCommand | undefined, session: ScriptSession): void {
    const pidfd = pidfdOpen(pid)
    if (pidfd < 0) {
      this.end()
      return
    }
    const unwatch = session.watch(pidfd, () => {
      unwatch()
      closeFd(pidfd)
      command?.hasEnded()
      this.end()
    })
  }
}

const READER_POLL_MS = 50

function openOutput(path: string): number {
  try {
    return openSync(path, 'w', 0o666)
  } catch (error) {
    throw new BeetraceError('OUTPUT', `cannot write to '${path}': ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** 256 KiB for each CPU */
const DEFAULT_PACKET_PAGES = 64

function openPackets(path: string): PacketFile {
  const fd = openOutput(readable(path))
  return {
    append: bytes => {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    },
    close: () => closeSync(fd),
  }
}

/** The bytes of an argument: Node has decoded them as UTF-8, which is not what every script is. */
function byteStringOfArgument(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  return argvBytes().find(argument => bytes.equals(Buffer.from(argument.toString('utf8')))) ?? bytes
}

function environmentOf(caller: Caller): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    caller.environ.map(entry => {
      const text = byteStringOf(entry)
      const at = text.indexOf('=')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}
