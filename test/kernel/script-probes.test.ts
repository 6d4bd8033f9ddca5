// Scripts on kernel functions, raw tracepoints and iterators before the verifier: with real types out of BTF.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileScript } from '../../src/script/compile.ts'
import { printDiagnostics } from '../../src/script/diagnostics/index.ts'
import { MachineKernelFacts } from '../../src/script/run/kernel-facts.ts'
import { ScriptObjects } from '../../src/script/run/objects.ts'
import { MachineUserFacts } from '../../src/script/run/user-facts.ts'
import { BPF_PROG_TYPE_TRACING } from '../../src/sys/index.ts'
import { since } from './since.ts'

const kernel = new MachineKernelFacts()
const user = new MachineUserFacts()

function skipReason(feature: 'kprobe' | 'fentry' | 'iter' | 'rawtracepoint'): string | false {
  if (process.getuid?.() !== 0) return 'loading programs needs root'
  if (feature === 'rawtracepoint' || kernel.has(feature)) return false
  return `this kernel offers no ${feature}`
}

const FUNC = since('5.15', '`func` (bpf_get_func_ip)')
const COOKIE = since('5.12', 'the cookie of a socket for a tracing program')
const LONG_KEY = since('5.16', 'a key of more than 512 bytes')

const facts = () => ({ kernel, user, run: { positional: [], unsafe: true, environment: {} } })

const loads = (
  feature: Parameters<typeof skipReason>[0],
  script: string,
  needs: readonly (string | false)[] = [],
) =>
  test(`loads: ${script}`, { skip: skipReason(feature) || (needs.find(Boolean) ?? false) }, () => {
    const { compiled, parsed } = compileScript('stdin', script, {}, facts())
    assert.ok(compiled !== undefined, printDiagnostics(parsed.sources, parsed.diagnostics))
    new ScriptObjects(compiled, kernel)[Symbol.dispose]()
  })

loads(
  'rawtracepoint',
  'rawtracepoint:sched_switch { @[args.prev.comm, args.next.pid] = count(); print(arg1); }',
)
loads(
  'kprobe',
  'kprobe:vfs_read { @[arg2, ((struct file *)arg0)->f_mode] = count(); print(func); @k[kstack] = count(); }',
  [FUNC],
)
loads('kprobe', 'kretprobe:vfs_read { @ = hist(retval); @f[func] = count(); }', [FUNC])
loads('kprobe', 'kprobe:vfs_* { @[probe] = count(); }')
// both ends: one program where the kernel has kprobe sessions
loads(
  'kprobe',
  'kprobe:vfs_read { @s[tid] = nsecs; print((func, str(arg1))); } kretprobe:vfs_read /@s[tid]/ { @ = hist(retval); print((retval, kstack)); }',
  [FUNC],
)
loads('fentry', 'fentry:vfs_read { @[args.count, args.file->f_path.dentry->d_name.len] = count(); }')
loads('fentry', 'fexit:vfs_read { @ = hist(retval); print(args.file->f_mode); printf("%s", str(args.buf)); }')
loads(
  'fentry',
  'fentry:filp_close { printf("%s\\n", path(args.filp->f_path)); @[path(args.filp->f_path)] = count(); }',
  [LONG_KEY],
)
loads(
  'fentry',
  'fentry:vfs_read { @[func, comm, args.file->f_inode->i_ino, curtask->real_parent->comm] = count(); return 1; }',
  [FUNC],
)
loads('iter', 'iter:task { printf("%s %d\\n", ctx->task->comm, ctx->task->pid); }')
loads('iter', 'iter:task_file { printf("%d %s\\n", ctx->fd, path(ctx->file->f_path)); }', [
  since('5.11', 'a path in an iterator'),
])
loads(
  'rawtracepoint',
  'rawtracepoint:consume_skb { $r = skboutput("/dev/null", (struct sk_buff *)arg0, 64, 0); print($r); }',
)
loads('rawtracepoint', 'rawtracepoint:inet_sock_set_state { @[socket_cookie(args.sk)] = count(); }', [COOKIE])
loads('fentry', 'fexit:tcp_v4_connect { @[socket_cookie(args.sk)] = count(); }', [COOKIE])

const callsKfunc = (probe: string, feature: Parameters<typeof skipReason>[0]) => {
  const allowed =
    process.getuid?.() === 0 && kernel.mayCall('bpf_task_from_pid', BPF_PROG_TYPE_TRACING) === true
  const reason = skipReason(feature) || (allowed ? false : 'this kernel has no bpf_task_from_pid')
  test(`${probe} calls a function of the kernel`, { skip: reason }, () => {
    const script = `${probe} { $t = bpf_task_from_pid(1); if ($t != 0) { @ = $t.pid; bpf_task_release($t); } print(comm(1)); }`
    const { compiled, parsed } = compileScript('stdin', script, {}, facts())
    assert.ok(compiled !== undefined, printDiagnostics(parsed.sources, parsed.diagnostics))
    new ScriptObjects(compiled, kernel)[Symbol.dispose]()
  })
}
callsKfunc('iter:task', 'iter')
callsKfunc('fentry:vfs_read', 'fentry')

test('what other programs have can be traced', { skip: skipReason('fentry') }, () => {
  const first = compileScript('stdin', 'interval:100ms { @ = count(); }', {}, facts())
  using traced = new ScriptObjects(first.compiled!, kernel)
  const { id } = traced.programs[0]!.program.info()
  const script = `fentry:bpf:${id}:interval_us_* { @[probe] = count(); }`
  const { compiled, parsed } = compileScript('stdin', script, {}, facts())
  assert.ok(compiled !== undefined, printDiagnostics(parsed.sources, parsed.diagnostics))
  assert.equal(compiled.programs[0]!.places[0]!.probe, `fentry:bpf:${id}:interval_us_100000_1`)
  new ScriptObjects(compiled, kernel)[Symbol.dispose]()
})
