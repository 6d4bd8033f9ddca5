// The tracer starts from what the build has compiled; without the file it would compile at each start, and only be slow.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseKernelHalf } from '../../src/trace/kernel/kernel-half-file.ts'

for (const arch of ['x64', 'arm64'])
  test(`the build has compiled the kernel half for ${arch}`, () => {
    const { programs, calls } = parseKernelHalf(readFileSync(`dist/kernel-half/${arch}.json`, 'utf8'))
    assert.ok(programs.some(({ tracepoint }) => tracepoint === 'sys_enter'))
    assert.ok(programs.every(({ program }) => program.insns.length > 0))
    assert.ok(calls.length > 0)
  })
