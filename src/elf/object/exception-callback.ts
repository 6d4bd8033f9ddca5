// Functions that run when a program calls bpf_throw: nothing calls them, a tag on the main function names them, and they belong to
// the program all the same. The verifier judges whether one is fit.
// Source: bpf_prog_assign_exc_cb, tools/lib/bpf/libbpf.c; __exception_cb of the kernel's bpf_experimental.h.

import type { Btf } from '../../btf/index.ts'

const TAG = 'exception_callback:'

/** Names of callbacks by the name of the program; a program with two has none, for which the verifier refuses it. */
export function exceptionCallbacks(
  btf: Btf | undefined,
  btfBytes: Uint8Array | undefined,
): Map<string, string> {
  const callbacks = new Map<string, string>()
  if (btf === undefined || btfBytes === undefined) return callbacks
  // few objects have any: reading every type of the others would cost more than all else
  if (!Buffer.from(btfBytes.buffer, btfBytes.byteOffset, btfBytes.length).includes(TAG)) return callbacks
  const several = new Set<string>()
  for (let id = btf.firstId; id <= btf.typeCount; id++) {
    const tag = btf.type(id)
    if (tag.kind !== 'declTag' || tag.componentIndex !== -1 || !tag.name.startsWith(TAG)) continue
    const main = btf.type(tag.typeId)
    if (main.kind !== 'func') continue
    if (callbacks.has(main.name)) several.add(main.name)
    callbacks.set(main.name, tag.name.slice(TAG.length))
  }
  for (const name of several) callbacks.delete(name)
  return callbacks
}
