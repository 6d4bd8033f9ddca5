// The lines of an introduction to bpftrace, as people type them after reading one: each runs here as it stands there.
// What needs kernel functions runs on kernels that have kprobes.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAtLeast, kernelRelease } from '../../src/kernel/index.ts'
import { MachineKernelFacts } from '../../src/script/run/kernel-facts.ts'
import { bee, Workload } from './bee.ts'
import { libcPath } from './own-libc.ts'

const kernel = new MachineKernelFacts()
const skip = process.getuid?.() === 0 ? false : 'tracing needs root'
const needsKprobes = skip || (kernel.has('kprobe') ? false : 'this kernel has no kprobes')

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'beetrace-article-'))
})
after(() => rm(folder, { recursive: true }))

interface Case {
  readonly name: string
  readonly args: readonly string[]
  /** JavaScript of the process that is traced */
  readonly body: string
  /** each must match the output */
  readonly expect: readonly RegExp[]
  /** the line is for all processes: `-p` keeps to ours */
  readonly everybody?: boolean
  readonly skip?: string | false
}

const run = ({ name, args, body, expect, everybody, skip: reason = skip }: Case): void => {
  test(name, { skip: reason }, async () => {
    using workload = await Workload.start(body)
    const own = args.map(word => word.replaceAll('PID', `${workload.pid}`).replaceAll('LIBC', libcPath()))
    const { stdout, stderr, status } = await bee([...own, ...(everybody ? [] : ['-p', `${workload.pid}`])], {
      then: () => workload.run(),
      until: expect[0]!,
    })
    for (const pattern of expect) assert.match(stdout, pattern, stderr)
    assert.equal(status, 0, stderr)
  })
}

// ---- lists

test('bee -l', { skip }, async () => {
  const { stdout, status } = await bee(['-l'])
  assert.equal(status, 0)
  const lines = stdout.split('\n')
  assert.ok(lines.length > 1000, `${lines.length} probes`)
  for (const probe of [
    'tracepoint:syscalls:sys_enter_read',
    'rawtracepoint:vmlinux:sys_enter',
    'software:cpu-clock:',
  ])
    assert.ok(lines.includes(probe), probe)
  const accepting = ['accept', 'accept4'].flatMap(call => [`enter_${call}`, `exit_${call}`])
  for (const end of accepting) assert.ok(lines.includes(`tracepoint:syscalls:sys_${end}`), end)
})

test('bee -l | grep inet_csk_accept', { skip: needsKprobes }, async () => {
  const { stdout } = await bee(['-l', 'kprobe:*inet_csk_accept*'])
  assert.match(stdout, /^kprobe:inet_csk_accept$/m)
})

test('bee -lv of a tracepoint', { skip }, async () => {
  const { stdout } = await bee(['-lv', 'tracepoint:syscalls:sys_enter_write'])
  // the bytes themselves are new in Linux 6.19
  assert.equal(
    stdout.replace('    __data_loc char[] __buf_val\n', ''),
    'tracepoint:syscalls:sys_enter_write\n' +
      '    int __syscall_nr\n    unsigned int fd\n    const char * buf\n    size_t count\n',
  )
})

// ---- one line

test('hello', { skip }, async () => {
  const { stdout, status } = await bee(['-e', 'BEGIN { printf("hello\\n"); }'], {
    then: () => undefined,
    until: /hello/,
  })
  assert.match(stdout, /^(Attached 1 probe\n)?hello\n/)
  assert.equal(status, 0)
})

const CALLS = {
  accept: "call('accept', -1, 0, 0)",
  accept4: "call('accept4', -1, 0, 0, 0)",
  connect: "call('connect', -1, 0, 0)",
  read: "fs.readFileSync('/proc/self/stat')",
  write: "fs.writeFileSync('/dev/null', 'x')",
  close: "fs.closeSync(fs.openSync('/dev/null'))",
}

for (const [call, body] of Object.entries(CALLS)) {
  run({
    name: call,
    args: ['-e', `tracepoint:syscalls:sys_enter_${call} { printf("${call}\\n"); }`],
    body,
    expect: [new RegExp(`^${call}$`, 'm')],
  })
}

run({
  name: 'a predicate, BEGIN and END',
  args: [
    '-e',
    'BEGIN { printf("from\\n"); } t:syscalls:sys_enter_close /pid == PID/ { printf("close\\n"); } END { printf("to\\n"); }',
  ],
  body: CALLS.close,
  everybody: true,
  expect: [/close/, /^(Attached 3 probes\n)?from\n(close\n)+\n*to\n/],
})

// 6.1 gives programs of these tracepoints the registers of user space, from which no kernel stack starts
const frames = isAtLeast(kernelRelease(), '6.12') ? '\\n(\\s+\\S+\\+\\d+\\n)+' : '\\n(\\s+\\S+\\+\\d+\\n)*'
run({
  name: 'builtins at the end of a call',
  args: [
    '-e',
    't:syscalls:sys_exit_accept /args->ret == args.ret/ { printf("%d %d %d %d %d %s %s %d %d|%s|%d\\n", ' +
      'uid, tid == pid, pid, cpu < ncpus, cgroup > 0, probe, comm, nsecs > 0, curtask > 0, kstack(2), args->ret); }',
  ],
  body: CALLS.accept,
  expect: [RegExp(`^0 1 \\d+ 1 1 tracepoint:syscalls:sys_exit_accept node 1 1\\|${frames}\\|-9$`, 'm')],
})

run({
  name: 'arguments and result of a function',
  args: [
    '-e',
    'u:LIBC:accept { printf("%d %d %d\\n", (int32)arg0, arg1, arg2); } ur:LIBC:accept { printf("= %d\\n", (int32)retval); }',
  ],
  body: CALLS.accept,
  expect: [/^-1 0 0\n= -1$/m],
})

run({
  name: 'variables and maps',
  args: ['-e', 't:syscalls:sys_enter_accept { $idx = 0; $idx += 2; @map = $idx; @of[pid] = $idx; }'],
  body: CALLS.accept,
  expect: [/^@map: 2$/m, /^@of\[\d+\]: 2$/m],
})

run({
  name: 'printf with %ld',
  args: ['-e', 'tracepoint:syscalls:sys_enter_accept4 { printf("accept 4 %ld\\n", pid); }'],
  body: CALLS.accept4,
  expect: [/^accept 4 \d+$/m],
})

run({
  name: 'count of reads',
  args: ['-e', 't:syscalls:sys_enter_read { @[probe] = count(); }'],
  body: CALLS.read,
  expect: [/^@\[tracepoint:syscalls:sys_enter_read\]: \d+$/m],
})

run({
  name: 'memory of the kernel by stack',
  args: ['-e', 't:kmem:kmem_cache_alloc { @bytes[kstack] = sum(args->bytes_alloc); }'],
  body: "for (let i = 0; i < 100; i++) fs.closeSync(fs.openSync('/dev/null'))",
  expect: [/^@bytes\[\n(\s+\S+\+\d+\n)+\]: \d+$/m],
})

run({
  name: 'malloc by user stack',
  args: ['-e', 'u:LIBC:malloc { @[ustack, comm] = sum(arg0); }'],
  body: "call('malloc', 100)",
  expect: [/^@\[\n([ \t]+\S.*\n)+, node\]: \d+$/m],
})

run({
  name: 'brk by user stack',
  args: ['-e', 't:syscalls:sys_enter_brk { @[ustack, comm] = count(); }'],
  body: "call('brk', 0)",
  expect: [/^@\[\n([ \t]+\S.*\n)+, node\]: \d+$/m],
})

run({
  name: 'page faults by user stack',
  args: ['-e', 't:exceptions:page_fault_user { @[ustack, comm] = count(); }'],
  body: 'Buffer.alloc(1 << 24, 1)',
  expect: [/^@\[\n([ \t]+\S.*\n)+, node\]: \d+$/m],
})

run({
  name: 'packets of an interface',
  args: ['-e', 't:net:netif_receive_skb /str(args.name) == "lo"/ { printf("lo %d\\n", args.len); }'],
  body: "await new Promise(done => { const s = require('node:dgram').createSocket('udp4'); s.send('x', 9, '127.0.0.1', () => s.close(done)) })",
  everybody: true,
  expect: [/^lo \d+$/m],
})

// ---- kernel functions

test('without kprobes: what there is instead', {
  skip: skip || (needsKprobes ? false : 'this kernel has kprobes'),
}, async () => {
  const { stderr, status } = await bee([
    '-e',
    'kprobe:ip_output { @[kstack()] = count(); } interval:s:10 { exit(); }',
  ])
  assert.equal(status, 1)
  assert.match(stderr, /it has no kprobes \(CONFIG_KPROBE_EVENTS\); tracepoints are near most functions/)
  assert.match(stderr, /Unable to attach probe: kprobe:ip_output/)
})

run({
  name: 'time in a function',
  args: [
    '-e',
    'kprobe:vfs_read { @t1[tid] = nsecs; } kretprobe:vfs_read /@t1[tid]/ { @ns = hist(nsecs - @t1[tid]); delete(@t1, tid); }',
  ],
  body: CALLS.read,
  skip: needsKprobes,
  expect: [/^@ns:\s*\n(\[.*\)\s+\d+ \|.*\n)+/m],
})

const PING =
  "await new Promise(done => { const s = require('node:dgram').createSocket('udp4'); s.send('x', 9, '127.0.0.1', () => s.close(done)) })"

test('stacks for a while', { skip: needsKprobes }, async () => {
  using workload = await Workload.start(PING)
  const line = 'kprobe:ip_output { @[kstack()] = count(); } interval:s:10 { exit(); }'
  const ran = bee(['-e', line])
  const timer = setTimeout(() => void workload.run(), 4000)
  const { stderr, status } = await ran
  clearTimeout(timer)
  assert.equal(status, 0)
  assert.match(stderr, /Attached 2 probes/)
})

run({
  name: 'three frames',
  args: ['-e', 'kprobe:ip_output { @[kstack(3)] = count(); }'],
  body: PING,
  skip: needsKprobes,
  everybody: true,
  expect: [/^@\[\n(\s+\S+\+\d+\n){3}\]: \d+$/m],
})

// ---- scripts in files

const script = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const scripted = (name: string, text: string, rest: Omit<Case, 'name' | 'args'>): void => {
  test(name, { skip: rest.skip ?? skip }, async () => {
    using workload = await Workload.start(rest.body)
    const { stdout, stderr, status } = await bee([script(name, text)], {
      then: () => workload.run(),
      until: rest.expect[0]!,
    })
    for (const pattern of rest.expect) assert.match(stdout, pattern, stderr)
    assert.equal(status, 0, stderr)
  })
}

const CONNECT = `await new Promise(done => {
  const server = require('node:net').createServer(s => s.end()).listen(0, '127.0.0.1', () => {
    require('node:net').connect(server.address().port, '127.0.0.1').on('close', () => server.close(done)).resume()
  })
})`

scripted(
  'accept.bt',
  `#include <net/sock.h>
BEGIN
{
  printf("%8s %6s %15s", "TIME", "PID", "COMM");
  printf("%20s %6s %20s %6s\\n", "RADDR", "RPORT", "LADDR", "LPORT");
}
kretprobe:inet_csk_accept
{
  $sk = (struct sock*)retval; // what inet_csk_accept gives
  $raddr = ntop($sk->__sk_common.skc_daddr);
  $laddr = ntop($sk->__sk_common.skc_rcv_saddr);
  time("%H:%M:%S");
  printf("%6d %15s", pid, comm);
  printf("%20s, %20s\\n", $raddr, $laddr);
}
`,
  {
    body: CONNECT,
    skip: needsKprobes,
    expect: [/^\d\d:\d\d:\d\d +\d+ +node +127\.0\.0\.1, +127\.0\.0\.1$/m, /TIME +PID +COMM +RADDR/],
  },
)

scripted(
  'accept4.bt',
  `tracepoint:syscalls:sys_enter_accept4
{ printf("accept4 %s\\n", comm);
}
tracepoint:syscalls:sys_enter_accept
{ printf("accept %s\\n", comm);
}
tracepoint:syscalls:sys_enter_connect
{ printf(" connect \\n");
}
tracepoint:syscalls:sys_enter_read
/ comm == "nginx"/
{
  printf(" read %s, %d\\n", comm, pid);
}
tracepoint:syscalls:sys_enter_write
/ comm == "git" || comm == "git-remote-http"/
{
  printf(" write %s, %d, buf: %s\\n", comm, pid, str(args->buf));
}
`,
  {
    body: `${CONNECT}; fs.writeFileSync('/proc/self/comm', 'git'); fs.writeFileSync('/dev/null', 'secret')
      fs.writeFileSync('/proc/self/comm', 'nginx'); fs.readFileSync('/proc/self/stat')`,
    expect: [/^ read nginx, \d+$/m, /^accept4 node$/m, /^ connect $/m, /^ write git, \d+, buf: secret/m],
  },
)

scripted(
  'vfs.bt',
  `#include <linux/fs.h>
#include <linux/path.h>
#include <linux/dcache.h>
kprobe:vfs_open
/ comm == "cat"/
{ printf("vfs_open: %s, name: %s\\n", comm, str(((struct path*)arg0)->dentry->d_name.name));
}
kprobe:vfs_write
/ comm == "cat"/
{
  $file = str(((struct file*)arg0)->f_path.dentry->d_name.name);
  printf("vfs_write: %s, count: %d, buf:%s\\n", $file, arg2, str(arg1));
}
`,
  {
    body: "require('node:child_process').execFileSync('cat', ['/etc/hostname'])",
    skip: needsKprobes,
    expect: [/^vfs_write: .*, count: \d+, buf:/m, /^vfs_open: cat, name: hostname$/m],
  },
)
