// The command line of `bee build`, with the letters of ecc.

import { parseArgs } from 'node:util'
import { UsageError } from '../errors/index.ts'

export interface BuildArguments {
  readonly source: string
  /** defines the structs of the records */
  readonly header: string | undefined
  /** where the files go; beside the source unless told */
  readonly outputFolder: string | undefined
  readonly flags: readonly string[]
  readonly clang: string | undefined
  /** a vmlinux.h to use in place of this kernel's */
  readonly vmlinux: string | undefined
  readonly objectOnly: boolean
  readonly verbose: boolean
}

export const BUILD_HELP = `usage: bee build [OPTIONS] TOOL.bpf.c [TOOL.h]

Compiles C for BPF with clang and packs it: TOOL.bpf.o, package.json (for bee run
and eunomia's ecli) and TOOL.skel.json (what package.json says beside the object).
TOOL.h defines the structs of the records. vmlinux.h is made of this kernel's types
unless one stands beside the source; bpf/bpf_helpers.h and its kin come with us.

  -o, --output-path DIR         where the files go (beside the source unless told)
  -a, --additional-cflags FLAG  for clang; several times for several
  -c, --clang-bin FILE          the compiler (clang, or the newest clang-NN)
      --vmlinux FILE            this vmlinux.h
  -n, --no-generate-package-json  only the object and TOOL.skel.json
  -v, --verbose                 show what is run
  -h, --help

Comments above a declaration say more of it (as with ecc):
  /// @description text         help of a variable's option
  /// @cmdarg {"default": 0, "short": "p", "long": "pid"}
  /// @ignore                   no option for the variable
  /// @sample {"interval": 1000, "type": "log2_hist", "unit": "usecs"}   above a map
  /// @ifindex 2   @tchook {"ifindex": 1, "attach_point": "BPF_TC_INGRESS"}
  /// @brief, @details, @version   above LICENSE
`

const SPEC = {
  'output-path': { type: 'string', short: 'o' },
  'additional-cflags': { type: 'string', short: 'a', multiple: true },
  'clang-bin': { type: 'string', short: 'c' },
  vmlinux: { type: 'string' },
  'no-generate-package-json': { type: 'boolean', short: 'n' },
  verbose: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Undefined for --help. Throws UsageError. */
export function parseBuildArguments(argv: readonly string[]): BuildArguments | undefined {
  const { values, positionals } = parse(argv)
  if (values.help) return undefined
  const [source, header, ...more] = positionals
  if (source === undefined || more.length > 0)
    throw new UsageError('usage: bee build [OPTIONS] TOOL.bpf.c [TOOL.h]')
  if (!source.endsWith('.c')) throw new UsageError(`bee build compiles C: ${source} does not end in .c`)
  return {
    source,
    header,
    outputFolder: values['output-path'],
    flags: (values['additional-cflags'] ?? []).flatMap(each => each.trim().split(/\s+/)),
    clang: values['clang-bin'],
    vmlinux: values.vmlinux,
    objectOnly: values['no-generate-package-json'] ?? false,
    verbose: values.verbose ?? false,
  }
}

function parse(argv: readonly string[]) {
  // clang's flags begin with a dash, which parseArgs takes for an option of ours
  const args: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if ((word === '-a' || word === '--additional-cflags') && argv[i + 1] !== undefined)
      args.push(`--additional-cflags=${argv[++i]}`)
    else args.push(word)
  }
  try {
    return parseArgs({ args, options: SPEC, allowPositionals: true })
  } catch (error) {
    throw new UsageError(
      `bee build: ${(error as Error).message.replace(/\. To specify a positional.*$/s, '')}`,
    )
  }
}
