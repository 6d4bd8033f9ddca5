// Every tracepoint of the running kernel is understood; tracefs and bpffs are found or mounted.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  BPFFS_PATH,
  findBpfFs,
  findTraceFs,
  openBpfFs,
  openTraceFs,
  TraceFs,
} from '../../src/kernel/index.ts'

test('tracefs is found or mounted, and found again', () => {
  const tracefs = openTraceFs()
  assert.equal(findTraceFs(), tracefs.root)
  assert.equal(openTraceFs().root, tracefs.root)
})

test('bpffs is found or mounted, and found again', () => {
  const path = openBpfFs()
  assert.equal(findBpfFs(), path)
  assert.equal(openBpfFs(), path)
  assert.equal(path, BPFFS_PATH)
})

test('every format is understood', () => {
  const tracefs = openTraceFs()
  const names = tracefs.tracepoints()
  assert.ok(names.length > 1000, `only ${names.length} tracepoints`)
  assert.equal(new Set(names).size, names.length)
  for (const name of names) {
    const [system, event] = name.split(':') as [string, string]
    const format = tracefs.format(system, event)
    const text = readFileSync(`${tracefs.root}/events/${system}/${event}/format`, 'utf8')
    assert.equal(format.name, event)
    assert.equal(format.id, tracefs.tracepointId(system, event))
    assert.equal(format.fields.length, text.match(/^\tfield:/gm)?.length, name)
    for (const field of format.fields) {
      assert.match(field.name, /^\w+$/, name)
      assert.ok(field.type !== '' && !/[[\]]|__data_loc|__rel_loc/.test(field.type), `${name}: ${field.type}`)
      if (field.location !== undefined) assert.equal(field.sizeBytes, 4, `${name}.${field.name}`)
      if (field.arrayCount !== undefined)
        assert.equal(field.sizeBytes % field.arrayCount, 0, `${name}.${field.name}`)
    }
    assert.deepEqual(
      format.fields.filter(f => f.common).map(f => f.name),
      ['common_type', 'common_flags', 'common_preempt_count', 'common_pid'],
      name,
    )
  }
})

test('known tracepoints have the known fields', () => {
  const { fields } = openTraceFs().format('sched', 'sched_process_exec')
  assert.equal(fields.find(f => f.name === 'filename')?.location, 'data_loc')
  const openat = openTraceFs().format('syscalls', 'sys_enter_openat').fields
  assert.deepEqual(
    openat.filter(f => !f.common && f.location === undefined).map(f => `${f.type} ${f.name} ${f.offset}`),
    ['int __syscall_nr 8', 'int dfd 16', 'const char * filename 24', 'int flags 32', 'umode_t mode 40'],
  )
})

test('a directory that is no tracefs is an error of ours', () => {
  assert.throws(() => new TraceFs('/proc/self').systems(), { code: 'TRACEFS' })
})
