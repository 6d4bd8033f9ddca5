// Symbol look-ups on small tables: duplicates, modules, restriction, foreign addresses, damaged files.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KernelSymbols } from './kallsyms.ts'

const table = `\
0000000000000000 A fixed_percpu_data
0000000000021000 A cpu_tss_rw
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000100 t helper
ffffffff81000200 T vfs_read
ffffffff81000300 t helper
ffffffff82000000 D jiffies
ffffffffc0100000 t mod_init	[nf_tables]
ffffffffc0100040 t helper	[nf_tables]
ffffffffc0000000 t bpf_prog_6deef7357e7b4530_trace	[bpf]
ffff800008010000 T arm_text
`
const symbols = new KernelSymbols(Buffer.from(table))

const lookup = (name: string, expected: string[]) =>
  test(`name ${JSON.stringify(name)}`, () => {
    const found = symbols.lookup(name).map(s => `${s.address.toString(16)} ${s.type} ${s.module ?? '-'}`)
    assert.deepEqual(found, expected)
    assert.equal(symbols.has(name), expected.length > 0)
  })

lookup('vfs_read', ['ffffffff81000200 T -'])
lookup('helper', ['ffffffff81000100 t -', 'ffffffff81000300 t -', 'ffffffffc0100040 t nf_tables'])
lookup('vfs_rea', [])
lookup('vfs_read2', [])
lookup('', [])
lookup('cpu_tss_rw', ['21000 A -'])

const at = (address: bigint, expected: string | undefined) =>
  test(`address ${address.toString(16)}`, () => {
    const found = symbols.symbolAt(address)
    const shown = found && `${found.symbol.name}+${found.offset}${found.symbol.module ?? ''}`
    assert.equal(shown, expected)
  })

at(0xffffffff81000000n, '_stext+0')
at(0xffffffff810000ffn, '_stext+255')
at(0xffffffff81000200n, 'vfs_read+0')
at(0xffffffff812fffffn, 'helper+3144959') // a next symbol of the kernel bounds it
at(0xffffffff82000010n, 'jiffies+16')
at(0xffffffff82200000n, undefined) // behind the kernel's last symbol
at(0xffffffffc0000010n, 'bpf_prog_6deef7357e7b4530_trace+16bpf')
at(0xffffffffc0100041n, 'helper+1nf_tables')
at(0xffffffffffffffffn, undefined)
at(0xffff800008010004n, 'arm_text+4')
at(0xffff000000000000n, undefined)
at(0x7f0012345678n, undefined)
at(0x21000n, undefined) // per-CPU offsets are no addresses
at(0n, undefined)

test('hidden addresses are said, names still answer', () => {
  const hidden = new KernelSymbols(Buffer.from(table.replace(/^[0-9a-f]{16}/gm, '0'.repeat(16))))
  assert.equal(hidden.hasAddresses, false)
  assert.equal(hidden.has('vfs_read'), true)
  assert.throws(() => hidden.lookup('vfs_read'), {
    code: 'KALLSYMS_RESTRICTED',
    message: /CAP_SYSLOG.*kptr_restrict/,
  })
  assert.throws(() => hidden.symbolAt(0xffffffff81000000n), { code: 'KALLSYMS_RESTRICTED' })
})

test('an empty table (CONFIG_KALLSYMS off) knows nothing', () => {
  const none = new KernelSymbols(new Uint8Array())
  assert.equal(none.size, 0)
  assert.deepEqual(none.lookup('vfs_read'), [])
  assert.equal(none.symbolAt(0xffffffff81000000n), undefined)
})

test('iteration follows the file', () => {
  assert.equal(symbols.size, 12)
  assert.equal([...symbols].map(s => s.name)[9], 'helper')
})

test('every symbol is found by its name and its address', () => {
  const line = fc.record({
    name: fc.stringMatching(/^[a-z_.$]{1,6}$/),
    page: fc.nat(0x7fffff),
    module: fc.option(fc.constantFrom('xfs', 'bpf'), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), lines => {
      const address = (page: number) => 0xffffffff80000000n + BigInt(page)
      const text = lines.map(
        l => `${address(l.page).toString(16)} t ${l.name}${l.module ? `\t[${l.module}]` : ''}\n`,
      )
      const all = new KernelSymbols(Buffer.from(text.join('')))
      assert.equal(all.size, lines.length)
      for (const l of lines) {
        const same = lines.filter(o => o.name === l.name).map(o => address(o.page))
        assert.deepEqual(
          all.lookup(l.name).map(s => s.address),
          same,
        )
        const first = lines.find(o => o.page === l.page)!
        assert.equal(all.symbolAt(address(l.page))?.symbol.name, first.name)
      }
    }),
  )
})

test('any bytes give a table', () => {
  const damaged = fc.tuple(fc.nat(table.length), fc.nat(30), fc.uint8Array({ maxLength: 20 }))
  fc.assert(
    fc.property(damaged, ([cutAt, cut, put]) => {
      const bytes = Buffer.concat([
        Buffer.from(table.slice(0, cutAt)),
        put,
        Buffer.from(table.slice(cutAt + cut)),
      ])
      const all = new KernelSymbols(bytes)
      for (const s of all) if (all.hasAddresses) assert.ok(all.lookup(s.name).length > 0)
    }),
  )
})
