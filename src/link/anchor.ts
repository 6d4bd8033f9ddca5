// The place of a program among others on the same hook (tcx, netkit, and control groups since Linux 6.16).

import { BPF_F_AFTER, BPF_F_BEFORE, BPF_F_ID, BPF_F_LINK } from '../sys/index.ts'
import type { Attachable, Link } from './link.ts'

/** Another program there: as an object, by its id, or by the id of its link. */
export type AnchorProgram = Attachable | Link | { readonly programId: number } | { readonly linkId: number }

/** Behind all others unless told. */
export type Anchor = 'first' | 'last' | { readonly before: AnchorProgram } | { readonly after: AnchorProgram }

export interface OrderOptions {
  readonly anchor?: Anchor
  /** the kernel refuses (ESTALE) when the programs there have changed since this revision was queried */
  readonly expectedRevision?: bigint
}

/** Flags of BPF_LINK_CREATE and what they are relative to. */
export function packAnchor({ anchor, expectedRevision }: OrderOptions) {
  const { flags, relative } = place(anchor)
  const revision = expectedRevision === undefined ? {} : { expectedRevision }
  return { flags, options: { kind: 'ordered', relative, ...revision } } as const
}

function place(anchor: Anchor | undefined): { flags: number; relative: number } {
  if (anchor === undefined) return { flags: 0, relative: 0 }
  if (anchor === 'first') return { flags: BPF_F_BEFORE, relative: 0 }
  if (anchor === 'last') return { flags: BPF_F_AFTER, relative: 0 }
  const direction = 'before' in anchor ? BPF_F_BEFORE : BPF_F_AFTER
  const other = 'before' in anchor ? anchor.before : anchor.after
  if ('programId' in other) return { flags: direction | BPF_F_ID, relative: other.programId }
  if ('linkId' in other) return { flags: direction | BPF_F_ID | BPF_F_LINK, relative: other.linkId }
  // a link has a target, a program none
  return { flags: direction | ('target' in other ? BPF_F_LINK : 0), relative: other.fd }
}
