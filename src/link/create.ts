// The last step of most kinds: the link itself, or the kernel's refusal in words.

import { SyscallError, type SyscallErrorOptions } from '../errors/index.ts'
import { bpfLinkCreate, type LinkCreateAttr } from '../sys/index.ts'
import { type Attachable, Link } from './link.ts'

/** What a kind of link knows of the kernel's error numbers. */
export type HintFor = (errnoNumber: number) => SyscallErrorOptions

/**
 * Makes a link of the program to what `target` names in messages.
 * @throws SyscallError
 */
export function createLink(
  program: Attachable,
  target: string,
  attr: Omit<LinkCreateAttr, 'progFd'>,
  hintFor: HintFor,
): Link {
  const result = bpfLinkCreate({ progFd: program.fd, ...attr })
  if (result < 0) throw attachRefused('bpf(BPF_LINK_CREATE)', result, program, target, hintFor)
  return new Link(target, { links: [result] })
}

export function attachRefused(
  syscall: string,
  result: number,
  program: Attachable,
  target: string,
  hintFor: HintFor,
): SyscallError {
  const action = `attach program "${program.name}" to ${target}`
  return new SyscallError(syscall, result, action, hintFor(-result))
}
