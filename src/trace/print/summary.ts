// The table of -c, in strace's form: share of time, seconds, microseconds a call, calls, errors, name.
import type { ByteWriter } from '../../text/byte-writer.ts'

export interface SummaryRow {
  readonly name: string
  readonly calls: number
  readonly errors: number
  readonly totalNs: number
}

/** Rows with most time first, then a line of totals; nothing at all when there was no call. */
export function writeSummary(out: ByteWriter, rows: readonly SummaryRow[]): void {
  const sorted = rows
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.totalNs - a.totalNs || b.calls - a.calls || (a.name < b.name ? -1 : 1))
  if (sorted.length === 0) return
  const total = { name: 'total', calls: 0, errors: 0, totalNs: 0 }
  for (const row of sorted) {
    total.calls += row.calls
    total.errors += row.errors
    total.totalNs += row.totalNs
  }
  // one more than the longest name, and at least 16
  const width = Math.max(16, ...sorted.map(({ name }) => name.length + 1))
  const rule = `${['------', '-----------', '-----------', '---------', '---------'].join(' ')} ${'-'.repeat(width)}\n`
  out.ascii('% time     seconds  usecs/call     calls    errors syscall\n')
  out.ascii(rule)
  for (const row of sorted) writeRow(out, row, total.totalNs)
  out.ascii(rule)
  writeRow(out, total, total.totalNs)
}

function writeRow(out: ByteWriter, row: SummaryRow, allNs: number): void {
  const share = allNs === 0 ? (row.name === 'total' ? 100 : 0) : (row.totalNs / allNs) * 100
  const perCall = row.calls === 0 ? 0 : Math.floor(row.totalNs / row.calls / 1000)
  const columns = [
    share.toFixed(2).padStart(6),
    (row.totalNs / 1e9).toFixed(6).padStart(11),
    `${perCall}`.padStart(11),
    `${row.calls}`.padStart(9),
    (row.errors === 0 ? '' : `${row.errors}`).padStart(9),
    row.name,
  ]
  out.ascii(`${columns.join(' ')}\n`)
}
