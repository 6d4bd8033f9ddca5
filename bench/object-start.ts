// From start to loaded and attached, next to libbpf in C (bench/peers/object-start.c): an object of one program and one map, and
// one of 64 programs, 32 maps and 2,560 CO-RE reads. Wall and CPU time, and the peak of memory, by the time the last program is
// attached, which is seen from outside: its link is there. Fresh processes, interleaved.
//
//     node build/bench/object-start.js [ROUNDS]         needs root, clang, cc and libbpf-dev

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SyscallError } from '../src/errors/index.ts'
import { openLinkById } from '../src/link/index.ts'
import { bpfGetNextId } from '../src/sys/index.ts'
import { compilePeer, scratch, show, spread, table } from './measure.ts'

/** Rarely passed by anyone: what is attached there costs the machine nothing. */
const TRACEPOINT = 'oom_score_adj_update'

const FIELDS = [
  'pid',
  'tgid',
  'flags',
  'prio',
  'static_prio',
  'normal_prio',
  'exit_code',
  'exit_signal',
  'policy',
  'on_rq',
]

function source(programs: number, maps: number, reads: number): string {
  const lines = [
    'typedef unsigned int u32; typedef unsigned long long u64;',
    '#define SEC(name) __attribute__((section(name), used))',
    'static long (*map_update)(void *, const void *, const void *, u64) = (void *)2;',
    'static u64 (*get_task)(void) = (void *)35;',
    'static long (*probe_read_kernel)(void *, u32, const void *) = (void *)113;',
    `struct task_struct { ${FIELDS.map(name => `int ${name};`).join(' ')} } __attribute__((preserve_access_index));`,
    '#define READ(field) ({ int value = 0; probe_read_kernel(&value, 4, __builtin_preserve_access_index(&task->field)); value; })',
  ]
  for (let i = 0; i < maps; i++)
    lines.push(`struct { int (*type)[1]; int (*max_entries)[64]; u32 *key; u64 *value; } m${i} SEC(".maps");`)
  for (let i = 0; i < programs; i++) {
    lines.push(
      `SEC("raw_tp/${TRACEPOINT}") int p${i}(void *ctx) {`,
      `  struct task_struct *task = (void *)get_task(); u64 sum = 0; u32 key = ${i};`,
    )
    for (let j = 0; j < reads; j++) lines.push(`  sum += READ(${FIELDS[j % FIELDS.length]}) + ${j};`)
    lines.push(`  map_update(&m${i % maps}, &key, &sum, 0); return 0; }`)
  }
  lines.push('char LICENSE[] SEC("license") = "GPL";')
  return lines.join('\n')
}

function compiled(name: string, text: string): string {
  const [from, to] = [join(scratch, `${name}.bpf.c`), join(scratch, `${name}.bpf.o`)]
  writeFileSync(from, text)
  const clang = process.env.CLANG ?? 'clang-19'
  const made = spawnSync(clang, ['-g', '-O2', '-target', 'bpf', '-mcpu=v3', '-c', from, '-o', to], {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`${clang}: ${made.stderr || made.error}`)
  return to
}

interface Start {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMiB: number
}

/** Starts a command, and looks from outside when it has `links` links at the tracepoint. */
async function start(command: readonly string[], links: number): Promise<Start> {
  let last = 0
  for (let id = bpfGetNextId('link', last); id > 0; id = bpfGetNextId('link', last)) last = id
  const begin = performance.now()
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', text => (errors += text))
  let found = 0
  while (found < links && child.exitCode === null) {
    const id = bpfGetNextId('link', last)
    if (id > 0) {
      last = id
      if (isOurs(id)) found++
    } else await new Promise(resolve => setTimeout(resolve, 0))
    if (performance.now() - begin > 60_000) break
  }
  const wallMs = performance.now() - begin
  if (found < links) throw new Error(`${command.join(' ')}: ${found} of ${links} links: ${errors}`)
  const result = { wallMs, ...usage(child.pid!) }
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  return result
}

function isOurs(id: number): boolean {
  for (;;) {
    try {
      using link = openLinkById(id)
      const info = link.info()
      return info !== undefined && 'name' in info && info.name === TRACEPOINT
    } catch (error) {
      // it has its number, and is not finished
      if (error instanceof SyscallError && error.errnoName === 'EAGAIN') continue
      // gone again: another process's
      return false
    }
  }
}

/** All its threads' time, and its largest size, so far. */
function usage(pid: number): { cpuMs: number; peakMiB: number } {
  let ns = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return { cpuMs: ns / 1e6, peakMiB: Number(peak![1]) / 1024 }
}

/** What Node itself takes: started, with koffi, with the kernel's types read. */
function floor(script: string): Start {
  const begin = performance.now()
  const path = join(scratch, 'usage')
  const report = `const u = process.resourceUsage(); require('fs').writeFileSync(${JSON.stringify(path)}, JSON.stringify({ cpuMs: (u.userCPUTime + u.systemCPUTime) / 1000, peakMiB: u.maxRSS / 1024 }))`
  const { status, stderr } = spawnSync(process.execPath, ['-e', `${script}; ${report}`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return { wallMs: performance.now() - begin, ...JSON.parse(readFileSync(path, 'utf8')) }
}

const rounds = Number(process.argv[2] ?? 11)
const peer = compilePeer('object-start', '-lbpf')
const objects = [
  { name: 'small', path: compiled('small', source(1, 1, 1)), links: 1 },
  { name: '64 programs', path: compiled('large', source(64, 32, 40)), links: 64 },
]
const library = join(scratch, 'library.mjs')
const { href } = new URL('../../dist/index.js', import.meta.url)
writeFileSync(
  library,
  `import { openObject } from ${JSON.stringify(href)}
   const object = openObject(process.argv[2]).load()
   object.attach()
   setInterval(() => {}, 1 << 30)`,
)
const koffi = `require(${JSON.stringify(join(process.cwd(), 'node_modules/koffi'))})`
const runs: Record<string, () => Start | Promise<Start>> = {
  'node alone': () => floor(''),
  'node, koffi, BTF read': () =>
    floor(`${koffi}.load(null); require('fs').readFileSync('/sys/kernel/btf/vmlinux')`),
}
for (const { name, path, links } of objects) {
  runs[`${name}: libbpf`] = () => start([peer, path], links)
  runs[`${name}: library`] = () => start([process.execPath, library, path], links)
  runs[`${name}: bee run`] = () => start(['bin/bee', 'run', path], links)
}
// the first run of `bee` builds, and keeps its compiled code
spawnSync('bin/bee', ['--version'])
for (const run of Object.values(runs)) await run()
const results: Record<string, Start[]> = {}
for (let round = 0; round < rounds; round++)
  for (const [name, run] of Object.entries(runs)) (results[name] ??= []).push(await run())

const rows = [['', 'wall ms', 'CPU ms', 'peak MiB', 'above the floor: wall', 'CPU (least)']]
const least = (name: string, what: keyof Start) => Math.min(...results[name]!.map(each => each[what]))
for (const [name, all] of Object.entries(results)) {
  const above = (what: keyof Start) => (least(name, what) - least('node, koffi, BTF read', what)).toFixed(1)
  const own = /library|bee/.test(name)
  rows.push([
    name,
    show(spread(all.map(each => each.wallMs))),
    show(spread(all.map(each => each.cpuMs))),
    show(spread(all.map(each => each.peakMiB))),
    ...(own ? [above('wallMs'), above('cpuMs')] : ['', '']),
  ])
}
console.log(table(rows))
