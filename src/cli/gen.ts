// `bee gen`: what is made of compiled objects. The forms are bpftool's.

import { writeFileSync } from 'node:fs'
import { minCoreBtf } from '../btf/index.ts'
import { readObjectTypes } from '../elf/index.ts'
import { BeetraceError, UsageError } from '../errors/index.ts'
import { FileSource, readBtfFile } from '../kernel/index.ts'
import { reasonOf } from './messages.ts'

const GEN_HELP = `usage: bee gen min_core_btf INPUT OUTPUT OBJECT...   the part of a kernel's BTF that objects ask for
`

/** Exit status. Throws UsageError; ElfError, BtfError, ObjectError for files that are not what they should be. */
export function gen(argv: readonly string[], out: (text: string) => void): number {
  const [command, ...operands] = argv
  switch (command) {
    case 'min_core_btf':
      genMinCoreBtf(operands)
      return 0
    case 'help':
    case '--help':
    case '-h':
      out(GEN_HELP)
      return 0
    case undefined:
      throw new UsageError(GEN_HELP.trimEnd())
    default:
      throw new UsageError(`bee gen makes no "${command}"\n${GEN_HELP.trimEnd()}`)
  }
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
