// The token of a BPF file system that passes on rights, found as libbpf finds it (bpf_object_prepare_token).

import { errno, SyscallError } from '../errors/index.ts'
import { bpfTokenCreate, closeFd, openForReading } from '../sys/index.ts'
import { BPFFS_PATH } from './bpffs.ts'

/** What libbpf's users set for a whole process. */
const VARIABLE = 'LIBBPF_BPF_TOKEN_PATH'

/**
 * A descriptor of a token, the caller's to close; undefined when there is none to be had and none was asked for.
 * @param path of a BPF file system mounted with `delegate_…` options; '' for no token; undefined: what LIBBPF_BPF_TOKEN_PATH
 *   says, else /sys/fs/bpf if it has one
 * @throws SyscallError when a path was given and gives no token
 */
export function openBpfToken(path: string | undefined): number | undefined {
  const asked = path ?? process.env[VARIABLE]
  if (asked === '') return undefined
  const from = asked ?? BPFFS_PATH
  const folder = openForReading(from)
  if (folder < 0) {
    if (asked === undefined) return undefined
    throw new SyscallError('openat', -folder, `open the BPF file system ${from} for a token`)
  }
  const token = bpfTokenCreate(folder)
  closeFd(folder)
  if (token >= 0) return token
  if (asked === undefined) return undefined
  const hint = HINTS[-token]
  throw new SyscallError(
    'bpf(BPF_TOKEN_CREATE)',
    -token,
    `make a BPF token from ${from}`,
    hint === undefined ? {} : { hint },
  )
}

const HINTS: Readonly<Record<number, string>> = {
  [errno.ENOENT]:
    'it passes nothing on: mount it with delegate_cmds, delegate_maps, delegate_progs, delegate_attachs',
  [errno.EPERM]: 'it must be used in the user namespace that it was opened in, with CAP_BPF there',
  [errno.EINVAL]: 'it must be the root of a BPF file system, and the kernel Linux 6.9',
  [errno.EOPNOTSUPP]: 'tokens are for user namespaces: here capabilities do',
}
