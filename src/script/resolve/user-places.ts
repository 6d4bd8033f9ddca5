// Places in programs of user space: the files a uprobe's target means, the functions in them, USDT probes.

import type { UsdtLocation } from '../../elf/index.ts'
import { globMatcher, isGlob } from '../../kernel/glob.ts'
import type { UserFunction } from '../facts.ts'
import type { AttachPointSpec } from '../parse/attach-point.ts'
import { resolveMessages as say } from './messages.ts'
import { missing, ofProcess, type ResolveContext, type ResolvedPlace } from './places.ts'

type UprobeSpec = Extract<AttachPointSpec, { provider: 'uprobe' | 'uretprobe' }>
type UsdtSpec = Extract<AttachPointSpec, { provider: 'usdt' }>

export function uprobePlaces(spec: UprobeSpec, context: ResolveContext): ResolvedPlace[] {
  const { diagnostics } = context
  if (spec.source !== null) {
    diagnostics.report(say.sourceLine, spec.node.span)
    return []
  }
  if (spec.provider === 'uretprobe' && spec.offset !== 0n) {
    diagnostics.report(say.returnOffset, spec.node.span)
    return []
  }
  const files = filesOf(spec, context)
  const found = files.flatMap(path => placesInFile(spec, path, context))
  if (found.length > 0 || files.length === 0 || diagnostics.errorCount > 0) return found
  const functions = isGlob(spec.function) ? [] : files.flatMap(path => context.user.functions(path, '*'))
  return missing(
    spec,
    `${spec.path}:${spec.function}`,
    context,
    new Set(functions.map(f => f.name)),
    spec.function,
  )
}

export function usdtPlaces(spec: UsdtSpec, context: ResolveContext): ResolvedPlace[] {
  const files = filesOf({ ...spec, path: spec.path === '' ? '*' : spec.path }, context)
  const named = globMatcher(spec.function)
  const inNamespace = spec.namespace ? globMatcher(spec.namespace) : () => true
  const found: ResolvedPlace[] = []
  for (const path of files) {
    for (const usdt of context.user.usdt(path)) {
      if (named(usdt.name) && inNamespace(usdt.provider)) found.push(usdtPlace(spec, path, usdt, context))
    }
  }
  if (found.length > 0 || files.length === 0) return found
  const namespace = spec.namespace === null ? '' : `${spec.namespace}:`
  const known = files.flatMap(path => context.user.usdt(path).map(({ name }) => name))
  return missing(spec, `${spec.path}:${namespace}${spec.function}`, context, known, spec.function)
}

/** A lone name is looked up as a shell does it: the first file counts. */
function filesOf(spec: UprobeSpec | UsdtSpec, { user, pid, diagnostics }: ResolveContext): readonly string[] {
  const files = user.files(spec.path, pid)
  const provider = spec.provider === 'usdt' ? 'usdt' : 'uprobe'
  if (files.length === 0) diagnostics.report(say.noFile, spec.node.span, { provider, path: spec.path })
  if (files.length > 1 && !isGlob(spec.path)) {
    const gaps = { provider, path: files[0]!, count: files.length }
    diagnostics.report(say.severalFiles, spec.node.span, gaps)
    return files.slice(0, 1)
  }
  return files
}

function placesInFile(spec: UprobeSpec, path: string, context: ResolveContext): ResolvedPlace[] {
  const { user, diagnostics, unsafe } = context
  if (spec.address !== null) {
    const fileOffset = user.fileOffset(path, spec.address)
    if (fileOffset === undefined) {
      const gaps = { address: `0x${spec.address.toString(16)}`, path }
      diagnostics.report(say.addressOutside, spec.node.span, gaps)
      return []
    }
    return [uprobePlace(spec, path, `${spec.address}`, fileOffset, context)]
  }
  const functions =
    spec.language === 'cpp' ? demangledFunctions(spec, path, context) : user.functions(path, spec.function)
  return functions.flatMap(({ name, fileOffset, size }) => {
    if (spec.offset >= BigInt(size) && size > 0 && !unsafe) {
      diagnostics.report(say.offsetOutside, spec.node.span, { function: name, size })
      return []
    }
    if (size === 0 && !unsafe && !isGlob(spec.function)) {
      diagnostics.report(say.noBoundary, spec.node.span, { function: name })
      return []
    }
    const shown = spec.offset === 0n ? name : `${name}+${spec.offset}`
    return [uprobePlace(spec, path, shown, fileOffset + spec.offset, context)]
  })
}

/** `cpp:"f"` is every overload of `f`; with arguments, that one. */
function demangledFunctions(spec: UprobeSpec, path: string, { user }: ResolveContext): UserFunction[] {
  const named = globMatcher(spec.function)
  const withArguments = spec.function.includes('(')
  return user.functions(path, '*').filter(({ demangled, name }) => {
    const full = demangled ?? name
    const end = full.indexOf('(')
    return named(withArguments || end < 0 ? full : full.slice(0, end))
  })
}

function uprobePlace(
  spec: UprobeSpec,
  path: string,
  shown: string,
  fileOffset: bigint,
  context: ResolveContext,
): ResolvedPlace {
  const probe = spec.name ?? `${spec.provider}:${path}:${shown}`
  const returns = spec.provider === 'uretprobe'
  return {
    spec,
    place: { kind: 'uprobe', probe, returns, path, fileOffset, ...ofProcess(context) },
  }
}

function usdtPlace(spec: UsdtSpec, path: string, usdt: UsdtLocation, context: ResolveContext): ResolvedPlace {
  const probe = spec.name ?? `usdt:${path}:${usdt.provider}:${usdt.name}`
  const { fileOffset, semaphoreFileOffset } = usdt
  return {
    spec,
    usdt,
    place: {
      kind: 'uprobe',
      probe,
      returns: false,
      path,
      fileOffset: BigInt(fileOffset),
      ...(semaphoreFileOffset === undefined ? {} : { refCtrOffset: BigInt(semaphoreFileOffset) }),
      ...ofProcess(context),
    },
  }
}
