// `bee run package.json`: what ecli does with a package of eunomia's, on our own loader.

import { BeetraceError, PackageError, VerifierError } from '../errors/index.ts'
import { type BpfObject, openObject } from '../object/index.ts'
import {
  type PackageArguments,
  type PackageOption,
  type PackageSpec,
  packageHelp,
  packageOptions,
  packageVersion,
  parsePackageArguments,
  readPackage,
} from '../package/index.ts'
import { parseValue } from './object-arguments.ts'
import { openPrintk, type RunStreams, stopped } from './object-run.ts'
import { attachByPackage } from './package-attach.ts'
import { PackageRecords } from './package-records.ts'
import { type PackageCommand, readPackageText } from './package-source.ts'

/**
 * Runs until `stop`; resolves with the exit status. Attached programs are gone by then.
 * @throws UsageError for wrong arguments; BeetraceError for what cannot be read, opened, loaded or attached
 */
export async function runPackage(command: PackageCommand, streams: RunStreams): Promise<number> {
  const { text, file } = await readPackageText(command.source)
  const spec = readPackage(text, file)
  const options = packageOptions(spec)
  const args = parsePackageArguments(options, command.rest)
  if (args.help || args.version) {
    streams.out(args.help ? packageHelp(spec) : packageVersion(spec))
    return 0
  }
  const json = command.json || args.json
  using object = openObject(spec.object, { name: spec.objectName })
  setVariables(spec, object, options, args)
  await load(object, args, streams)
  using records = new PackageRecords(spec, object, { json, out: streams.out, note: streams.note })
  using printk = openPrintk(
    object,
    { json, printk: args.printk, maps: records.count > 0 ? [{ label: '' }] : [] },
    streams.out,
    streams,
  )
  const links = attach(spec, object, streams)
  if (links.length === 0 && records.count === 0)
    throw new BeetraceError('PACKAGE', `${file} attaches nothing and has no records to show`)
  records.start()
  printk?.start()
  await stopped(streams.stop)
  for (const link of links) link.close()
  await records.stop()
  printk?.finish()
  return 0
}

/** What is neither given nor a default of the package stays as it was compiled. */
function setVariables(
  { file }: PackageSpec,
  object: BpfObject,
  options: readonly PackageOption[],
  { values }: PackageArguments,
): void {
  for (const { variable, otherwise } of options) {
    const value = values.get(variable.name) ?? otherwise
    if (value === undefined || value === null) continue
    const global = object.globals.get(variable.name)
    if (global === undefined)
      throw new PackageError(file, `its object has no global variable "${variable.name}", which it describes`)
    global.value = parseValue(global, String(value))
  }
}

async function load(object: BpfObject, { verbose }: PackageArguments, { note }: RunStreams): Promise<void> {
  try {
    await object.loadAsync()
  } catch (error) {
    if (verbose && error instanceof VerifierError) note(`${error.log.trimEnd()}\n`)
    throw error
  }
}

function attach(spec: PackageSpec, object: BpfObject, { note }: RunStreams) {
  const links = object.attach()
  for (const program of object.programs.values()) {
    if (!program.loaded || program.links.length > 0 || program.attachesItself) continue
    const description = spec.programs.find(({ name }) => name === program.name)
    const link = attachByPackage(program, description)
    if (link === undefined)
      note(`not attached: ${program.name} (${program.section}): its section does not say where\n`)
    else links.push(link)
  }
  return links
}
