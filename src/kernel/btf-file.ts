// Types from a file: raw BTF, as BTFHub has it for kernels without their own, or the section .BTF of an ELF file.

import { type Btf, parseBtf } from '../btf/index.ts'
import { elfBtf, isElf, parseElf } from '../elf/index.ts'
import { BtfError } from '../errors/index.ts'
import { FileSource } from './file-source.ts'

const ELF_IDENT_BYTES = 16

/** The largest kernels with all their modules have some 100 MB. */
const BTF_FILE_BYTES_MAX = 1 << 30

/**
 * @param base what the types continue: the kernel's, for those of a module
 * @throws ElfError when it cannot be read or has no BTF; BtfError when it is malformed or does not fit `base`
 */
export function readBtfFile(path: string, base?: Btf): Btf {
  using file = new FileSource(path)
  // the image of a kernel has some hundred megabytes of which a few are types
  if (isElf(file.read(0, Math.min(file.sizeBytes, ELF_IDENT_BYTES)))) return elfBtf(parseElf(file), base)
  if (file.sizeBytes > BTF_FILE_BYTES_MAX)
    throw new BtfError(`${path}: ${file.sizeBytes} bytes are too many for BTF`)
  const bytes = file.read(0, file.sizeBytes)
  try {
    return parseBtf(bytes, base)
  } catch (error) {
    if (!(error instanceof BtfError)) throw error
    throw new BtfError(`${path}: ${error.message}`, { cause: error })
  }
}
