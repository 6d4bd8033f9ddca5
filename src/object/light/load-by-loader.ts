// Runs a loader: its data become a map, it is loaded itself, and run once. What it made comes back in the context.

import { errno, ObjectError, SyscallError, VerifierError } from '../../errors/index.ts'
import { BpfMap, mapCreateAttr, readContentHash } from '../../map/index.ts'
import { instructionHash, Program } from '../../program/index.ts'
import {
  BPF_F_SLEEPABLE,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_PROG_TYPE_SYSCALL,
  bpfProgTestRun,
  closeFd,
  KEY_SPEC_SESSION_KEYRING,
  KEY_SPEC_USER_KEYRING,
  KEY_SPEC_USER_SESSION_KEYRING,
  LITTLE_ENDIAN,
  linux,
  setU64,
} from '../../sys/index.ts'
import { fillConfig, kernelConfig } from '../kconfig.ts'
import { openArena } from '../load-maps.ts'
import type { BpfObject } from '../object.ts'
import type { Keyring, ObjectLoadOptions } from '../options.ts'
import {
  CTX_LOG_BUF,
  CTX_LOG_LEVEL,
  CTX_LOG_SIZE,
  CTX_STEP,
  type LoaderStep,
  MAP_FD,
  MAP_INITIAL_VALUE,
  MAP_MAX_ENTRIES,
  mapPlace,
  programPlace,
} from './layout.ts'
import { refuseSettings } from './light-settings.ts'

export interface LoaderRun {
  readonly object: BpfObject
  /** what sections of data are to hold, by label */
  readonly values: ReadonlyMap<string, Uint8Array>
  readonly data: Uint8Array
  readonly instructions: Uint8Array
  readonly signature: Uint8Array | undefined
  readonly steps: readonly LoaderStep[]
}

/** Makes maps and programs, and gives them to the object. Throws ObjectError, SyscallError, VerifierError, NotSupportedError. */
export function loadByLoader(run: LoaderRun, options: ObjectLoadOptions): void {
  const { object, values } = run
  refuseSettings(run, options)
  for (const { source, label } of object.maps.values()) {
    const data = values.get(label)
    if (source.role === 'kconfig' && data !== undefined)
      fillConfig(object.source, data, kernelConfig(options.kernelConfig))
  }
  using map = makeLoaderMap(run)
  const { signature } = run
  // the loader looks at what the kernel makes of it
  if (signature !== undefined) readContentHash(map.fd)
  using loader = Program.load(
    {
      ...{ name: '__loader.prog', type: BPF_PROG_TYPE_SYSCALL, license: 'Dual BSD/GPL' },
      code: run.instructions,
      flags: BPF_F_SLEEPABLE,
    },
    {
      fdArray: Int32Array.of(map.fd),
      ...(signature && { signature: { bytes: signature, keyringId: keyringId(options.keyring) } }),
    },
  )
  takeOver(run, runLoader(run, loader))
}

/** For a signed loader one that no other program can write to. */
function makeLoaderMap({ data, instructions, signature }: LoaderRun): BpfMap {
  return BpfMap.create(
    {
      ...{
        name: '__loader.map',
        type: BPF_MAP_TYPE_ARRAY,
        keySize: 4,
        valueSize: data.length,
        maxEntries: 1,
      },
      contents: [{ key: new Uint8Array(4), value: data }],
      frozen: true,
    },
    signature === undefined ? {} : { exclusiveHash: instructionHash(instructions) },
  )
}

/** Numbers of include/linux/verification.h and uapi/linux/keyctl.h. */
const KEYRINGS: Readonly<Record<Exclude<Keyring, number>, number>> = {
  ...{ builtin: 0, secondary: 1, platform: 2 },
  session: KEY_SPEC_SESSION_KEYRING,
  user: KEY_SPEC_USER_KEYRING,
  userSession: KEY_SPEC_USER_SESSION_KEYRING,
}

const keyringId = (keyring: Keyring = 'session'): number =>
  typeof keyring === 'number' ? keyring : KEYRINGS[keyring]

/** The context as the loader leaves it. */
function runLoader(run: LoaderRun, loader: Program): DataView {
  let quiet: Attempt
  // a signal that is pending makes the verifier give up: asked again, it goes on
  for (let tries = 5; ; tries--) {
    quiet = tryLoader(run, loader, 0)
    if (quiet.failure !== -errno.EAGAIN || tries === 1) break
  }
  if (quiet.failure === 0) return quiet.context
  // again, for the verifier's reasons
  let failed = quiet
  for (let size = LOG_BYTES_FIRST; size <= LOG_BYTES_MAX; size *= 4) {
    const told = tryLoader(run, loader, size)
    if (told.failure === 0) return told.context
    failed = told
    if (told.failure !== -errno.ENOSPC) break
  }
  throw failed.failure === -errno.ENOSPC ? whyFailed(run, quiet) : whyFailed(run, failed)
}

/** One room for the logs of all programs, one after the other: those before the one that is refused must fit, too. */
const LOG_BYTES_FIRST = 1 << 20
const LOG_BYTES_MAX = 1 << 26

interface Attempt {
  readonly context: DataView
  /** 0, or -errno */
  readonly failure: number
  readonly log: string
}

/** @param logBytes room for what the verifier says; 0: it says nothing */
function tryLoader(run: LoaderRun, loader: Program, logBytes: number): Attempt {
  const { object, values, signature } = run
  const { maps, programs } = object
  const context = new DataView(new ArrayBuffer(programPlace(maps.size, programs.size)))
  const log = new Uint8Array(new ArrayBuffer(logBytes))
  context.setUint32(0, context.byteLength, LITTLE_ENDIAN)
  if (logBytes > 0) {
    context.setUint32(CTX_LOG_LEVEL, 1, LITTLE_ENDIAN)
    context.setUint32(CTX_LOG_SIZE, logBytes, LITTLE_ENDIAN)
    setU64(context, CTX_LOG_BUF, linux().address(log))
  }
  // a signed loader does not look at them
  if (signature === undefined)
    for (const [i, map] of [...maps.values()].entries()) {
      const { maxEntries } = mapCreateAttr({ ...map.source, maxEntries: map.maxEntries })
      context.setUint32(mapPlace(i) + MAP_MAX_ENTRIES, maxEntries, LITTLE_ENDIAN)
      const value = values.get(map.label)
      if (value !== undefined) setU64(context, mapPlace(i) + MAP_INITIAL_VALUE, linux().address(value))
    }
  const { result, retval } = bpfProgTestRun({ progFd: loader.fd, ctxIn: new Uint8Array(context.buffer) })
  if (result < 0)
    throw new SyscallError('bpf(BPF_PROG_TEST_RUN)', -result, `run the loader of ${object.source.file}`)
  const end = log.indexOf(0)
  return {
    context,
    failure: retval | 0,
    log: Buffer.from(log.buffer, 0, end < 0 ? logBytes : end).toString('utf8'),
  }
}

function whyFailed({ object, steps, signature }: LoaderRun, { context, failure, log }: Attempt): Error {
  const [kind, name] = steps[context.getUint32(CTX_STEP, LITTLE_ENDIAN)] ?? ['types', object.source.name]
  const { file } = object.source
  const number = -failure
  const failed = (syscall: string, action: string) => new SyscallError(syscall, number, `${file}: ${action}`)
  if (signature !== undefined && number === errno.EBADMSG)
    return new ObjectError(file, 'its data are not those that its loader was signed with')
  const isAbsent = number === errno.ENOENT
  switch (kind) {
    case 'program':
      if (log !== '') return new VerifierError(name, number, log)
      return failed('bpf(BPF_PROG_LOAD)', `load program "${name}"`)
    case 'map':
      return failed('bpf(BPF_MAP_CREATE)', `create map "${name}"`)
    case 'value':
      return failed('bpf(BPF_MAP_UPDATE_ELEM)', `give map "${name}" its first value`)
    case 'freeze':
      return failed('bpf(BPF_MAP_FREEZE)', `freeze map "${name}"`)
    case 'types':
      return failed('bpf(BPF_BTF_LOAD)', 'hand over the types')
    case 'target': {
      const program = object.program(name)
      if (!isAbsent) return failed('bpf_btf_find_by_name_kind', `find what program "${name}" attaches to`)
      return new ObjectError(file, `the kernel's types have no "${program.attachTo}"`, {
        program: name,
        section: program.section,
      })
    }
    case 'extern':
      if (!isAbsent) return failed('bpf_btf_find_by_name_kind or bpf_kallsyms_lookup_name', `find "${name}"`)
      return new ObjectError(
        file,
        `this kernel has no "${name}": declare the extern weak if the program can do without it`,
      )
  }
}

/** Hands what the loader has made to the object; nothing stays open unless it has it. */
function takeOver({ object, values }: LoaderRun, context: DataView): void {
  const maps = [...object.maps.values()]
  const programs = [...object.programs.values()]
  const fds = [
    ...maps.map((_, i) => context.getInt32(mapPlace(i) + MAP_FD, LITTLE_ENDIAN)),
    ...programs.map((_, i) => context.getInt32(programPlace(maps.length, i), LITTLE_ENDIAN)),
  ]
  try {
    for (const map of maps) {
      const made = new BpfMap(fds.shift()!, map.source.name)
      map.hold(made)
      if (made.type === BPF_MAP_TYPE_ARENA) map.holdArena(openArena(made, values.get(map.label)))
    }
    for (const program of programs)
      program.hold(new Program(fds.shift()!, program.name, program.expectedAttachType))
  } finally {
    for (const fd of fds) closeFd(fd)
  }
}
