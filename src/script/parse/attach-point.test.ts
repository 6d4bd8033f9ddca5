// Attach points: what each form means, and bpftrace's words for those that mean nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AttachPointContext, attachPointsOfAll, parseScript } from './index.ts'

function read(source: string, context: Partial<AttachPointContext> = {}) {
  const { script, diagnostics } = parseScript('stdin', `${source} { }`)
  assert.ok(diagnostics.ok, source)
  const probes = attachPointsOfAll(script.probes, { parameters: [], ...context }, diagnostics)
  return { specs: probes.flat().map(({ node, ...rest }) => rest), texts: diagnostics.list.map(d => d.text) }
}

/** The fields that differ from a plain kprobe and a plain uprobe. */
const kprobe = { provider: 'kprobe', name: null, module: null, function: '', offset: 0n, address: null }
const uprobe = {
  provider: 'uprobe',
  name: null,
  path: '/bin/sh',
  language: null,
  function: '',
  offset: 0n,
  address: null,
  source: null,
}
const fentry = { provider: 'fentry', name: null, module: null, function: 'f', bpf: null }
const timer = { provider: 'interval', name: null, unit: 's', rate: 1n }

const understood: readonly (readonly [string, object])[] = [
  ['begin', { provider: 'begin', name: null }],
  ['BEGIN', { provider: 'begin', name: null }],
  ['end:*', { provider: 'end', name: null }],
  ['self:signal:SIGUSR1', { provider: 'self', name: null, trigger: 'signal', signal: 'SIGUSR1' }],
  ['test:a', { provider: 'test', name: null, title: 'a' }],
  ['k:vfs_read', { ...kprobe, function: 'vfs_read' }],
  ['Kprobe:ext4:e*', { ...kprobe, module: 'ext4', function: 'e*' }],
  ['kr:f', { ...kprobe, provider: 'kretprobe', function: 'f' }],
  ['k:"f.isra.0"+0x10', { ...kprobe, function: 'f.isra.0', offset: 16n }],
  ['mine=k:f', { ...kprobe, name: 'mine', function: 'f' }],
  ['f:f', fentry],
  ['kretfunc:m:f', { ...fentry, provider: 'fexit', module: 'm' }],
  ['fentry:bpf:f', { ...fentry, bpf: { id: null } }],
  ['fentry:bpf:12:f', { ...fentry, bpf: { id: 12n } }],
  ['u:/bin/sh:main', { ...uprobe, function: 'main' }],
  ['uretprobe:/bin/sh:main', { ...uprobe, provider: 'uretprobe', function: 'main' }],
  ['u:/bin/sh:main+8', { ...uprobe, function: 'main', offset: 8n }],
  ['u:/bin/sh:0x123', { ...uprobe, address: 0x123n }],
  ['u:/bin/sh:cpp:"a::b(int, char)"', { ...uprobe, language: 'cpp', function: 'a::b(int, char)' }],
  ['u:/bin/sh@main.c:12', { ...uprobe, source: { file: 'main.c', line: 12, column: null } }],
  ['u:/bin/sh@main.c:12:3', { ...uprobe, source: { file: 'main.c', line: 12, column: 3 } }],
  ['U:/bin/sh:a:b', { provider: 'usdt', name: null, path: '/bin/sh', namespace: 'a', function: 'b' }],
  ['usdt:*:b', { provider: 'usdt', name: null, path: '*', namespace: null, function: 'b' }],
  ['t:sched:sched_*', { provider: 'tracepoint', name: null, category: 'sched', event: 'sched_*' }],
  ['t:*exec*', { provider: 'tracepoint', name: null, category: '*', event: '*exec*' }],
  ['rt:sys_enter', { provider: 'rawtracepoint', name: null, module: '*', event: 'sys_enter' }],
  ['i:s:1', timer],
  ['interval:1e6', { ...timer, unit: 'us', rate: 1000n }],
  ['interval:5ms', { ...timer, unit: 'us', rate: 5000n }],
  ['p:hz:99', { ...timer, provider: 'profile', unit: 'hz', rate: 99n }],
  ['s:cs', { provider: 'software', name: null, event: 'cs', count: null }],
  ['h:cache-misses:1e6', { provider: 'hardware', name: null, event: 'cache-misses', count: 1_000_000n }],
  ['w:0x1000:8:wr', { provider: 'watchpoint', name: null, address: 0x1000n, lengthBytes: 8, mode: 'rw' }],
  ['iter:task', { provider: 'iter', name: null, iterator: 'task', pin: null }],
  ['it:task:/sys/x', { provider: 'iter', name: null, iterator: 'task', pin: '/sys/x' }],
]

test('forms', () => {
  for (const [source, spec] of understood)
    assert.deepEqual(read(source), { specs: [spec], texts: [] }, source)
})

const refused: readonly (readonly [string, string])[] = [
  ['nope:f', 'Invalid probe type: nope'],
  ['zz*:f', 'No probe type matched for zz*'],
  ['begin:f', 'begin probe type requires 0 arguments, found 1'],
  ['bench', 'bench probe type requires 1 arguments, found 0'],
  ['k', 'kprobe probe type requires 1 or 2 arguments, found 0'],
  ['k:f+1+2', 'Cannot take more than one offset'],
  ['k:f+', 'Invalid offset'],
  ['k:f+x', 'Invalid offset: invalid integer: x'],
  ['kr:f+1', 'Offset not allowed'],
  ['k:0x123', 'Probing by address requires --unsafe'],
  ['u:f', 'uprobe probe type requires 2 or 3 arguments, found 1'],
  ['u:/a*:0x1', 'Cannot use wildcards with absolute address'],
  ['u:/a:rust:f', 'unsupported language type: rust'],
  ['u:/a@b.c', 'Invalid uprobe arguments, expected format: uprobe:TARGET@FILE:LINE[:COL]'],
  ['t:f', 'tracepoint probe type requires 2 arguments, found 1'],
  ['rt', 'rawtracepoint probe type requires 2 or 1 arguments, found 0'],
  ['i:s:x', 'Invalid rate of interval probe: invalid integer: x'],
  ['i:100', 'Invalid rate of interval probe. Minimum is 1000 or 1us. Found: 100 nanoseconds'],
  ['i:s:0', 'interval frequency should be a positive integer'],
  ['i:weeks:1', 'weeks is not an accepted unit of time'],
  ['s:nope', 'nope is not a software probe'],
  ['s:*', 'wildcards are not allowed for software probe type'],
  ['w:0:8:w', 'watchpoint must be attached to a non-zero address'],
  ['w:1:3:w', 'watchpoint length must be one of (1,2,4,8)'],
  ['w:1:8:q', 'watchpoint mode must be combination of (r,w,x)'],
  ['w:1:8:ww', 'watchpoint modes may not be duplicated'],
  ['w:1:8:r', 'invalid watchpoint mode: r'],
  ['self:signal:SIGHUP', 'SIGHUP is not a supported signal'],
  ['it:t*', 'iter probe type does not support wildcards'],
  ['it:task,it:task', 'iter probe only supports one attach point.'],
  ['::k', 'No attach points for probe'],
  [
    'k:$a',
    'invalid trailing character for positional param: a. Try quoting this entire part if this is intentional e.g. "$a".',
  ],
  [
    'k:$0',
    'invalid trailing character for positional param: 0. Try quoting this entire part if this is intentional e.g. "$0".',
  ],
  ['test:a { } test:a', '"a" was used as the name for more than one TEST probe'],
]

test('refusals', () => {
  for (const [source, text] of refused) assert.deepEqual(read(source).texts, [text], source)
})

test('what the command line brings', () => {
  const parameters = ['vfs_read', 's:5', '4']
  assert.deepEqual(read('k:$1+$3', { parameters }).specs, [{ ...kprobe, function: 'vfs_read', offset: 4n }])
  assert.deepEqual(read('i:$2', { parameters }).specs, [{ ...timer, rate: 5n }])
  assert.deepEqual(read('k:"$1"', { parameters }).specs, [{ ...kprobe, function: '$1' }])
  assert.deepEqual(read('k:0x123', { unsafe: true }).specs, [{ ...kprobe, address: 0x123n }])
  assert.deepEqual(read('u:f', { pidPath: '/bin/sh' }).specs, [{ ...uprobe, function: 'f' }])
  assert.deepEqual(read('k:$1', { parameters: ['$1'] }).texts, [
    'positional parameter is not valid: it never ends',
  ])
})

test('a wildcard probe type becomes several attach points', () => {
  const providers = (source: string) => read(source).specs.map(s => s.provider)
  assert.deepEqual(providers('k*:f'), ['kprobe', 'fentry'])
  assert.deepEqual(providers('u*:/bin/sh:f'), ['uprobe', 'usdt'])
  assert.deepEqual(providers('*tracepoint:a:b'), ['tracepoint', 'rawtracepoint'])
})
