// The table of calls under the options of a trace.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_TRACE_OPTIONS, type TraceOptions } from '../options.ts'
import { CAPTURE_BYTES, CAPTURE_CSTR, CAPTURE_FD } from '../record.ts'
import { callTable, chooseCalls } from './call-table.ts'
import {
  CALL_DESC_ENTRY,
  CALL_DESC_EXEC,
  CALL_DESC_EXIT,
  CALL_DESC_WANTED,
  CALL_DESCRIPTOR_BYTES,
  CALL_DESCRIPTOR_CAPTURES,
  CALL_NUMBERS,
  CALL_UNKNOWN,
  CAPTURE_SLOT_BYTES,
  SLOT_LIMIT,
} from './layout.ts'

const path = { op: CAPTURE_CSTR, arg: 0, when: 'entry', limit: 4096 } as const
const text = { op: CAPTURE_CSTR, arg: 1, when: 'entry', limit: 'string' } as const
const descriptor = { op: CAPTURE_FD, arg: 0, when: 'entry', limit: 0 } as const
const output = { op: CAPTURE_BYTES, arg: 1, when: 'exit', limit: 'string' } as const
const all = callTable([
  { abi: 'native', nr: 2, executes: false, argCount: 2, captures: [path, text] },
  { abi: 'native', nr: 59, executes: true, argCount: 3, captures: [path] },
  { abi: 'compat', nr: 3, executes: false, argCount: 2, captures: [output, descriptor] },
])

const [WANTED, ENTRY, EXIT, EXEC] = [CALL_DESC_WANTED, CALL_DESC_ENTRY, CALL_DESC_EXIT, CALL_DESC_EXEC]
const COMPAT = CALL_NUMBERS

const check = (
  name: string,
  options: Partial<TraceOptions>,
  flags: Readonly<Record<number, number>>,
  captures: { readonly entry: boolean; readonly exit: boolean },
) =>
  test(name, () => {
    const choice = chooseCalls(all, { ...DEFAULT_TRACE_OPTIONS, ...options })
    const view = new DataView(choice.table.buffer)
    for (const [index, expected] of Object.entries(flags))
      assert.equal(view.getUint32(Number(index) * CALL_DESCRIPTOR_BYTES, true), expected, `call ${index}`)
    assert.deepEqual(choice.captures, captures)
  })

const both = { entry: true, exit: true }
check(
  'every call',
  {},
  {
    2: WANTED | ENTRY,
    59: WANTED | ENTRY | EXEC,
    [COMPAT + 3]: WANTED | EXIT,
    7: WANTED,
    [CALL_UNKNOWN]: WANTED,
  },
  both,
)
check(
  'every call, with what descriptors refer to',
  { decodeFds: true },
  { 2: WANTED | ENTRY, [COMPAT + 3]: WANTED | ENTRY | EXIT, 7: WANTED },
  both,
)
check(
  'a set',
  { wanted: { native: new Set([2]), compat: new Set() } },
  { 2: WANTED | ENTRY, 59: EXEC, [COMPAT + 3]: 0, 7: 0, [CALL_UNKNOWN]: 0 },
  { entry: true, exit: false },
)
check(
  'a set of 32-bit calls',
  { wanted: { native: new Set(), compat: new Set([3]) } },
  { 2: 0, 3: 0, [COMPAT + 3]: WANTED | EXIT },
  { entry: false, exit: true },
)
check(
  'counting fetches nothing',
  { summary: true },
  { 2: WANTED, 59: WANTED | EXEC, [COMPAT + 3]: WANTED },
  { entry: false, exit: false },
)

test('strings are as long as -s says, paths are not', () => {
  const { table } = chooseCalls(all, { ...DEFAULT_TRACE_OPTIONS, stringLimit: 77 })
  const limit = (index: number, slot: number) =>
    new DataView(table.buffer).getUint32(
      index * CALL_DESCRIPTOR_BYTES + CALL_DESCRIPTOR_CAPTURES + slot * CAPTURE_SLOT_BYTES + SLOT_LIMIT,
      true,
    )
  assert.deepEqual([limit(2, 0), limit(2, 1), limit(COMPAT + 3, 0)], [4096, 77, 77])
})
