// Lists of functions and the patterns that choose from them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globMatcher, isGlob } from './glob.ts'
import { KernelSymbols } from './kallsyms.ts'
import {
  functionsOfSymbols,
  parseFilterFunctions,
  parseKprobeBlacklist,
  TraceableFunctions,
} from './traceable-functions.ts'

const TEXT =
  'vfs_read\nvfs_write\n__ftrace_invalid_address___16\ntcp_connect\nt_next\nt_next\nnf_nat_setup [nf_nat]\nvfs_x [m]\n'

const glob = (pattern: string, yes: string[], no: string[]) =>
  test(`glob ${pattern}`, () => {
    const matches = globMatcher(pattern)
    assert.deepEqual(
      yes.filter(name => !matches(name)),
      [],
    )
    assert.deepEqual(no.filter(matches), [])
  })

glob('vfs_read', ['vfs_read'], ['vfs_readv', 'xvfs_read', ''])
glob('vfs_*', ['vfs_', 'vfs_read'], ['xvfs_read'])
glob('*_read', ['vfs_read', '_read'], ['vfs_readv'])
glob('?fs_*', ['vfs_x'], ['fs_x', 'xvfs_x'])
glob('a[bc]d', ['abd', 'acd'], ['add', 'abcd'])
glob('a[!bc]d', ['add'], ['abd'])
glob('a.b+(c)*', ['a.b+(c)', 'a.b+(c)d'], ['axb+(c)'])
glob('a[b', ['a[b'], ['ab'])
test('what is a glob', () => {
  assert.deepEqual(['a', 'a*', 'a?', 'a[b]'].map(isGlob), [false, true, true, true])
})

const match = (pattern: string, expected: string[]) =>
  test(`functions ${pattern}`, () => {
    const names = new TraceableFunctions('ftrace', TEXT).match(pattern)
    assert.deepEqual(
      names.map(f => (f.module ? `${f.module}:${f.name}` : f.name)),
      expected,
    )
  })

match('vfs_*', ['vfs_read', 'vfs_write', 'm:vfs_x'])
match('vmlinux:vfs_*', ['vfs_read', 'vfs_write'])
match('nf_*:*', ['nf_nat:nf_nat_setup'])
match('m:vfs_x', ['m:vfs_x'])
match('t_next', ['t_next', 't_next'])
match('nothing', [])

test('lines without a newline at the end, and none', () => {
  assert.deepEqual(parseFilterFunctions('a'), [{ name: 'a' }])
  assert.deepEqual(parseFilterFunctions(''), [])
})

test('functions of kallsyms', () => {
  const symbols = new KernelSymbols(
    Buffer.from(
      [
        'ffffffff81000000 T vfs_read',
        'ffffffff81000010 t helper\t[mod]',
        'ffffffff81000020 D data',
        'ffffffff81000030 t vfs_read.cold',
        'ffffffff81000040 t __pfx_vfs_read',
        'ffffffff81000050 T asm_exc_nmi',
        'ffffffff81000060 t bpf_prog_1234\t[bpf]',
        '',
      ].join('\n'),
    ),
  )
  const blacklist = parseKprobeBlacklist('0xffffffff81000050-0xffffffff81000060\tasm_exc_nmi\n')
  assert.deepEqual(parseFilterFunctions(functionsOfSymbols(symbols, blacklist)), [
    { name: 'vfs_read' },
    { name: 'helper', module: 'mod' },
  ])
})
