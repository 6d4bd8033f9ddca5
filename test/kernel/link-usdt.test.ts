// USDT probes of a program compiled here: it says its semaphore and passes its probe places as often as it is told.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { features, hasFeature } from '../../src/kernel/index.ts'
import { attachUsdt, type UsdtProbe } from '../../src/link/index.ts'
import { BPF_PROG_TYPE_KPROBE, BPF_TRACE_UPROBE_MULTI } from '../../src/sys/index.ts'
import { countEventsOf } from './kernel-programs.ts'
import { functionOffset } from './own-libc.ts'

const SOURCE = `
#include <stdio.h>
__attribute__((section(".probes"))) volatile unsigned short probe_semaphore = 0;
__attribute__((noinline)) void probe_first(void) { __asm__ volatile("nop"); }
__attribute__((noinline)) void probe_second(void) { __asm__ volatile("nop"); }
int main(void) {
  char line[16];
  while (fgets(line, sizeof line, stdin)) {
    for (int i = 0; i < 5; i++) { probe_first(); probe_second(); }
    printf("%d\\n", probe_semaphore);
    fflush(stdout);
  }
}`

const compiler = ['cc', 'gcc', 'clang', 'clang-19'].find(cc => spawnSync(cc, ['--version']).status === 0)
const directory = mkdtempSync(join(tmpdir(), 'beetrace-usdt-'))
after(() => rmSync(directory, { recursive: true }))

function compile(): UsdtProbe {
  const path = join(directory, 'probed')
  writeFileSync(`${path}.c`, SOURCE)
  const built = spawnSync(compiler!, ['-O1', '-rdynamic', '-o', path, `${path}.c`], { encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
  const semaphoreOffset = functionOffset(path, 'probe_semaphore')
  const place = (name: string, cookie: bigint) => ({
    offset: functionOffset(path, name),
    semaphoreOffset,
    cookie,
  })
  return { path, name: 'test:probe', locations: [place('probe_first', 1n), place('probe_second', 2n)] }
}

/** Ten places passed, and the semaphore as the program then saw it. */
async function round(child: ChildProcess, lines: AsyncIterator<string>): Promise<number> {
  child.stdin!.write('\n')
  return Number((await lines.next()).value)
}

const usdt = (by: 'single' | 'multi', skip: string | false) =>
  test(`usdt by ${by} uprobes, with semaphore and cookies`, { skip }, async () => {
    const probe = compile()
    const child = spawn(probe.path, { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    try {
      assert.equal(await round(child, lines), 0)
      const attachType = by === 'multi' ? BPF_TRACE_UPROBE_MULTI : 0
      using program = countEventsOf(child.pid!, BPF_PROG_TYPE_KPROBE, true, attachType)
      using link = attachUsdt(program, probe, { by })
      assert.ok((await round(child, lines)) > 0, 'the semaphore was not raised')
      assert.equal(program.count(), 10n)
      assert.equal(program.cookie(), 2n)
      link.close()
      assert.equal(await round(child, lines), 0, 'the semaphore stayed up')
      assert.equal(program.count(), 10n)
    } finally {
      child.stdin.end()
      await once(child, 'exit')
    }
  })

const noCompiler = compiler === undefined && 'no C compiler here'
usdt(
  'single',
  noCompiler ||
    (!hasFeature(features.uprobe) && 'this kernel was built without uprobes') ||
    (!hasFeature(features.perfEventLink) && 'cookies are new in 5.15'),
)
usdt('multi', noCompiler || (!hasFeature(features.uprobeMulti) && 'uprobe_multi is new in 6.6'))
