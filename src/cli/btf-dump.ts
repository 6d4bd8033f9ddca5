// `bee btf dump file FILE format c`: types as a C header, in bpftool's words. FILE is raw BTF (/sys/kernel/btf/vmlinux), an object
// or a module.

import { cHeader } from '../btf/index.ts'
import { UsageError } from '../errors/index.ts'
import { readBtfFile, VMLINUX_BTF_PATH } from '../kernel/index.ts'

const BTF_HELP = `usage: bee btf dump file FILE format c [-B BASE] [unsorted] [root_id N]...

Writes types as a C header, each behind what it is made of. FILE is raw BTF, as
/sys/kernel/btf/vmlinux, or a compiled object. root_id: only this type and its parts.
-B: what the types of a module continue, the kernel's for /sys/kernel/btf/MODULE.
Types of a module file that brings its own (.BTF.base) are relocated to BASE.
  bee btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h
`

/** Exit status. Throws UsageError; BtfError, ElfError for what cannot be read. */
export function btfCommand(argv: readonly string[], out: (text: string) => void): number {
  const at = argv.findIndex(word => word === '-B' || word === '--base-btf')
  let base = at < 0 ? undefined : argv[at + 1]
  if (at >= 0 && base === undefined) throw new UsageError('bee btf -B needs the file of the base')
  const [command, ...words] = at < 0 ? argv : argv.filter((_, i) => i !== at && i !== at + 1)
  if (command === '-h' || command === '--help' || command === 'help') {
    out(BTF_HELP)
    return 0
  }
  const [what, file, ...rest] = words
  if (command !== 'dump' || what !== 'file' || file === undefined)
    throw new UsageError(BTF_HELP.split('\n')[0]!)
  let format: string | undefined
  const rootIds: number[] = []
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]
    if (word === 'format') format = rest[++i]
    else if (word === 'root_id' && /^\d+$/.test(rest[i + 1] ?? '')) rootIds.push(Number(rest[++i]))
    // types stand in the order of their definition always
    else if (word !== 'unsorted')
      throw new UsageError(`bee btf dump: "${word}" is not known here\n${BTF_HELP.split('\n')[0]}`)
  }
  if (format !== 'c') throw new UsageError('bee btf dump writes C: add "format c"')
  if (base === undefined && isModule(file)) base = VMLINUX_BTF_PATH
  const types = readBtfFile(file, base === undefined ? undefined : readBtfFile(base))
  out(cHeader(types, rootIds.length === 0 ? {} : { rootIds }))
  return 0
}

/** The kernel's folder has the types of its modules, which continue its own. */
function isModule(file: string): boolean {
  const folder = VMLINUX_BTF_PATH.slice(0, VMLINUX_BTF_PATH.lastIndexOf('/') + 1)
  return file !== VMLINUX_BTF_PATH && file.startsWith(folder)
}
