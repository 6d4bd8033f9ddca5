// Mounting one of the kernel's own file systems where everyone expects it, or saying who must.

import { errno, NotSupportedError, SyscallError } from '../errors/index.ts'
import { mount } from '../sys/index.ts'

export interface SpecialMount {
  /** `tracefs`, `bpf` */
  readonly fsType: string
  /** an existing directory */
  readonly path: string
  /** the option a kernel without this file system was built without */
  readonly option: string
}

/**
 * Mounts it; done already by somebody else at this moment is as good.
 * @throws SyscallError with the command to run when the mount is refused; NotSupportedError when the kernel has no
 *   such file system
 */
export function mountSpecial({ fsType, path, option }: SpecialMount): void {
  const result = -mount(fsType, path, fsType)
  if (result === 0 || result === errno.EBUSY) return
  if (result === errno.ENODEV)
    throw new NotSupportedError(fsType, { reason: `the kernel was built without ${option}` })
  const command = `mount -t ${fsType} ${fsType} ${path}`
  const hint =
    result === errno.EPERM || result === errno.EACCES
      ? `run \`sudo ${command}\`; in a container: on the host, with ${path} passed in as a volume`
      : `try \`sudo ${command}\``
  throw new SyscallError('mount', result, `mount ${fsType} on ${path}`, { hint })
}
