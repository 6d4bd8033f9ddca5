// What is read from the C prototypes of helpers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { helperById, helperByName, helperPrototypes } from './helper.ts'

const check = (name: string, id: number, type: string, ret: string, kinds: string) =>
  test(name, () => {
    const helper = helperByName(name)!
    assert.deepEqual([helper.id, helper.type, helper.ret], [id, type, ret])
    assert.equal(helper.args.map(arg => `${arg.name}:${arg.kind}`).join(' '), kinds)
    assert.equal(helperById(id), helper)
    assert.equal(helperByName(name.slice('bpf_'.length)), helper)
  })

check('bpf_unspec', 0, '', 'scalar', '')
check('bpf_map_lookup_elem', 1, 'void *', 'pointer', 'map:map key:pointer')
check('bpf_ktime_get_ns', 5, 'u64', 'scalar', '')
check('bpf_trace_printk', 6, 'long', 'scalar', 'fmt:pointer fmt_size:scalar ...:variadic')
check(
  'bpf_perf_event_output',
  25,
  'long',
  'scalar',
  'ctx:context map:map flags:scalar data:pointer size:scalar',
)
check('bpf_ringbuf_submit', 132, 'void', 'void', 'data:pointer flags:scalar')
check(
  'bpf_for_each_map_elem',
  164,
  'long',
  'scalar',
  'map:map callback_fn:function callback_ctx:pointer flags:scalar',
)
check('bpf_sys_bpf', 166, 'long', 'scalar', 'cmd:scalar attr:pointer attr_size:scalar')

test('no helper', () => {
  assert.equal(helperByName('bpf_no_such'), undefined)
  assert.equal(helperById(100_000), undefined)
})

test('every line is a prototype', () => {
  assert.ok(helperPrototypes().length > 200)
  for (const { id, name, type } of helperPrototypes()) {
    assert.match(name, /^bpf_\w+$/)
    assert.equal(helperByName(name)?.id, id)
    assert.equal(type === '', id === 0, name)
  }
})
