// `bee gen`: what is made of compiled objects. The forms are bpftool's.

import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { minCoreBtf } from '../btf/index.ts'
import { bytesSource, linkObjects, parseElf, readObject, readObjectTypes } from '../elf/index.ts'
import { BeetraceError, UsageError } from '../errors/index.ts'
import { FileSource, readBtfFile } from '../kernel/index.ts'
import { generateSkeleton, generateSubskeleton, isKernelType, lightObject } from '../object/index.ts'
import { signerOf, takeLightOptions } from './light-options.ts'
import { reasonOf } from './messages.ts'

const GEN_HELP = `usage: bee gen skeleton OBJECT [name NAME] [beside] [event TYPE|MAP=TYPE]...
       bee gen skeleton -L [-S -k KEY -i CERTIFICATE] OBJECT [name NAME] [event …]...
       bee gen subskeleton OBJECT [name NAME] [event TYPE|MAP=TYPE]...
       bee gen object OUTPUT INPUT...
       bee gen min_core_btf INPUT OUTPUT OBJECT...

skeleton: a TypeScript module with the object in it, or with the object beside it,
  its programs, maps, variables and records typed. event: what a ring's records are.
-L, --use-loader: without the object: a program in the kernel loads it (Linux 5.14).
-S, --sign: that program signed by KEY, in PEM; the kernel needs the CERTIFICATE (6.18).
subskeleton: the same for a part of an object that others are linked into.
object: several objects linked into one.
min_core_btf: the part of a kernel's types (INPUT) that the objects ask for.
  bee gen skeleton calls.bpf.o > calls.skel.ts
  bee gen object tool.bpf.o main.bpf.o calls.bpf.o
`

/** Exit status. Throws UsageError; ElfError, BtfError, ObjectError for files that are not what they should be. */
export function gen(argv: readonly string[], out: (text: string) => void): number {
  const [command, ...operands] = argv
  switch (command) {
    case 'skeleton':
      out(skeleton(operands, false))
      return 0
    case 'subskeleton':
      out(skeleton(operands, true))
      return 0
    case 'object':
      genObject(operands)
      return 0
    case 'min_core_btf':
      genMinCoreBtf(operands)
      return 0
    case 'help':
    case '--help':
    case '-h':
      out(GEN_HELP)
      return 0
    case undefined:
      throw new UsageError('bee gen makes a skeleton, a subskeleton, an object or a min_core_btf')
    default:
      throw new UsageError(`bee gen makes no "${command}"`)
  }
}

function skeleton(argv: readonly string[], isSub: boolean): string {
  const usage = `usage: bee gen ${isSub ? 'subskeleton OBJECT [name NAME]' : 'skeleton [-L [-S -k KEY -i CERTIFICATE]] OBJECT [name NAME] [beside]'} [event TYPE|MAP=TYPE]...`
  const light = takeLightOptions(isSub ? [] : argv, 'bee gen skeleton')
  const [file, ...words] = isSub ? argv : light.rest
  if (file === undefined) throw new UsageError(usage)
  let name: string | undefined
  let isBeside = false
  let type: string | undefined
  const types: Record<string, string> = {}
  for (let i = 0; i < words.length; i++) {
    const value = words[i + 1]
    if (words[i] === 'beside' && !isSub && !light.useLoader) isBeside = true
    else if (value === undefined || (words[i] !== 'name' && words[i] !== 'event')) throw new UsageError(usage)
    else {
      i++
      const [map, struct] = value.split('=')
      if (words[i - 1] === 'name') name = value
      else if (struct === undefined) type = value
      else types[map!] = struct
    }
  }
  if (name !== undefined && !/^[A-Za-z_]\w*$/.test(name))
    throw new UsageError(`"${name}" is no name for a skeleton: letters, digits and _`)
  const bytes = readWhole(file)
  const options = { ...(name === undefined ? {} : { name }), eventTypes: type ?? types, isKernelType }
  const object = readObject(bytes, file)
  if (isSub) return generateSubskeleton(object, options)
  if (light.useLoader) {
    const signer = signerOf(light)
    const form = lightObject(object, signer === undefined ? {} : { signer })
    return generateSkeleton(object, { ...options, object: { light: form } })
  }
  return generateSkeleton(object, {
    ...options,
    object: isBeside ? { file: basename(file) } : { bytes: withoutDwarf(bytes, file) },
  })
}

/** What nobody reads when the object is loaded is most of what clang -g writes: linking takes it off. */
function withoutDwarf(bytes: Uint8Array, file: string): Uint8Array {
  const hasDwarf = parseElf(bytesSource(file, bytes)).sections.some(each => each.name.startsWith('.debug_'))
  if (!hasDwarf) return bytes
  try {
    return linkObjects([{ file, bytes }])
  } catch (error) {
    if (error instanceof BeetraceError) return bytes // it can be loaded all the same
    throw error
  }
}

function genObject([output, ...files]: readonly string[]): void {
  if (output === undefined || files.length === 0)
    throw new UsageError('usage: bee gen object OUTPUT INPUT...')
  save(output, linkObjects(files.map(file => ({ file, bytes: readWhole(file) }))))
}

function genMinCoreBtf(operands: readonly string[]): void {
  const [input, output, ...objects] = operands
  if (input === undefined || output === undefined || objects.length === 0)
    throw new UsageError('usage: bee gen min_core_btf INPUT OUTPUT OBJECT...')
  const kernel = readBtfFile(input)
  const asking = objects.map(file => {
    const { btf, sections } = readObjectTypes(readWhole(file), file)
    return { btf, sections: sections.values() }
  })
  save(output, minCoreBtf(kernel, asking))
}

function readWhole(path: string): Uint8Array {
  using file = new FileSource(path)
  if (file.sizeBytes > OBJECT_BYTES_MAX)
    throw new BeetraceError('ELF', `${path}: ${file.sizeBytes} bytes are too many for a compiled object`)
  return file.read(0, file.sizeBytes)
}

const OBJECT_BYTES_MAX = 1 << 28

function save(path: string, bytes: Uint8Array | string): void {
  try {
    writeFileSync(path, bytes)
  } catch (error) {
    throw new BeetraceError('OUTPUT', `cannot write ${path}: ${reasonOf(error)}`, { cause: error })
  }
}
