// Reading memory the verifier does not track, kernel's or a process', through the probe read helpers (Linux 5.5).

import { IrError } from '../../errors/ir-error.ts'
import type { Builder } from '../builder.ts'
import type { Value } from '../operand.ts'
import { byteSize, pointer, type Type } from '../types.ts'

/** The value of `type` at `address + offset`; 0 where the memory can't be read. `address` points to kernel or user. */
export function probeRead(b: Builder, address: Value, offset: number, type: Type): Value {
  const size = byteSize(type)
  const slot = b.slot(size, 'read', size)
  // On failure the helper zeroes the whole destination, so nothing else has to.
  b.call(`probe_read_${spaceOf(address)}`, [slot, size, b.offset(address, offset)])
  return b.load(slot, 0, type)
}

/**
 * Follows a chain of pointers: `offsets` are the places of the fields on the way, the last that of the value.
 * `task->mm->arg_start` is [offset of mm, offset of arg_start].
 */
export function readPath(b: Builder, address: Value, offsets: readonly number[], type: Type): Value {
  let at = address
  for (const offset of offsets.slice(0, -1)) at = probeRead(b, at, offset, pointer(spaceOf(address)))
  return probeRead(b, at, offsets.at(-1) ?? 0, type)
}

function spaceOf(address: Value): 'kernel' | 'user' {
  const { type } = address
  if (type.kind === 'pointer' && (type.space === 'kernel' || type.space === 'user')) return type.space
  throw new IrError('IR_MISUSE', 'a probe read needs an address in kernel or user memory')
}
