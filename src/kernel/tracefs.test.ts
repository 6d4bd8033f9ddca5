// Look-ups in a small made-up tracefs: lists, formats, what is said of names that do not exist.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { TraceFs } from './tracefs.ts'

const root = mkdtempSync(join(tmpdir(), 'beetrace-tracefs-'))
after(() => rmSync(root, { recursive: true }))

const EVENTS = [
  'sched:sched_switch',
  'sched:sched_process_exec',
  'syscalls:sys_enter_openat',
  'syscalls:sys_enter_open',
]
EVENTS.forEach((name, id) => {
  const [system, event] = name.split(':') as [string, string]
  const directory = join(root, 'events', system, event)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'id'), `${id + 300}\n`)
  writeFileSync(
    join(directory, 'format'),
    `name: ${event}\nID: ${id + 300}\nformat:\n\tfield:int pid;\toffset:8;\tsize:4;\tsigned:1;\n\nprint fmt: "%d", REC->pid\n`,
  )
})
writeFileSync(join(root, 'events', 'enable'), '0\n')
writeFileSync(join(root, 'events', 'sched', 'filter'), 'none\n')

test('lists leave out the files that control groups of events', () => {
  const tracefs = new TraceFs(root)
  assert.deepEqual(tracefs.systems(), ['sched', 'syscalls'])
  assert.deepEqual(tracefs.events('sched'), ['sched_process_exec', 'sched_switch'])
  assert.deepEqual(tracefs.events('nothing'), [])
  assert.deepEqual(tracefs.tracepoints().sort(), EVENTS.toSorted())
})

test('a format is parsed once, its id comes without parsing', () => {
  const tracefs = new TraceFs(root)
  assert.equal(tracefs.tracepointId('sched', 'sched_switch'), 300)
  const format = tracefs.format('sched', 'sched_switch')
  assert.equal(format.id, 300)
  assert.equal(format.fields[0]!.name, 'pid')
  assert.equal(tracefs.format('sched', 'sched_switch'), format)
})

const unknown = (system: string, event: string, message: RegExp) =>
  test(`unknown ${system}:${event}`, () => {
    for (const look of ['format', 'tracepointId'] as const)
      assert.throws(() => new TraceFs(root)[look](system, event), { code: 'TRACEPOINT_UNKNOWN', message })
  })

unknown('sched', 'sched_swich', /sched:sched_swich: did you mean sched:sched_switch\?$/)
unknown('syscall', 'sys_enter_openat', /\(no group "syscall"\): did you mean syscalls:sys_enter_openat\?$/)
unknown('shced', 'x', /did you mean sched:\*\?$/)
unknown('sched', 'zzzzzz', /look in .*\/events$/)
unknown('sched/../sched', 'sched_switch', /this kernel has no tracepoint/)
unknown('sched', '..', /this kernel has no tracepoint/)
unknown('', '', /this kernel has no tracepoint/)

test('no tracefs there', () => {
  assert.throws(() => new TraceFs(join(root, 'gone')).systems(), { code: 'TRACEFS', message: /ENOENT/ })
})
