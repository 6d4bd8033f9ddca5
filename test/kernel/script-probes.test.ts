// Scripts on kernel functions, raw tracepoints and iterators before the verifier: with real types out of BTF.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileScript } from '../../src/script/compile.ts'
import { printDiagnostics } from '../../src/script/diagnostics/index.ts'
import { MachineKernelFacts } from '../../src/script/run/kernel-facts.ts'
import { ScriptObjects } from '../../src/script/run/objects.ts'
import { MachineUserFacts } from '../../src/script/run/user-facts.ts'

const kernel = new MachineKernelFacts()
const user = new MachineUserFacts()

function skipReason(feature: 'kprobe' | 'fentry' | 'iter' | 'rawtracepoint'): string | false {
  if (process.getuid?.() !== 0) return 'loading programs needs root'
  if (feature === 'rawtracepoint' || kernel.has(feature)) return false
  return `this kernel offers no ${feature}`
}

const loads = (feature: Parameters<typeof skipReason>[0], script: string) =>
  test(`loads: ${script}`, { skip: skipReason(feature) }, () => {
    const run = { positional: [], unsafe: true, environment: {} }
    const { compiled, parsed } = compileScript('stdin', script, {}, { kernel, user, run })
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
)
loads('kprobe', 'kretprobe:vfs_read { @ = hist(retval); @f[func] = count(); }')
loads('kprobe', 'kprobe:vfs_* { @[probe] = count(); }')
loads('fentry', 'fentry:vfs_read { @[args.count, args.file->f_path.dentry->d_name.len] = count(); }')
loads('fentry', 'fexit:vfs_read { @ = hist(retval); print(args.file->f_mode); printf("%s", str(args.buf)); }')
loads(
  'fentry',
  'fentry:filp_close { printf("%s\\n", path(args.filp->f_path)); @[path(args.filp->f_path)] = count(); }',
)
loads(
  'fentry',
  'fentry:vfs_read { @[func, comm, args.file->f_inode->i_ino, curtask->real_parent->comm] = count(); return 1; }',
)
loads('iter', 'iter:task { printf("%s %d\\n", ctx->task->comm, ctx->task->pid); }')
loads('iter', 'iter:task_file { printf("%d %s\\n", ctx->fd, path(ctx->file->f_path)); }')
