// Addresses of real processes: position-independent and not, libraries, deleted files, processes that have ended,
// code compiled just in time; and binaries by the names that users give them.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ElfError } from '../../src/errors/index.ts'
import { Binary, findBinaries, listSymbols, UserSymbols } from '../../src/kernel/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'beetrace-'))
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

const SOURCE = `
  #include <stdio.h>
  #include <stdlib.h>
  #include <unistd.h>
  #include <sys/time.h>
  __attribute__((noinline)) static void hidden_work(void) { asm volatile("nop"); }
  __attribute__((noinline)) void visible_work(void) { hidden_work(); }
  int some_data = 1;
  int main(void) {
    visible_work();
    printf("%p %p %p\\n", (void *)visible_work, (void *)hidden_work, (void *)malloc);
    fflush(stdout);
    pause();
  }`

/** Compiles the program; undefined when there is no compiler. */
function compile(name: string, ...options: string[]): string | undefined {
  const path = join(directory, name)
  const made = spawnSync('cc', ['-x', 'c', '-', '-o', path, ...options], { input: SOURCE })
  return made.status === 0 ? path : undefined
}
const pie = compile('pie', '-pie', '-fPIE')
const skip = pie === undefined ? 'no C compiler (cc) that makes programs' : false

/** Starts a program and waits for the addresses that it prints. */
async function start(path: string): Promise<{ child: ChildProcess; pid: number; addresses: number[] }> {
  const child = spawn(path, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const line = await new Promise<string>(resolve => child.stdout!.once('data', data => resolve(String(data))))
  return { child, pid: child.pid!, addresses: line.trim().split(' ').map(Number) }
}

const ended = (child: ChildProcess) =>
  new Promise(resolve => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })

for (const [kind, ...options] of [
  ['position-independent', '-pie', '-fPIE'],
  ['at a fixed address', '-no-pie', '-fno-pie'],
] as const)
  test(`a program ${kind}`, { skip }, async () => {
    const path = compile(`program${options.length}${kind.length}`, ...options)!
    const { pid, addresses } = await start(path)
    using symbols = new UserSymbols()
    const [visible, hidden, malloc] = addresses.map(address => symbols.symbolize(pid, address + 2))
    assert.deepEqual([visible?.name, visible?.offset, visible?.module], ['visible_work', 2, path])
    assert.deepEqual([hidden?.name, hidden?.offset], ['hidden_work', 2])
    if (kind === 'position-independent') assert.deepEqual([malloc?.name, malloc?.offset], ['malloc', 2])
    const [symbol] = new Binary(path).functionsNamed('visible_work')
    assert.equal(visible?.moduleOffset, symbol!.address + 2)
    assert.equal(visible?.fileOffset, symbol!.fileOffset! + 2)
    assert.equal(symbols.symbolize(pid, 16), undefined)
    const vdso = /^([0-9a-f]+)-\S+ r-xp .*\[vdso\]$/m.exec(readFileSync(`/proc/${pid}/maps`, 'utf8'))
    if (vdso !== null) {
      const names = new Set<string | undefined>()
      for (let at = 0; at < 4096; at += 16)
        names.add(symbols.symbolize(pid, Number.parseInt(vdso[1]!, 16) + at)?.name)
      assert.ok(
        names.has('__vdso_gettimeofday') || names.has('gettimeofday') || names.has('__kernel_gettimeofday'),
        [...names].join(),
      )
    }
  })

test('a process that has ended, its file deleted meanwhile', { skip }, async () => {
  const path = join(directory, 'deleted')
  copyFileSync(pie!, path)
  const { child, pid, addresses } = await start(path)
  rmSync(path)
  using symbols = new UserSymbols()
  using late = new UserSymbols()
  assert.equal(symbols.noteProcess(pid), true)
  await ended(child)
  assert.equal(symbols.symbolize(pid, addresses[1]!)?.name, 'hidden_work')
  assert.equal(symbols.symbolize(pid, addresses[0]!)?.module, path)
  assert.equal(late.noteProcess(pid), false)
  assert.equal(late.symbolize(pid, addresses[1]!), undefined)
  symbols.forgetProcess(pid)
  assert.equal(symbols.symbolize(pid, addresses[1]!), undefined)
})

test('a file that another has replaced at the same path', { skip }, async () => {
  const path = join(directory, 'replaced')
  copyFileSync(pie!, path)
  using symbols = new UserSymbols()
  const first = await start(path)
  assert.equal(symbols.symbolize(first.pid, first.addresses[0]!)?.name, 'visible_work')
  await ended(first.child)
  spawnSync('cc', ['-x', 'c', '-', '-o', path], { input: SOURCE.replaceAll('visible_work', 'other_work') })
  const second = await start(path)
  assert.equal(symbols.symbolize(second.pid, second.addresses[0]!)?.name, 'other_work')
})

test('a stripped program, with and without its debug file', { skip }, async t => {
  const path = join(directory, 'stripped')
  const tools = [
    ['cp', pie!, path],
    ['objcopy', '--only-keep-debug', pie!, `${path}.debug`],
    ['objcopy', '--strip-all', `--add-gnu-debuglink=${path}.debug`, pie!, path],
  ]
  for (const [tool, ...options] of tools)
    if (spawnSync(tool!, options).status !== 0) return t.skip('no objcopy that makes debug files')
  const { pid, addresses } = await start(path)
  using symbols = new UserSymbols()
  assert.equal(symbols.symbolize(pid, addresses[1]!)?.name, 'hidden_work')
  rmSync(`${path}.debug`)
  using without = new UserSymbols()
  const found = without.symbolize(pid, addresses[1]!)
  assert.deepEqual([found?.name, found?.module], [undefined, path])
})

test('code compiled just in time', async () => {
  const script =
    'function warm(x) { return x * 2 } for (let i = 0; i < 1e5; i++) warm(i); console.log("ready"); setInterval(() => {}, 1000)'
  const child = spawn(
    process.execPath,
    ['--perf-basic-prof', '--interpreted-frames-native-stack', '-e', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(child)
  await new Promise(resolve => child.stdout.once('data', resolve))
  const path = `/tmp/perf-${child.pid}.map`
  try {
    const line = /^([0-9a-f]+) ([0-9a-f]+) (\S*warm.*)$/m.exec(readFileSync(path, 'latin1'))!
    using symbols = new UserSymbols()
    const found = symbols.symbolize(child.pid!, Number.parseInt(line[1]!, 16) + 1)
    assert.deepEqual([found?.module, found?.offset], [path, 1])
    assert.match(found?.name ?? '', /warm|Interpreter/)
  } finally {
    await ended(child)
    rmSync(path)
  }
})

test('names that are given by users', () => {
  const [libc] = findBinaries('libc')
  assert.match(libc?.path ?? '', /\/(libc\.so\.6|ld-musl.*)$/)
  for (const name of ['libc.so.6', 'c', libc!.path]) assert.deepEqual(findBinaries(name), [libc])
  assert.match(findBinaries('cat')[0]?.path ?? '', /\/cat$/)
  assert.deepEqual(findBinaries('no-such-program'), [])
  assert.deepEqual(findBinaries('/etc/passwd'), [])
  assert.deepEqual(findBinaries('/etc/'), [])
  assert.ok(findBinaries(`${directory}/*`).every(found => found.path.startsWith(directory)))
  assert.match(findBinaries('libc', { pid: process.pid })[0]?.path ?? '', /^\/proc\/\d+\/root\/.*libc/)
})

test('functions by name and pattern', { skip }, () => {
  assert.deepEqual(
    listSymbols(pie!, '*_work')
      .map(symbol => symbol.name)
      .sort(),
    ['hidden_work', 'visible_work'],
  )
  assert.deepEqual(listSymbols(pie!, 'main').length, 1)
  using libc = new Binary(findBinaries('libc')[0]!.path)
  assert.ok(libc.functionsNamed('malloc').length === 1)
  assert.equal(libc.functionsNamed('no_such_function').length, 0)
  const [versioned] = libc.functionsNamed('malloc@GLIBC_2.2.5')
  if (versioned !== undefined) assert.deepEqual(versioned, libc.functionsNamed('malloc')[0])
  assert.deepEqual(libc.functionsNamed('malloc@GLIBC_9.9'), [])
  using program = new Binary(pie!)
  assert.deepEqual(program.functionsNamed('some_data'), [])
  assert.equal(program.symbolsNamed('some_data')[0]?.sizeBytes, 4)
})

test('files that are no binaries', () => {
  writeFileSync(join(directory, 'text'), 'hello')
  for (const [path, words] of [
    [join(directory, 'text'), 'not an ELF file'],
    [join(directory, 'missing'), 'there is no such file'],
    [directory, 'is a directory'],
    ['/dev/null', 'is not a regular file'],
  ] as const)
    assert.throws(
      () => new Binary(path),
      (error: unknown) => error instanceof ElfError && error.message === `${path}: ${words}`,
    )
})
