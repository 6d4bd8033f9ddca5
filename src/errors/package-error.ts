// A packaged program that cannot be understood or packed.

import { BeetraceError } from './errors.ts'

/** Message: `package.json: meta.bpf_skel.maps[2].name: a string is needed, not a number`. */
export class PackageError extends BeetraceError {
  /** as the user named it */
  readonly file: string
  /** of the JSON text, where one value is to blame */
  readonly path: string | undefined

  constructor(
    file: string,
    what: string,
    options: { readonly path?: string; readonly cause?: unknown } = {},
  ) {
    super('PACKAGE', `${file}: ${options.path === undefined ? '' : `${options.path}: `}${what}`, {
      cause: options.cause,
    })
    this.file = file
    this.path = options.path
  }
}
