// The kernel half's counters as the rows of -c.

import type { BpfMap } from '../../map/index.ts'
import {
  CALL_NUMBERS,
  CALL_UNKNOWN,
  COUNT_BYTES,
  COUNT_CALLS,
  COUNT_ERRORS,
  COUNT_NS,
} from '../kernel/layout.ts'
import type { SummaryRow } from '../print/index.ts'
import { type Machine, syscallNames } from '../tables/index.ts'

/** One row a call that was made, summed over the CPUs. Calls of 32-bit programs have their own. */
export function summaryRows(counts: BpfMap, machine: Machine, cpuCount: number): SummaryRow[] {
  const rows: SummaryRow[] = []
  for (let index = 0; index <= CALL_UNKNOWN; index++) {
    const value = counts.lookup(new Uint8Array(new Uint32Array([index]).buffer))
    if (value === undefined) continue
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
    const sum = (offset: number): number => {
      let total = 0
      for (let cpu = 0; cpu < cpuCount; cpu++)
        total += Number(view.getBigInt64(cpu * COUNT_BYTES + offset, true))
      // processor time is an estimate where calls wait, and may take back what it gave too much
      return Math.max(0, total)
    }
    const calls = sum(COUNT_CALLS)
    if (calls > 0)
      rows.push({ name: nameOf(machine, index), calls, errors: sum(COUNT_ERRORS), totalNs: sum(COUNT_NS) })
  }
  return rows
}

function nameOf(machine: Machine, index: number): string {
  if (index === CALL_UNKNOWN) return 'unknown'
  const compat = index >= CALL_NUMBERS
  const nr = compat ? index - CALL_NUMBERS : index
  const name = syscallNames(machine, compat ? 1 : 0)[nr] ?? `syscall_0x${nr.toString(16)}`
  return compat ? `${name}@32` : name
}
