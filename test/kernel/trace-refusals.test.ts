// What beetrace says when it cannot do what was asked: one line that names the thing and the next step, and an exit
// status. Each world is made for the test: a mount namespace without a file system, a user without privilege.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { SLOW } from '../slow.ts'

const beetrace = resolve('bin/beetrace.cjs')
const scratch = mkdtempSync(join(tmpdir(), 'beetrace-refused-'))
after(() => rmSync(scratch, { recursive: true }))

interface World {
  /** shell commands run before, in a mount namespace of their own */
  readonly mounts?: string
  /** words before the command: setpriv … */
  readonly as?: readonly string[]
  /** the answer is the kernel's: asked on every one, and not only where starting Node takes little time */
  readonly everyKernel?: true
}

const emulated = SLOW > 1 && 'asked of one kernel only: the answer does not depend on it'

function refused(
  what: string,
  args: readonly string[],
  status: number,
  stderr: RegExp,
  { mounts, as = [], everyKernel }: World = {},
): void {
  test(what, { skip: everyKernel ? false : emulated }, () => {
    const words = [...as, process.execPath, beetrace, ...args]
    const inNamespace = ['unshare', '--mount', 'sh', '-ec', `${mounts}; exec "$@"`, 'sh']
    const [command, ...rest] = mounts === undefined ? words : [...inNamespace, ...words]
    const run = spawnSync(command!, rest, { encoding: 'utf8', timeout: 100_000 * SLOW })
    assert.match(run.stderr, stderr)
    assert.doesNotMatch(run.stderr, /should not have happened/)
    assert.equal(run.status, status, run.stderr)
  })
}

const without = (...capabilities: string[]): World => {
  const set = capabilities.map(name => `-${name}`).join(',')
  return { as: ['setpriv', '--bounding-set', set, '--inh-caps', set] }
}

refused('nothing to trace', [], 2, /^beetrace: name a command to run or a process to attach to/)
refused('a bad value', ['-s', 'x', 'ls'], 2, /^beetrace: -s x: a whole number from 0 to \d+ is needed\n/)
refused('a clock for no table', ['-w', 'ls'], 2, /^beetrace: -w is of use with -c only: beetrace -c -w/)
refused('a call that does not exist', ['-e', 'opnat', 'ls'], 2, /did you mean "openat"\?\n$/)
refused('no such command', ['no-such-command'], 127, /^beetrace: cannot find 'no-such-command' in PATH\n$/)
refused('no such path', ['./no-such'], 127, /^beetrace: cannot run '\.\/no-such': no such file\n$/)
refused(
  'a file that is no program',
  ['/etc/passwd'],
  126,
  /permission denied \(is it executable\? chmod \+x\)\n$/,
)
refused('a folder', ['/tmp'], 126, /it is a directory\n$/)
refused(
  'no such process',
  ['-p', '4194000'],
  1,
  /^beetrace: cannot trace process 4194000: there is no such process\n$/,
)
refused(
  'a thread of the kernel',
  ['-p', '2'],
  1,
  /^beetrace: cannot trace process 2 \(kthreadd\): .*no system calls\n$/,
)
refused(
  'nowhere to write',
  ['-o', '/no/such', 'true'],
  1,
  /'\/no\/such': ENOENT: no such file or directory\n$/,
)
refused(
  'a full device',
  ['-o', '/dev/full', 'true'],
  1,
  /ENOSPC: no space left on device.*; tracing stopped there\n$/,
)
refused('a full disk', ['-o', `${scratch}/trace`, 'find', '/usr/lib', '-name', 'x'], 1, /ENOSPC/, {
  mounts: `mount -t tmpfs -o size=64k none ${scratch}`,
})
refused('a user without privilege', ['true'], 1, /CAP_BPF and CAP_PERFMON missing: run as root/, {
  as: ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'],
})
refused(
  'root without CAP_BPF and CAP_SYS_ADMIN',
  ['true'],
  1,
  /: CAP_BPF missing: root was deprived of it.*--cap-add BPF/,
  without('bpf', 'sys_admin'),
)
refused(
  'root without CAP_PERFMON and CAP_SYS_ADMIN',
  ['true'],
  1,
  /: CAP_PERFMON missing: root was deprived of it.*--cap-add PERFMON/,
  without('perfmon', 'sys_admin'),
)
refused('no types of the kernel', ['true'], 1, /no \/sys\/kernel\/btf\/vmlinux.*CONFIG_DEBUG_INFO_BTF/, {
  mounts: 'mount -t tmpfs none /sys/kernel/btf',
  everyKernel: true,
})
refused('no /sys', ['true'], 1, /is sysfs mounted/, { mounts: 'mount -t tmpfs none /sys' })
refused('no /proc', ['true'], 1, /is proc mounted\? \(mount -t proc proc \/proc\)\n$/, {
  mounts: 'mount -t tmpfs none /proc',
})
// raw tracepoints are attached by name
refused('no tracefs is no hindrance', ['-o', '/dev/null', 'true'], 0, /^$/, {
  mounts: 'mount -t tmpfs none /sys/kernel/tracing; mount -t tmpfs none /sys/kernel/debug',
  everyKernel: true,
})

test("somebody else's process", () => {
  const theirs = spawn('sleep', ['100'])
  try {
    const as = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
    const caps = ['--inh-caps', '+bpf,+perfmon', '--ambient-caps', '+bpf,+perfmon']
    const words = [...as, ...caps, process.execPath, beetrace, '-p', `${theirs.pid}`]
    const run = spawnSync('setpriv', words, { encoding: 'utf8', timeout: 100_000 * SLOW })
    assert.equal(run.status, 1)
    assert.match(
      run.stderr,
      /^beetrace: cannot trace process \d+ \(sleep, user 0\): it belongs to another user: run as/,
    )
  } finally {
    theirs.kill('SIGKILL')
  }
})
