// Options of commands that can leave loading to a program within the kernel, and have it signed. They are bpftool's.
//
//     -L | --use-loader      -S | --sign  -k KEY.pem  -i CERTIFICATE

import { UsageError } from '../errors/index.ts'
import { FileSource } from '../kernel/index.ts'
import { readSigner, type Signer } from '../object/index.ts'

export interface LightArguments {
  readonly useLoader: boolean
  /** files with a private key and its certificate */
  readonly sign: { readonly key: string; readonly certificate: string } | undefined
  /** the other words */
  readonly rest: readonly string[]
}

/** @param command for messages: `bee gen`. Throws UsageError. */
export function takeLightOptions(argv: readonly string[], command: string): LightArguments {
  const rest: string[] = []
  let [useLoader, isSigned] = [false, false]
  const files: Record<string, string> = {}
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '-L' || word === '--use-loader') useLoader = true
    else if (word === '-S' || word === '--sign') isSigned = true
    else if (word === '-k' || word === '-i') {
      const file = argv[++i]
      if (file === undefined) throw new UsageError(`${command}: ${word} needs a file`)
      files[word] = file
    } else rest.push(word)
  }
  const { '-k': key, '-i': certificate } = files
  if (!isSigned && (key ?? certificate) !== undefined)
    throw new UsageError(`${command}: -k and -i are for signing: add -S`)
  if (!isSigned) return { useLoader, sign: undefined, rest }
  if (key === undefined || certificate === undefined)
    throw new UsageError(
      `${command}: -S needs a private key (-k KEY.pem) and its certificate (-i CERTIFICATE)`,
    )
  return { useLoader: true, sign: { key, certificate }, rest }
}

/** Throws BeetraceError `SIGNING`, and SyscallError for files that cannot be read. */
export const signerOf = ({ sign }: Pick<LightArguments, 'sign'>): Signer | undefined =>
  sign && readSigner(readSmall(sign.key), readSmall(sign.certificate))

function readSmall(path: string): Uint8Array {
  using file = new FileSource(path)
  return file.read(0, Math.min(file.sizeBytes, FILE_BYTES_MAX))
}

/** keys and certificates have a few thousand bytes */
const FILE_BYTES_MAX = 1 << 20
