// A BPF file system of a new user namespace that passes on rights, as a container manager makes it: the namespace begins the
// mount, and who is privileged outside gives it its options (the kernel's selftest prog_tests/token.c does the same).

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'

const SYS_FSOPEN = 430
const SYS_FSCONFIG = 431
const SYS_FSMOUNT = 432
const SYS_PIDFD_OPEN = 434
const SYS_PIDFD_GETFD = 438
const FSCONFIG_SET_STRING = 1
const FSCONFIG_CMD_CREATE = 6

/** In the namespace: tells the number of the descriptor, and keeps it. */
const begin = (koffi: string) => `
  const koffi = require(${JSON.stringify(koffi)})
  const syscall = koffi.load(null).func('long syscall(long nr, str name, long flags)')
  console.log(syscall(${SYS_FSOPEN}, 'bpf', 0))
  process.stdin.resume()
`

export interface DelegatingBpfFs {
  /** of the mounted root */
  readonly fd: number
  /** runs a script of Node's in the user namespace, with `fd` as its descriptor 3 */
  run(script: string, env?: Record<string, string>): { status: number | null; stdout: string; stderr: string }
  close(): void
}

/** Undefined where user namespaces or this way to mount are not to be had. */
export async function delegatingBpfFs(
  options: Readonly<Record<string, string>>,
): Promise<DelegatingBpfFs | undefined> {
  const require = createRequire(import.meta.url)
  const koffi = require('koffi') as typeof import('koffi')
  const libc = koffi.load(null)
  const syscall = libc.func('long syscall(long nr, long a, long b, long c, long d, long e)')
  const withText = libc.func('long syscall(long nr, long fd, long cmd, str key, str value, long aux)')
  const words = [
    '--user',
    '--map-root-user',
    '--mount',
    process.execPath,
    '-e',
    begin(require.resolve('koffi')),
  ]
  const child = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const end = () => child.stdin.end()
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => ['-1']),
  ])) as [unknown]
  const theirs = Number(String(line))
  const pidfd = Number(syscall(SYS_PIDFD_OPEN, child.pid!, 0, 0, 0, 0))
  const context = theirs < 0 ? -1 : Number(syscall(SYS_PIDFD_GETFD, pidfd, theirs, 0, 0, 0))
  const done = (): number => {
    if (context < 0) return -1
    for (const [name, value] of Object.entries(options))
      if (Number(withText(SYS_FSCONFIG, context, FSCONFIG_SET_STRING, name, value, 0)) !== 0) return -1
    if (Number(syscall(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0)) !== 0) return -1
    return Number(syscall(SYS_FSMOUNT, context, 0, 0, 0, 0))
  }
  const fd = done()
  if (fd < 0) {
    end()
    return undefined
  }
  return {
    fd,
    run: (script, env = {}) => {
      const { status, stdout, stderr } = spawnSync(
        'nsenter',
        [`--user=/proc/${child.pid}/ns/user`, process.execPath, '--input-type=module', '-e', script],
        { stdio: ['ignore', 'pipe', 'pipe', fd], env: { ...process.env, ...env }, encoding: 'utf8' },
      )
      return { status, stdout, stderr }
    },
    close: end,
  }
}
