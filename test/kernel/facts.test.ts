// Symbols, types, processors and privileges of the running kernel, against what it says elsewhere.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  checkPrivileges,
  hasVmlinuxBtf,
  isInitialPidNamespace,
  onlineCpus,
  pageSizeBytes,
  possibleCpus,
  readKernelSymbols,
  readProcess,
  requireTraceable,
  vmlinuxBtf,
} from '../../src/kernel/index.ts'

test('kernel symbols', () => {
  const symbols = readKernelSymbols()
  const lines = readFileSync('/proc/kallsyms', 'latin1').trimEnd().split('\n')
  // Programs that others load meanwhile come and go at the end.
  assert.ok(Math.abs(symbols.size - lines.length) < 200, `${symbols.size} of ${lines.length}`)
  const reads = symbols.lookup('vfs_read')
  assert.equal(reads.length, 1)
  assert.deepEqual(symbols.symbolAt(reads[0]!.address + 4n), { symbol: reads[0], offset: 4 })
  // Every 500th line is found by its name, and its address belongs to a symbol that starts there.
  for (let i = 0; i < lines.length; i += 500) {
    const [address, type, name] = lines[i]!.split(/[ \t]/) as [string, string, string]
    if (name.startsWith('bpf_prog_')) continue
    const value = BigInt(`0x${address}`)
    assert.ok(
      symbols.lookup(name).some(s => s.address === value && s.type === type),
      lines[i],
    )
    if (value >= 1n << 63n) assert.equal(symbols.symbolAt(value)?.symbol.address, value, lines[i])
  }
})

test('kernel types', () => {
  assert.ok(hasVmlinuxBtf())
  const btf = vmlinuxBtf()
  assert.ok(btf.find('task_struct', 'struct'))
  assert.equal(vmlinuxBtf(), btf)
})

test('processors and pages', () => {
  const possible = possibleCpus()
  assert.ok(onlineCpus().every(cpu => possible.includes(cpu)))
  assert.ok([4096, 16384, 65536].includes(pageSizeBytes()))
})

test('root may trace', () => checkPrivileges('trace system calls'))

test('threads of the kernel are not traceable', {
  skip: !isInitialPidNamespace() && 'not the initial pid namespace',
}, () => {
  assert.equal(readProcess(2)?.comm, 'kthreadd')
  assert.throws(() => requireTraceable(2), { code: 'PROCESS_KERNEL_THREAD', message: /kthreadd/ })
})
