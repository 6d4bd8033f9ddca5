// The contents of the map `calls`: what the kernel half does at each system call. Made once for a machine's tables;
// what the options of a trace change in it is little.

import type { TraceOptions } from '../options.ts'
import { CAPTURE_FD, type Capture, MAX_ARGS } from '../record.ts'
import {
  CALL_DESC_ENTRY,
  CALL_DESC_EXEC,
  CALL_DESC_EXIT,
  CALL_DESC_WANTED,
  CALL_DESCRIPTOR_ARG_COUNT,
  CALL_DESCRIPTOR_BYTES,
  CALL_DESCRIPTOR_CAPTURES,
  CALL_DESCRIPTOR_FLAGS,
  CALL_DESCRIPTORS,
  CALL_NUMBERS,
  CALL_UNKNOWN,
  CAPTURE_SLOT_BYTES,
  CAPTURE_SLOTS,
  encodeCallDescriptor,
  SLOT_LIMIT,
  SLOT_OP,
  SLOT_WHEN,
  WHEN_ENTRY,
} from './layout.ts'

/** What the kernel half must know of one call. */
export interface CallCaptures {
  readonly abi: 'native' | 'compat'
  readonly nr: number
  /** execve or execveat: what a spawned command is awaited at */
  readonly executes: boolean
  /** how many arguments it has; undefined when nobody knows */
  readonly argCount: number | undefined
  readonly captures: readonly Capture[]
}

/** Stands in a table that fits all options for the limit that -s sets. */
const STRING_LIMIT = 0xffff_ffff

/** The table for a trace of every call. */
export function callTable(calls: readonly CallCaptures[]): Uint8Array {
  const table = new Uint8Array(CALL_DESCRIPTORS * CALL_DESCRIPTOR_BYTES)
  const view = new DataView(table.buffer)
  for (let at = 0; at < table.length; at += CALL_DESCRIPTOR_BYTES)
    view.setUint32(at + CALL_DESCRIPTOR_ARG_COUNT, MAX_ARGS, true)
  for (const { abi, nr, executes, argCount = MAX_ARGS, captures } of calls) {
    if (nr >= CALL_NUMBERS) continue
    const index = nr + (abi === 'compat' ? CALL_NUMBERS : 0)
    const flags = executes ? CALL_DESC_EXEC : 0
    const descriptor = encodeCallDescriptor(flags, argCount, captures, STRING_LIMIT)
    table.set(descriptor, index * CALL_DESCRIPTOR_BYTES)
  }
  return table
}

export interface CallChoice {
  readonly table: Uint8Array
  /** which kinds of capture the wanted calls have at all */
  readonly captures: { readonly entry: boolean; readonly exit: boolean }
}

/** The table for these options. */
export function chooseCalls(all: Uint8Array, options: TraceOptions): CallChoice {
  const table = new Uint8Array(all)
  const view = new DataView(table.buffer)
  let used = 0
  for (let index = 0; index < CALL_DESCRIPTORS; index++) {
    const at = index * CALL_DESCRIPTOR_BYTES
    const wanted = isWanted(options, index)
    let flags = view.getUint32(at + CALL_DESCRIPTOR_FLAGS, true)
    for (let i = 0; i < CAPTURE_SLOTS; i++) {
      const slot = at + CALL_DESCRIPTOR_CAPTURES + i * CAPTURE_SLOT_BYTES
      const op = table[slot + SLOT_OP]!
      if (op === 0) break
      if (op === CAPTURE_FD) {
        if (!options.decodeFds) {
          table[slot + SLOT_OP] = 0 // they are the last ones
          break
        }
        flags |= table[slot + SLOT_WHEN] === WHEN_ENTRY ? CALL_DESC_ENTRY : CALL_DESC_EXIT
      } else if (view.getUint32(slot + SLOT_LIMIT, true) === STRING_LIMIT)
        view.setUint32(slot + SLOT_LIMIT, options.stringLimit, true)
    }
    if (!wanted || options.summary) flags &= ~(CALL_DESC_ENTRY | CALL_DESC_EXIT)
    if (wanted) flags |= CALL_DESC_WANTED
    view.setUint32(at + CALL_DESCRIPTOR_FLAGS, flags, true)
    used |= flags
  }
  return {
    table,
    captures: { entry: (used & CALL_DESC_ENTRY) !== 0, exit: (used & CALL_DESC_EXIT) !== 0 },
  }
}

function isWanted({ wanted }: TraceOptions, index: number): boolean {
  if (wanted === undefined) return true
  if (index === CALL_UNKNOWN) return false
  return index < CALL_NUMBERS ? wanted.native.has(index) : wanted.compat.has(index - CALL_NUMBERS)
}
