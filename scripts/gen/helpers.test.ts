// The checked-in BPF header tables are what the facts render to, and extraction reads the constructs the header uses.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { renderHelperDefs } from './helper-defs-render.ts'
import { type BpfHeaderFacts, extractBpfHeader } from './helpers-extract.ts'
import { renderBpfConstants, renderHelperPrototypes } from './helpers-render.ts'

const read = (path: string) => readFileSync(path, 'utf8')
const facts = JSON.parse(read('scripts/gen/facts/bpf-header.json')) as BpfHeaderFacts

test('the checked-in tables are what the facts render to', () => {
  assert.equal(read('src/sys/bpf-constants.generated.ts'), renderBpfConstants(facts))
  assert.equal(read('src/asm/helpers.generated.ts'), renderHelperPrototypes(facts))
  assert.equal(read('headers/bpf/bpf_helper_defs.h'), renderHelperDefs(facts))
})

test('helper ids have no gaps', () => {
  assert.deepEqual(
    Object.keys(facts.helpers).map(Number),
    Object.keys(facts.helpers).map((_, index) => index),
  )
})

test('extract reads defines, enums and prototypes', () => {
  const header = [
    '#define __LINUX_BPF_H__',
    '#define BPF_DW\t\t0x18\t/* double word */',
    '#define BPF_XCHG\t(0xe0 | BPF_FETCH)\t/* 1, 2 */',
    '#define BPF_FETCH 0x01',
    '#define BPF_F_LINK BPF_F_LINK /* 1 << 13 */',
    'enum bpf_sample {',
    '\tA_FIRST, /* commas, in = a comment */',
    '\tA_SECOND = (1ULL << 40) | 2U,',
    '\tA_THIRD,',
    '\tA_SAME = A_FIRST,',
    '#define BPF_INSIDE A_SECOND',
    '\t__MAX_SAMPLE',
    '};',
    'enum { A_MINUS = (-1L), };',
    '/* Start of BPF helper function descriptions:',
    ' *',
    ' * void *bpf_one(struct bpf_map *map, const void *key)',
    ' * \tDescription',
    ' * \t\tuse bpf_one(map, key)',
    ' */',
    '#define ___BPF_FUNC_MAPPER(FN, ctx...)\t\\',
    '\tFN(unspec, 0, ##ctx)\t\\',
    '\tFN(one, 1, ##ctx)',
  ].join('\n')
  assert.deepEqual(extractBpfHeader('#define\t\tBPF_LD\t\t0x00', header, 'here'), {
    source: 'here',
    defines: { BPF_LD: 0, BPF_DW: 24, BPF_XCHG: 0xe1, BPF_FETCH: 1, BPF_INSIDE: 2 ** 40 + 2 },
    enums: {
      bpf_sample: { A_FIRST: 0, A_SECOND: 2 ** 40 + 2, A_THIRD: 2 ** 40 + 3, A_SAME: 0 },
      anonymous_2: { A_MINUS: -1 },
    },
    helpers: { 0: 'unspec', 1: 'void *bpf_one(struct bpf_map *map, const void *key)' },
  })
  assert.throws(() => extractBpfHeader('', '#define BPF_A sizeof(int)\nFN', 'here'), /sizeof is not defined/)
})
