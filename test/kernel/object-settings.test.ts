// What can be set of an object's maps before it is loaded, on a real kernel.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { features, hasFeature, hasVmlinuxBtf } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { openObject } from '../../src/object/index.ts'
import { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_LRU_HASH } from '../../src/sys/index.ts'
import { CALLS_PATH, SAMPLE_PATH } from '../object/sample.ts'
import { noFetchingAtomics } from './since.ts'

test('what the source says of a map can be changed before loading', { skip: noFetchingAtomics }, () => {
  using object = openObject(CALLS_PATH)
  const counts = object.map('counts')
  counts.type = BPF_MAP_TYPE_LRU_HASH
  counts.maxEntries = 32
  object.load()
  assert.deepEqual([counts.map.type, counts.map.maxEntries], [BPF_MAP_TYPE_LRU_HASH, 32])
})

test('a section of variables can be made longer', { skip: noFetchingAtomics }, () => {
  using object = openObject(CALLS_PATH)
  const bss = object.map('.bss')
  assert.ok(bss.valueSize < 100)
  bss.valueSize = 10_000
  object.load()
  assert.equal(bss.map.valueSize, 10_000)
  object.global('total').value = 5n
  const all = bss.memory(0, 10_000)
  assert.deepEqual([all[0], all[9999]], [5, 0])
})

test('maps of maps take the template that they are given', {
  skip:
    !(hasVmlinuxBtf() && hasFeature(features.loop)) &&
    'the sample needs kernel BTF and bpf_loop (Linux 5.17)',
}, () => {
  using template = BpfMap.create({
    name: 't',
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: 7,
  })
  using object = openObject(SAMPLE_PATH)
  const outer = object.map('outer')
  outer.innerTemplate = template
  // the program reads eight bytes of a value
  assert.throws(() => object.load(), /value_size=4 off=0 size=8/)
})
