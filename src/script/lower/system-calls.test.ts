// Which places one program at all system calls serves, and what is attached for it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkText, testKernel } from '../check/testing.ts'
import type { KernelFacts } from '../facts.ts'
import { lower } from './lower.ts'

const CALLS = Array.from({ length: 30 }, (_, i) => `call${i}`)
const base = testKernel()
const tracepoints = ['enter', 'exit'].flatMap(end => CALLS.map(call => `syscalls:sys_${end}_${call}`))
const kernel: KernelFacts = {
  ...base,
  tracepoints: () => [...tracepoints, 'syscalls:sys_enter_other'],
  systemCalls: () => ({
    numberOf: name => (name.startsWith('call') ? Number(name.slice(4)) + 100 : undefined),
    compatFlag: { offset: 16, mask: 2 },
  }),
  has: feature => feature === 'get_current_task_btf' || feature === 'attach_cookie' || base.has(feature),
}

function programsOf(script: string, facts: KernelFacts = kernel) {
  const { checked, facts: known, messages, diagnostics } = checkText(script, {}, facts)
  assert.ok(diagnostics.ok, messages)
  const compiled = lower(checked, known)
  const shown = compiled.programs.map(({ places, through }) => `${places.length} ${through?.probe ?? 'each'}`)
  return { shown, compiled }
}

test('calls whose number is known share a program, the others have their own', () => {
  const check = (script: string, expected: readonly string[], facts?: KernelFacts) =>
    assert.deepEqual(programsOf(script, facts).shown, expected, script)
  const ENTER = '30 tracepoint:raw_syscalls:sys_enter'
  const EXIT = '30 tracepoint:raw_syscalls:sys_exit'
  check('t:syscalls:sys_enter_* { @[probe] = count(); }', [ENTER, '1 each'])
  check('t:syscalls:sys_* { @[probe] = count(); }', [ENTER, EXIT, '1 each'])
  check('t:syscalls:sys_enter_call1* { @[probe] = count(); }', ['11 each'])
  check('t:syscalls:sys_exit_* { @ = count(); }', [EXIT])
  const without = { ...kernel, systemCalls: () => undefined }
  check('t:syscalls:sys_exit_* { @ = count(); }', ['30 each'], without)
  // the function of a loop has no context by which it could tell places apart
  check(
    't:syscalls:sys_exit_* { for ($i : 0..9) { @[probe] = count(); } }',
    CALLS.map(() => '1 each'),
  )
})

test('names stand at the numbers of their calls', () => {
  const { compiled } = programsOf('t:syscalls:sys_* { @[probe] = count(); }')
  const names = compiled.mapSpecs.find(({ name }) => name.startsWith('calls_enter'))!
  assert.equal(names.maxEntries, 130)
  const text = (i: number) => Buffer.from(names.contents![i]!.value).toString().replace(/\0+$/, '')
  assert.equal(text(100), 'tracepoint:syscalls:sys_enter_call0')
  assert.equal(text(129), 'tracepoint:syscalls:sys_enter_call29')
  assert.equal(text(5), '')
})
