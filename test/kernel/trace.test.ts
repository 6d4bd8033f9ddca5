// The tracer on the running kernel: real programs, traced by the command itself, and what it prints of them.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

const beetrace = resolve('bin/beetrace.cjs')
const scratch = mkdtempSync(join(tmpdir(), 'beetrace-trace-'))
after(() => rmSync(scratch, { recursive: true }))

interface Expected {
  readonly status?: number | null
  readonly signal?: string
  /** each must match the trace, in this order */
  readonly lines?: readonly RegExp[]
  /** none may match */
  readonly never?: readonly RegExp[]
  readonly stderr?: RegExp
  readonly stdout?: string
}

/** Runs beetrace with its trace in a file, and compares. */
function check(name: string, args: readonly string[], expected: Expected): void {
  test(name, () => {
    const file = join(scratch, 'trace')
    const run = spawnSync(process.execPath, [beetrace, '-o', file, ...args], { encoding: 'utf8' })
    const trace = readFileSync(file, 'utf8')
    assert.doesNotMatch(run.stderr, /lost|should not have happened/)
    if (expected.signal !== undefined) assert.equal(run.signal, expected.signal, run.stderr)
    else assert.equal(run.status, expected.status ?? 0, run.stderr)
    if (expected.stdout !== undefined) assert.equal(run.stdout, expected.stdout)
    let rest = trace
    for (const line of expected.lines ?? []) {
      const found = new RegExp(line, 'm').exec(rest)
      assert.ok(found, `${line} does not follow in:\n${rest}`)
      rest = rest.slice(found.index + found[0].length)
    }
    for (const line of expected.never ?? []) assert.doesNotMatch(trace, new RegExp(line, 'm'))
  })
}

check('from its own execve to its exit', ['cat', '/etc/hostname'], {
  stdout: readFileSync('/etc/hostname', 'utf8'),
  lines: [
    /^execve\("[^"]*\/cat", \["cat", "\/etc\/hostname"\], 0x[0-9a-f]+ \/\* \d+ vars \*\/\) = 0$/,
    /^openat\(AT_FDCWD, "\/etc\/hostname", O_RDONLY\) += 3$/,
    /^read\(3, "/,
    /^exit_group\(0\) += \?$/,
    /^\+\+\+ exited with 0 \+\+\+$/,
  ],
})
// the array is read sixteen pointers at a time
for (const [count, shown] of [
  [0, '0 vars'],
  [1, '1 var'],
  [15, '15 vars'],
  [16, '16 vars'],
  [40, '40 vars'],
  [170, '170 vars'],
  [400, '176 vars or more'],
] as const) {
  const variables = Array.from({ length: count }, (_, i) => `V${i}=${i}`)
  check(`an environment of ${count}`, ['-e', 'execve', '/usr/bin/env', '-i', ...variables, '/bin/true'], {
    lines: [RegExp(`^execve\\("/bin/true", \\["/bin/true"\\], 0x[0-9a-f]+ /\\* ${shown} \\*/\\) = 0$`)],
  })
}
// the tracer takes what is left of the processors; the command is none the wiser
check(
  'the command keeps the priority we were given, and we step back',
  [
    'sh',
    '-c',
    'sleep 1; read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ nice _ </proc/$$/stat; read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ tracer _ </proc/$PPID/stat; echo $nice $tracer',
  ],
  { stdout: '0 10\n' },
)
check("the command's status", ['sh', '-c', 'exit 7'], {
  status: 7,
  lines: [/^exit_group\(7\)/, /^\+\+\+ exited with 7 \+\+\+$/],
})
check("the command's signal", ['sh', '-c', 'kill -SEGV $$'], {
  signal: 'SIGSEGV',
  lines: [/^--- SIGSEGV \{si_signo=SIGSEGV, si_code=SI_USER/, /^\+\+\+ killed by SIGSEGV/],
})
check('a signal that nothing handles', ['sh', '-c', 'kill -INT $$'], {
  signal: 'SIGINT',
  lines: [
    /^--- SIGINT \{si_signo=SIGINT, si_code=SI_\w+, si_pid=\d+, si_uid=\d+\} ---$/,
    /^\+\+\+ killed by SIGINT \+\+\+$/,
  ],
  never: [/SIGKILL/],
})
check('a signal of the kernel that nothing handles', ['-f', 'sh', '-c', 'yes | head -n 1 >/dev/null'], {
  lines: [
    /^\d+ +--- SIGPIPE \{si_signo=SIGPIPE, si_code=SI_USER, si_pid=\d+/,
    /^\d+ +\+\+\+ killed by SIGPIPE/,
  ],
})
check(
  'signals that are ignored',
  ['-e', 'wait4', 'sh', '-c', '/bin/true; kill -WINCH $$; kill -CONT $$; exit 3'],
  {
    status: 3,
    lines: [
      /^--- SIGCHLD \{si_signo=SIGCHLD, si_code=CLD_EXITED/,
      /^--- SIGWINCH \{si_signo=SIGWINCH, si_code=SI_USER/,
      /^--- SIGCONT \{/,
      /^\+\+\+ exited with 3/,
    ],
  },
)
check(
  'a process that is stopped, and goes on',
  [
    ...['-f', '-e', 'exit_group', 'sh', '-c'],
    'sh -c "kill -STOP \\$\\$; exit 4" & until grep -q "^State:.T" /proc/$!/status; do sleep .1; done; kill -CONT $!; wait $!',
  ],
  {
    status: 4,
    lines: [
      /^\d+ +--- SIGSTOP \{si_signo=SIGSTOP, si_code=SI_USER/,
      /^\d+ +--- stopped by SIGSTOP ---$/,
      /^\d+ +--- SIGCONT \{si_signo=SIGCONT/,
      /^\d+ +exit_group\(4\)/,
    ],
  },
)
check('children with -f, by pid', ['-f', 'sh', '-c', '(exit 3); true'], {
  lines: [
    /^\d+ +execve\(/,
    /^\d+ +exit_group\(3\)/,
    /^\d+ +\+\+\+ exited with 3 \+\+\+$/,
    /^\d+ +\+\+\+ exited with 0/,
  ],
})
check('no children without it', ['sh', '-c', '(exit 3); true'], {
  never: [/exited with 3/],
  lines: [/exited with 0/],
})
check('only the wanted calls', ['-e', 'trace=openat', 'cat', '/etc/hostname'], {
  lines: [/^openat\(/],
  never: [/^(read|close|mmap|execve)\(/],
})
check('only failed calls', ['-Z', 'cat', '/etc/hostname'], {
  lines: [/ = -1 E/, /^\+\+\+ exited with 0/],
  never: [/ = \d+$/, /exit_group/],
})
check('only successful calls', ['-z', 'cat', '/etc/hostname', '/none'], {
  status: 1,
  lines: [/^openat\(.*hostname.* = 3$/],
  never: [/ = -1 E/, /exit_group/],
})
check(
  'the files behind descriptors, though they are closed at once',
  ['-y', '-e', 'chdir,openat,dup2,close,pipe2', 'sh', '-c', 'cd /proc/self; exec 3<stat 3</etc/hostname 2</'],
  {
    lines: [
      /^chdir\("\/proc\/self"\) += 0$/,
      /^openat\(AT_FDCWD<\/proc\/\d+>, "stat", O_RDONLY\) += 3<\/proc\/\d+\/stat>$/,
      /^openat\(AT_FDCWD<\/proc\/\d+>, "\/etc\/hostname", O_RDONLY\) += \d<\/etc\/hostname>$/,
      /^dup2\(\d<\/etc\/hostname>, 3<\/proc\/\d+\/stat>\) += 3<\/etc\/hostname>$/,
      /^close\(\d<\/etc\/hostname>\) += 0$/,
      /^openat\(AT_FDCWD<\/proc\/\d+>, "\/", O_RDONLY\) += \d<\/>$/,
    ],
  },
)
check('a count of calls', ['-c', 'cat', '/etc/hostname'], {
  lines: [/^% time +seconds/, /^ *[\d.]+ +[\d.]+ +\d+ +\d+ +(\d+ +)?\w+$/, / total$/],
})
check('the time a call took', ['-T', '-e', 'nanosleep,clock_nanosleep', 'sleep', '0.05'], {
  lines: [/nanosleep\(.* = 0 <(0\.0[5-9]|0\.[1-9]|[1-9])\d*/],
})

// a call that waits has no processor meanwhile
check('-c counts the time on a processor', ['-c', 'sleep', '0.3'], {
  lines: [/^ *[\d.]+ +0\.0\d+ +\d+ +1 +(clock_)?nanosleep$/],
})
check('-c -w counts the time that passes', ['-c', '-w', 'sleep', '0.3'], {
  lines: [/^ *[\d.]+ +(0\.[3-9]|[1-9]\d*\.)\d+ +\d+ +1 +(clock_)?nanosleep$/],
})

test('JSON, one object a line', () => {
  const file = join(scratch, 'json')
  spawnSync(process.execPath, [beetrace, '--json', '-o', file, 'cat', '/etc/hostname'])
  const objects = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const open = objects.find(o => o.syscall === 'openat' && o.args.filename === '/etc/hostname')
  assert.ok(open !== undefined && open.ret === 3 && open.duration > 0, JSON.stringify(open))
  assert.deepEqual(objects.at(-1).exit, 0)
})

test('what goes in comes out: 20,000 opens, a line each', () => {
  const file = join(scratch, 'many')
  const script = 'i=0; while [ $i -lt 20000 ]; do : < /dev/null; i=$((i+1)); done'
  const run = spawnSync(process.execPath, [beetrace, '-e', 'openat', '-o', file, 'sh', '-c', script], {
    encoding: 'utf8',
  })
  assert.equal(run.status, 0, run.stderr)
  const opens = readFileSync(file, 'latin1')
    .split('\n')
    .filter(line => line.includes('"/dev/null"'))
  assert.equal(opens.length, 20000)
})

test('attached to a process that sleeps in a call, and let go by SIGINT', async () => {
  const sleeper = spawn('sh', ['-c', 'read line; echo $line'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const tracer = spawn(process.execPath, [beetrace, '-p', String(sleeper.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  const saw = (wanted: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!wanted.test(text)) return
        tracer.stderr.off('data', look)
        resolve()
      }
      tracer.stderr.on('data', look)
      tracer.once('exit', () => reject(new Error(`ended before ${wanted}:\n${text}`)))
      look()
    })
  tracer.stderr.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  await saw(/attached/)
  sleeper.stdin.write('x')
  await saw(/read\(0, "x", 1\) += 1/)
  tracer.kill('SIGINT')
  await new Promise(resolve => tracer.once('exit', resolve))
  assert.match(text, /read\(0, +<detached \.\.\.>/)
  const output = new Promise(resolve => sleeper.stdout.once('data', resolve))
  sleeper.stdin.end('y\n')
  assert.equal(String(await output), 'xy\n')
})

const inPidNamespace = (args: readonly string[]) =>
  spawnSync('unshare', ['--pid', '--fork', ...args], { encoding: 'utf8' })
const noPidNamespace =
  inPidNamespace(['--mount-proc', 'true']).status !== 0 && 'unshare makes no pid namespace here'

test('in a pid namespace ids are those seen there, also of one below', { skip: noPidNamespace }, () => {
  const file = join(scratch, 'namespace')
  const trace = [process.execPath, beetrace, '-f', '-e', 'exit_group', '-o', file]
  const run = inPidNamespace([
    '--mount-proc',
    ...trace,
    'sh',
    '-c',
    'echo $$; (exit 3); unshare -pf sh -c "exit 4"',
  ])
  assert.equal(run.status, 4, run.stderr)
  const shell = Number(run.stdout)
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const ended = lines.flatMap(
    line => /^(\d+) +\+\+\+ exited with (\d)/.exec(line)?.slice(1, 3).join(' ') ?? [],
  )
  assert.deepEqual(
    ended,
    [`${shell + 1} 3`, `${shell + 3} 4`, `${shell + 2} 4`, `${shell} 4`],
    lines.join('\n'),
  )
  assert.ok(shell < 1000)
})

test('in a pid namespace, attached by the id seen there', { skip: noPidNamespace }, async () => {
  const file = join(scratch, 'attached')
  const script = 'exec 3<&0; cat <&3 >/dev/null & exec "$@" -p $!'
  const trace = [process.execPath, beetrace, '-e', 'read', '-o', file]
  const run = spawn('unshare', ['--pid', '--fork', '--mount-proc', 'sh', '-c', script, 'sh', ...trace], {
    stdio: ['pipe', 'inherit', 'pipe'],
  })
  let said = ''
  run.stderr.setEncoding('utf8').on('data', chunk => {
    said += chunk
  })
  const ended = new Promise(resolve => run.once('exit', resolve))
  const feeding = setInterval(() => {
    if (existsSync(file) && statSync(file).size > 0) run.stdin.end()
    else run.stdin.write('x\n')
  }, 100)
  assert.equal(await ended, 0)
  clearInterval(feeding)
  assert.match(said, /^beetrace: process \d attached\n$/)
  assert.match(readFileSync(file, 'utf8'), /^(read\(0, "(x\\n)+", \d+\) += \d+\n)+read\(0, "", \d+\) += 0\n/)
})

test('without the /proc of its pid namespace nobody can be attached to', { skip: noPidNamespace }, () => {
  const run = inPidNamespace([process.execPath, beetrace, '-p', '1'])
  assert.equal(run.status, 1)
  assert.match(
    run.stderr,
    /^beetrace: cannot trace process 1: \/proc shows another pid namespace .*mount -t proc/,
  )
})
