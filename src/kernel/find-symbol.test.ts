// Symbols found in the text of kallsyms.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findKernelSymbol } from './find-symbol.ts'

const TEXT = Buffer.from(
  [
    '0000000000000000 A __per_cpu_start',
    'ffffffff81000000 T _stext',
    'ffffffff81000010 t helper',
    'ffffffff81000020 t helper_two',
    'ffffffffc0000000 t helper\t[module]',
    'ffffffff81000030 D end',
    '',
  ].join('\n'),
)

const cases: [name: string, found: [address: bigint, module: string | undefined][]][] = [
  ['_stext', [[0xffffffff81000000n, undefined]]],
  [
    'helper',
    [
      [0xffffffff81000010n, undefined],
      [0xffffffffc0000000n, 'module'],
    ],
  ],
  ['__per_cpu_start', [[0n, undefined]]],
  ['help', []],
  ['end', [[0xffffffff81000030n, undefined]]],
  ['absent', []],
]
for (const [name, found] of cases)
  test(`symbol ${name}`, () => {
    const symbols = findKernelSymbol(TEXT, name)
    assert.deepEqual(
      symbols.map(({ address, module }) => [address, module]),
      found,
    )
  })

test('hidden addresses are an error only for a symbol that is there', () => {
  const hidden = Buffer.from('0000000000000000 T _stext\n')
  assert.deepEqual(findKernelSymbol(hidden, 'absent'), [])
  assert.throws(() => findKernelSymbol(hidden, '_stext'), { code: 'KALLSYMS_RESTRICTED' })
})
