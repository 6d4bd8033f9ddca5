// `bee build TOOL.bpf.c [TOOL.h]`: C to a compiled object and a package, which `bee run` and eunomia's ecli run.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { cHeader } from '../btf/index.ts'
import { readObject, stripDebug } from '../elf/index.ts'
import { BeetraceError, NotSupportedError } from '../errors/index.ts'
import { vmlinuxBtf } from '../kernel/index.ts'
import {
  definedStructs,
  describeExportTypes,
  describeObject,
  printPackage,
  printSkeleton,
  readDocComments,
  structKeepers,
} from '../package/index.ts'
import { BUILD_HELP, type BuildArguments, parseBuildArguments } from './build-arguments.ts'
import { builtHeaders } from './built.ts'
import { bpfArchitecture, findClang, runClang, systemIncludes } from './clang.ts'
import { makeFolder } from './make-folder.ts'
import { reasonOf } from './messages.ts'

export interface BuildStreams {
  readonly out: (text: string) => void
  readonly note: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Exit status. Throws UsageError; BeetraceError when there is no compiler, it fails, or a file cannot be read or written. */
export function build(argv: readonly string[], streams: BuildStreams): number {
  const args = parseBuildArguments(argv)
  if (args === undefined) {
    streams.out(BUILD_HELP)
    return 0
  }
  const source = readText(args.source)
  const structs = args.header === undefined ? undefined : definedStructs(readText(args.header))
  if (structs?.length === 0)
    streams.note(`${args.header} defines no struct, so the package does not say what its records are\n`)
  // TOOL of TOOL.bpf.c, as ecc has it: up to the first dot
  const tool = basename(args.source).split('.')[0]!
  const folder = args.outputFolder ?? dirname(args.source)
  makeFolder(folder)
  const object = compile(args, structs ?? [], streams)
  save(join(folder, `${tool}.bpf.o`), object)

  const compiled = readObject(object, `${tool}.bpf.o`)
  const objectName = `${tool.replaceAll(/\W/g, '_')}_bpf`
  const skeleton = describeObject(compiled, objectName, readDocComments(source))
  const exportTypes =
    structs === undefined || compiled.btf === undefined
      ? undefined
      : describeExportTypes(compiled.btf, ordered(structs))
  if (exportTypes?.length === 0 && structs?.length !== 0)
    streams.note(
      `no struct of ${args.header} is in the object, so the package does not say what its records are: does ${args.source} ` +
        'include the header?\n',
    )
  const meta = printSkeleton(skeleton, exportTypes)
  save(join(folder, `${tool}.skel.json`), `${JSON.stringify(meta)}\n`)
  if (!args.objectOnly) save(join(folder, 'package.json'), printPackage(object, meta))
  return 0
}

/** ecli takes the first for the records: one that is called so comes before those that it may be made of. */
const ordered = (names: readonly string[]): string[] => {
  const isEvent = (name: string) => /(^|_)(event|evt|data)(_t)?$/.test(name)
  return [...names.filter(isEvent), ...names.filter(name => !isEvent(name))]
}

function compile(
  args: BuildArguments,
  structs: readonly string[],
  { note, environment }: BuildStreams,
): Uint8Array {
  const clang = findClang(args.clang ?? (environment.CLANG || undefined), environment.PATH ?? '/usr/bin:/bin')
  const scratch = mkdtempSync(join(tmpdir(), 'bee-build-'))
  try {
    // the source as it is, and behind it what keeps the structs of its records in its types
    const wrapper = join(scratch, basename(args.source))
    writeFileSync(wrapper, `#include ${JSON.stringify(resolve(args.source))}\n${structKeepers(structs)}`)
    const object = join(scratch, 'object.o')
    const architecture = bpfArchitecture(process.arch)
    const command = [
      ...['-g', '-O2', '-target', 'bpf', '-Wno-unknown-attributes'],
      ...(architecture === undefined ? [] : [`-D__TARGET_ARCH_${architecture}`]),
      ...args.flags,
      `-I${resolve(dirname(args.source))}`,
      ...vmlinuxFolder(args, scratch),
      `-I${builtHeaders()}`,
      ...systemIncludes(clang).flatMap(each => ['-idirafter', each]),
      ...['-c', wrapper, '-o', object],
    ]
    if (args.verbose) note(`${[clang.command, ...command].join(' ')}\n`)
    runClang(clang, command, note)
    return stripDebug(new Uint8Array(readFileSync(object)), args.source)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Where vmlinux.h is: the one named, the one beside the source, or this kernel's types written out. */
function vmlinuxFolder({ source, vmlinux }: BuildArguments, scratch: string): string[] {
  const made = join(scratch, 'vmlinux.h')
  if (vmlinux !== undefined) {
    writeFileSync(made, readText(vmlinux))
    return [`-I${scratch}`]
  }
  if (existsSync(join(dirname(source), 'vmlinux.h'))) return []
  try {
    writeFileSync(made, cHeader(vmlinuxBtf()))
  } catch (error) {
    // a source that asks for none compiles all the same
    if (!(error instanceof NotSupportedError)) throw error
    writeFileSync(
      made,
      '#error "this kernel has no types to make a vmlinux.h of (no /sys/kernel/btf/vmlinux): name one with --vmlinux FILE"\n',
    )
  }
  return [`-I${scratch}`]
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new BeetraceError('INPUT', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

function save(path: string, contents: string | Uint8Array): void {
  try {
    writeFileSync(path, contents)
  } catch (error) {
    throw new BeetraceError('OUTPUT', `cannot write ${path}: ${reasonOf(error)}`, { cause: error })
  }
}
