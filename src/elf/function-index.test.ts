// Which function an address belongs to, among functions that nest, share an address or have no size.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { STB_GLOBAL, STB_LOCAL, STB_WEAK, STT_FUNC, STT_OBJECT } from './constants.ts'
import { FunctionIndex } from './function-index.ts'
import { SymbolTable } from './symbol-table.ts'

type Row = readonly [name: string, value: number, sizeBytes: number, binding?: number, type?: number]

function table(rows: readonly Row[]): SymbolTable {
  const names = Buffer.from(rows.map(([name]) => `${name}\0`).join(''))
  let at = 0
  const nameAt = rows.map(([name]) => {
    const start = at
    at += Buffer.byteLength(name) + 1
    return start
  })
  return new SymbolTable(
    {
      nameAt: Uint32Array.from(nameAt),
      value: Float64Array.from(rows, row => row[1]),
      sizeBytes: Float64Array.from(rows, row => row[2]),
      section: new Uint32Array(rows.length).fill(1),
      info: Uint8Array.from(rows, row => ((row[3] ?? STB_GLOBAL) << 4) | (row[4] ?? STT_FUNC)),
      other: new Uint8Array(rows.length),
    },
    names,
  )
}

const check = (
  title: string,
  rows: readonly Row[],
  ...expected: readonly [address: number, found: string][]
) =>
  test(title, () => {
    const index = new FunctionIndex([table(rows)])
    for (const [address, found] of expected) {
      const at = index.at(address)
      assert.equal(at === undefined ? '-' : `${at.name}+${at.offset}`, found, `at ${address}`)
    }
  })

check('no functions', [], [1, '-'])
check(
  'one after the other, with a gap',
  [
    ['b', 200, 50],
    ['a', 100, 50],
  ],
  [99, '-'],
  [100, 'a+0'],
  [149, 'a+49'],
  [150, '-'],
  [200, 'b+0'],
  [249, 'b+49'],
  [250, '-'],
)
check(
  'one within another',
  [
    ['outer', 100, 100],
    ['inner', 120, 10],
  ],
  [119, 'outer+19'],
  [120, 'inner+0'],
  [130, 'outer+30'],
  [199, 'outer+99'],
  [200, '-'],
)
check(
  'without a size, up to the next',
  [
    ['a', 100, 0],
    ['b', 150, 10],
    ['c', 200, 0],
  ],
  [149, 'a+49'],
  [160, '-'],
  [4000, 'c+3800'],
  [9000, '-'],
)
check('data is no function', [['data', 100, 10, STB_GLOBAL, STT_OBJECT]], [100, '-'])
check(
  'the best of several names',
  [
    ['__libc_malloc', 8, 4],
    ['malloc', 8, 4],
    ['malloc_local', 8, 4, STB_LOCAL],
    ['m', 8, 4, STB_WEAK],
  ],
  [9, 'malloc+1'],
)
check('addresses of the kernel', [['k', -0x7f00_0000, 16]], [-0x7f00_0000 + 3, 'k+3'])
check(
  'far apart',
  [
    ['low', 16, 16],
    ['high', 2 ** 52, 16],
  ],
  [17, 'low+1'],
  [2 ** 52 + 1, 'high+1'],
)

test('the first table wins', () => {
  const index = new FunctionIndex([
    table([['full', 8, 4, STB_LOCAL]]),
    table([
      ['f', 8, 4],
      ['g', 16, 4],
    ]),
  ])
  assert.deepEqual([index.size, index.at(8)?.name, index.at(16)?.name], [2, 'full', 'g'])
})

test('as a search through all of them finds', () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 })), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(rows, places => {
      const distinct = places.filter(([start], i) => places.findIndex(([other]) => other === start) === i)
      const index = new FunctionIndex([
        table(distinct.map(([start, size], i): Row => [`f${i}`, start, size])),
      ])
      for (let address = 0; address < 90; address++) {
        const around = distinct.filter(([start, size]) => start <= address && address < start + size)
        const start = Math.max(...around.map(([s]) => s))
        assert.equal(index.at(address)?.offset, around.length === 0 ? undefined : address - start)
      }
    }),
  )
})
