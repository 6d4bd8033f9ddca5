// What is said when the machine lacks something or this process may not: each in a process and mount namespace of its own.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const KERNEL = new URL('../../src/kernel/index.js', import.meta.url)
const LINK = new URL('../../src/link/index.js', import.meta.url)
const PROGRAMS = new URL('./kernel-programs.js', import.meta.url)

const NOBODY = 'process.setgroups([]); process.setgid(65534); process.setuid(65534);'

interface Situation {
  /** shell commands run as root in the new mount namespace */
  readonly prepare?: string
  /** JavaScript run before privileges are dropped */
  readonly asRoot?: string
  /** JavaScript that should fail */
  readonly run: string
  readonly asNobody?: boolean
  /** why it cannot be brought about here */
  readonly skip?: string | false
}

/** The situation's error must have this code and message. */
const refused = (what: string, situation: Situation, code: string, message: RegExp) =>
  test(what, { skip: situation.skip ?? false }, () => {
    const script = `
      import * as kernel from '${KERNEL}'
      import * as link from '${LINK}'
      import * as programs from '${PROGRAMS}'
      ${situation.asRoot ?? ''}
      ${situation.asNobody ? NOBODY : ''}
      try { ${situation.run}; console.log('no error') } catch (error) { console.log(error.code, error.message) }
      process.exit()`
    const shell = `${situation.prepare ?? ':'}; exec "$0" --input-type=module -e "$1"`
    const made = spawnSync('unshare', ['--mount', 'sh', '-c', shell, process.execPath, script], {
      encoding: 'utf8',
    })
    const [, given, text] = /^(\S+) ([\s\S]*)\n$/.exec(made.stdout) ?? []
    assert.equal(given, code, made.stdout + made.stderr)
    assert.match(text!, message)
  })

const UNMOUNT_TRACEFS =
  'umount -a -t tracefs,debugfs 2>/dev/null; umount /sys/kernel/tracing /sys/kernel/debug 2>/dev/null'

refused(
  'tracefs that may not be mounted',
  { prepare: UNMOUNT_TRACEFS, asNobody: true, run: 'kernel.openTraceFs()' },
  'EPERM',
  /^mount tracefs on \/sys\/kernel\/tracing: operation not permitted .*sudo mount -t tracefs tracefs \/sys\/kernel\/tracing/,
)
refused(
  'tracefs that may not be read',
  {
    asRoot: 'const tracefs = kernel.openTraceFs()',
    asNobody: true,
    run: "tracefs.format('sched', 'sched_switch')",
  },
  'TRACEFS',
  /EACCES.*run as root/,
)
refused(
  'a kernel without tracing',
  { prepare: `${UNMOUNT_TRACEFS}; mount -t tmpfs none /sys/kernel`, run: 'kernel.openTraceFs()' },
  'NOT_SUPPORTED',
  /there is no \/sys\/kernel\/tracing.*CONFIG_TRACING/,
)
refused(
  'bpffs that may not be mounted',
  { prepare: 'umount -a -t bpf 2>/dev/null', asNobody: true, run: 'kernel.openBpfFs()' },
  'EPERM',
  /sudo mount -t bpf bpf \/sys\/fs\/bpf/,
)
refused(
  'a kernel without BTF',
  { prepare: 'mount -t tmpfs none /sys/kernel/btf', run: 'kernel.vmlinuxBtf()' },
  'NOT_SUPPORTED',
  /CONFIG_DEBUG_INFO_BTF/,
)
refused(
  'symbols without CAP_SYSLOG',
  { asNobody: true, run: "kernel.readKernelSymbols().lookup('vfs_read')" },
  'KALLSYMS_RESTRICTED',
  /CAP_SYSLOG/,
)
refused(
  'a feature without privilege',
  { asNobody: true, run: 'kernel.requireFeature(kernel.features.ringBuffer)' },
  'PRIVILEGE',
  /^cannot use BPF_MAP_TYPE_RINGBUF: CAP_BPF and CAP_PERFMON missing: run as root/,
)
refused(
  'tracing without privilege',
  { asNobody: true, run: "kernel.checkPrivileges('trace system calls')" },
  'PRIVILEGE',
  /setcap cap_bpf,cap_perfmon\+ep/,
)
/** A process in a chroot makes none, for one (kernel/user_namespace.c), and this is how the test machines start. */
const userNamespace = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { encoding: 'utf8' })

refused(
  'root of a user namespace',
  {
    run: `const { spawnSync } = await import('node:child_process')
      const inner = "import('${KERNEL}').then(k => k.checkPrivileges('trace')).catch(e => console.log(e.code, e.message))"
      const made = spawnSync('unshare', ['--user', '--map-root-user', process.execPath, '-e', inner], { encoding: 'utf8' })
      const [, code, message] = /^(\\S+) (.*)/.exec(made.stdout)
      throw Object.assign(new Error(message), { code })`,
    skip: userNamespace.status !== 0 && `no user namespace to be had: ${userNamespace.stderr.trim()}`,
  },
  'PRIVILEGE',
  /user namespace/,
)
refused(
  'a tracepoint without privilege',
  {
    asRoot: `const program = programs.countEventsOf(process.pid, 5), tracefs = kernel.openTraceFs()
      tracefs.format('sched', 'sched_switch')`,
    asNobody: true,
    run: "link.attachTracepoint(program, 'sched', 'sched_switch', { tracefs, mode: 'ioctl' })",
  },
  'EACCES',
  /CAP_PERFMON/,
)
refused(
  'no descriptors left',
  {
    prepare: 'ulimit -n 256' /* Node opens all modules that are imported at once */,
    asRoot: 'kernel.askFeature(kernel.features.isaV2)', // what it takes to ask is open by now
    run: `const { openSync } = await import('node:fs')
      try { for (;;) openSync('/dev/null') } catch {}
      kernel.requireFeature(kernel.features.ringBuffer)`,
  },
  'REFUSED',
  /too many open files/,
)
