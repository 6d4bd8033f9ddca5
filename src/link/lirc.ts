// Decoders of remote controls: programs that see what an infrared receiver sees, as pulses and spaces.

import { errno, SyscallError } from '../errors/index.ts'
import { BPF_LIRC_MODE2, bpfProgAttach, bpfProgDetach, closeFd, dupFd, openReadWrite } from '../sys/index.ts'
import { attachRefused } from './create.ts'
import { type Attachable, Link } from './link.ts'

/**
 * Attaches a program of type LIRC_MODE2 to a receiver of raw infrared (`/dev/lirc0`). Linux 4.18. There is no bpf_link for it: the
 * program stays with the device until `close`, also when this process is killed.
 * @param device path of the device, or a descriptor of it that was opened for reading and writing, which stays the caller's
 * @throws SyscallError, also when the device cannot be opened
 */
export function attachLirc(program: Attachable, device: string | number): Link {
  const target = `lirc device ${typeof device === 'number' ? `at descriptor ${device}` : device}`
  // the kernel wants to see that we may write (6.10)
  const fd = typeof device === 'number' ? dupFd(device) : openReadWrite(device)
  if (fd < 0) throw new SyscallError('openat', fd, `open ${target}`)
  const result = bpfProgAttach({ target: fd, progFd: program.fd, attachType: BPF_LIRC_MODE2 })
  if (result < 0) {
    closeFd(fd)
    throw attachRefused('bpf(BPF_PROG_ATTACH)', result, program, target, hintFor)
  }
  const attached = dupFd(program.fd)
  return new Link(target, {
    release: () => {
      bpfProgDetach({ target: fd, progFd: attached, attachType: BPF_LIRC_MODE2 })
      closeFd(attached)
      closeFd(fd)
    },
  })
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return {
        hint:
          'it must be a lirc device that receives raw infrared, the program of type BPF_PROG_TYPE_LIRC_MODE2, ' +
          'and the kernel be built with CONFIG_BPF_LIRC_MODE2',
      }
    case errno.EPERM:
      return { hint: 'the device must be open for writing, and this process needs CAP_NET_ADMIN' }
    case errno.EEXIST:
      return { hint: 'this program is attached there already' }
    case errno.E2BIG:
      return { hint: 'a device takes at most 64 programs' }
    case errno.ENODEV:
      return { hint: 'the device was unplugged' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  }
}
