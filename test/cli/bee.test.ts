// `bee` as a person meets it: what it says and how it ends. Needs a build; parts that load programs need root.

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { type CliOptions, cli, compare, type Expectation, runCli } from './cli.ts'

const isRoot = process.getuid?.() === 0
const needsRoot: CliOptions = isRoot ? {} : { skip: 'loading programs needs root' }
const folder = mkdtempSync(join(tmpdir(), 'beetrace-bee-'))
after(() => rmSync(folder, { recursive: true }))

const bee = (args: readonly string[], expected: Expectation, options: CliOptions = {}) =>
  cli('bee', args, expected, options)

const file = (name: string, content: string | Uint8Array, mode = 0o644): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

// What needs no kernel

bee(['--help'], {
  stdout: text => {
    const lines = text.trimEnd().split('\n')
    assert.ok(lines.length <= 24, `${lines.length} lines`)
    for (const line of lines) assert.ok(line.length <= 80, line)
    assert.match(text, /^USAGE:\n {2}bee [\s\S]*Exit status[\s\S]*\nExamples\n/)
  },
})
bee(['-V'], { stdout: /^bee \d+\.\d+\.\d+\n$/ })
bee(['--info'], { stdout: /^System\n {2}OS: Linux [\s\S]*\nProbe types\n/ })

// Wrong arguments: the reason first, then how it is meant, status 2

const wrong = (args: readonly string[], reason: RegExp) =>
  bee(args, {
    status: 2,
    stderr: text => {
      assert.match(text, reason)
      assert.match(text, /^ERROR: .*\nUSAGE:\n {2}bee [\s\S]*\nTry 'bee --help'\.\n$/)
    },
  })

wrong([], /name a script, or give one with -e/)
wrong(['--nope'], /Unknown option '--nope'/)
wrong(['-e'], /-e takes a value/)
wrong(['-p', '-5', '-e', 'begin {}'], /-p takes a value/)
wrong(['-p', '1', '-c', 'ls', '-e', 'begin {}'], /-p and -c exclude each other/)
wrong(['-B', 'some', '-e', 'begin {}'], /-B takes line, full, none, not 'some'/)
wrong(['-d', 'some', '-e', 'begin {}'], /-d takes ast, types, ir, insns, not 'some'/)
wrong(['-c', '', '-e', 'begin {}'], /-c takes a command, not an empty string/)
wrong(['-c', 'echo "a', '-e', 'begin {}'], /a " is not closed in: echo "a/)
wrong(['-l', 'a', 'b'], /-l takes one pattern, not 2: quote it/)

// Its commands for compiled objects say the same, each of itself

for (const command of ['run', 'prog', 'gen', 'build', 'btf']) {
  bee([command, '--help'], {
    stdout: text => {
      assert.match(text, RegExp(`^usage: bee ${command} `))
      assert.ok(text.split('\n').length <= 30, text)
    },
  })
  bee([command], {
    status: 2,
    stderr: RegExp(`^ERROR: .*bee ${command}.*\nTry 'bee ${command} --help'\\.\n$`),
  })
}

for (const words of ['prog load', 'prog tracelog', 'gen skeleton', 'btf dump'])
  bee([...words.split(' '), '--help'], { stdout: RegExp(`^usage: bee ${words.split(' ')[0]} `) })
bee(['prog', 'show'], { status: 2, stderr: /^ERROR: bee prog has no "show": load, loadall and tracelog\n/ })

// What cannot be run: a line that says why, status 1, and nothing of our insides

const refused = (args: readonly string[], stderr: string | RegExp, options: CliOptions = {}) =>
  bee(args, { status: 1, stderr }, options)

refused(
  ['nosuch.bt'],
  "ERROR: failed to open file 'nosuch.bt': No such file or directory\nHINT: a script on the command line needs -e\n",
)
refused(['nösuch…bt'], /'nösuch…bt': No such file/)
refused(['/'], "ERROR: failed to open file '/': Is a directory\n")
refused([process.execPath], /this is not a script: it holds zero bytes\n[\x20-\x7e]*\n *~+\n$/)
refused(['-'], 'No probes to attach\n', { name: 'an empty script' })
refused(['-e', ''], 'No probes to attach\n')
refused(['-q', '-e', ''], '')
refused(['-p', 'x', '-e', 'begin {}'], 'ERROR: Failed to parse pid: invalid integer: x\n')
refused(['-p', '4194304', '-e', 'begin {}'], 'ERROR: there is no process 4194304\n')
refused(['-f', 'xml', '-e', 'begin {}'], /Invalid output format "xml"/)
refused(
  ['-e', 'begin { pritnf("é"); }'],
  'stdin:1:9-21: ERROR: Unknown function: \'pritnf\'\nbegin { pritnf("é"); }\n        ~~~~~~~~~~~\nHINT: did you mean "printf" or "print"?\n',
)
bee(
  ['-e', 'begin { exit('],
  {
    status: 1,
    stderr: text =>
      assert.ok(text.startsWith('\u001b[31mstdin:1:') && text.includes('\u001b[0m\nbegin'), text),
  },
  { name: 'BPFTRACE_COLOR=always colours messages', env: { BPFTRACE_COLOR: 'always' } },
)
refused(['-e', 'begin { system("true") }'], /^stdin:1:9-23: ERROR: system\(\) is an unsafe function/)
refused(['-e', 'begin {}', '--', '--nosuch=3'], /unexpected program command line options: --nosuch/)
bee(['-c', 'nosuchprogram', '-e', 'begin {}'], {
  status: 127,
  stderr: "ERROR: cannot find 'nosuchprogram' in PATH\n",
})
bee(['-c', '/', '-e', 'begin {}'], { status: 126, stderr: "ERROR: cannot run '/': it is a directory\n" })

// Stages of the compiler, for which nobody needs root

bee(['-d', 'ast', '-e', 'begin{@x=1;}'], { stdout: 'begin {\n  @x = 1;\n}\n' })
bee(['-d', 'types', '-e', 'begin { @x[1, "a"] = 5; }'], { stdout: '@x[(int8,string[2])]: int8\n' })
bee(['-d', 'ir', '-e', 'begin { print(1); }'], { stdout: /^--- build\nfunc begin_1/ })
bee(['-d', 'insns', '-e', 'begin { print(1); }'], { stdout: /^begin_1:\n[\s\S]*\n {4,}exit\n/ })
bee(['-d', 'ast', '-d', 'types', '-e', 'begin{@x=1;}'], {
  stdout: '--- ast\nbegin {\n  @x = 1;\n}\n--- types\n@x: int8\n',
})
bee(['-d', 'ast', '-e', 'begin {'], { status: 1, stdout: 'begin { }\n', stderr: /ERROR: syntax/ })

// A shell's ways with descriptors

const command = resolve('bin/bee')
const shell = (script: string, expected: Expectation, options: CliOptions = {}) =>
  test(options.name ?? `sh: ${script}`, { skip: options.skip ?? false }, async () =>
    compare(await runCli('/bin/sh', ['-c', script, command], options), expected),
  )

const full = (what: string) => ({ status: 1, stderr: `ERROR: cannot write to stdout: ${what}\n` })
shell('"$0" --help > /dev/full', full('No space left on device'))
shell('"$0" -l "software:*" > /dev/full', full('No space left on device'))
shell('"$0" -d ir -e "begin { print(1); }" > /dev/full', full('No space left on device'))
shell('"$0" -l "software:*" | head -n 1', { stdout: 'software:alignment-faults:\n' })

// Lists

bee(['-l', 'software:c*'], {
  stdout:
    'software:context-switches:\nsoftware:cpu-clock:\nsoftware:cpu-migrations:\nsoftware:cpu:\nsoftware:cs:\n',
})
bee(['-l', 'interval'], { stdout: 'interval:hz:\ninterval:ms:\ninterval:s:\ninterval:us:\n' })
bee(['-l', 'software:nosuch'], {
  stderr: "WARNING: nothing matches 'software:nosuch'; try bee -l '*nosuch*'\n",
})
bee(['-l', 'software:nosuch', '--no-warnings'], {})
bee(['-l', 'tracepoint:sched:sched_swi*'], { stdout: 'tracepoint:sched:sched_switch\n' }, needsRoot)
bee(
  ['-lv', 'tracepoint:sched:sched_switch'],
  { stdout: /^tracepoint:sched:sched_switch\n {4}char prev_comm\[16\]\n/ },
  needsRoot,
)
bee(
  ['-l', 'sched_switch'],
  { stdout: /^rawtracepoint:vmlinux:sched_switch\ntracepoint:sched:sched_switch\n$/ },
  needsRoot,
)
bee(['-l', 'struct task_struct'], { stdout: 'struct task_struct\n' })
bee(['-lv', 'enum bpf_cmd'], { stdout: /^vmlinux: enum bpf_cmd \{\n\tBPF_MAP_CREATE = 0,\n/ })
bee(['-l', 'struct nosuch'], { stderr: "WARNING: nothing matches 'struct nosuch'\n" })
bee(
  ['-l', file('list.bt', 'begin {} tracepoint:sched:sched_swi* {} interval:s:1 {}')],
  { stdout: 'tracepoint:sched:sched_switch\ninterval:s:\n' },
  { ...needsRoot, name: 'the probes of a script' },
)

// Scripts that run

const ONE = 'Attached 1 probe\n'
const runs = (args: readonly string[], expected: Expectation, options: CliOptions = {}) =>
  bee(args, { stderr: ONE, ...expected }, { ...needsRoot, ...options })

runs(['-e', 'begin { print(1); }'], { stdout: '1\n\n\n' })
runs(['-q', '-e', 'begin { print(1); }'], { stdout: '1\n\n\n', stderr: '' })
runs(['--dry-run', '-e', 'begin { print(1); }'], { stderr: '' })
runs(['-e', 'begin { exit(3); }'], { status: 3, stdout: '\n\n' })
runs(['-f', 'json', '-e', 'begin { print(1); @a[1] = 2; }'], {
  stdout:
    '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}\n{"type": "value", "data": 1}\n{"type": "map", "data": {"@a": {"1": 2}}}\n',
  stderr: '',
})
for (const mode of ['line', 'full', 'none'])
  runs(['-B', mode, '-e', 'begin { printf("a\\nb"); }'], { stdout: 'a\nb\n\n' })
runs(['-v', '-e', 'begin { @a[1] = 2; }'], {
  stdout: '\n\n@a[1]: 2\n',
  stderr:
    /^program begin_1 \(id \d+\): \d+ instructions[^\n]*; begin\n[\s\S]*map at_a: \w+, key \d+ bytes, value 8 bytes, 4096 entries\n[\s\S]*compiled in \d+ ms, loaded in \d+ ms, attached in \d+ ms\nAttached 1 probe\n$/,
})
runs(
  [
    '-e',
    'begin { printf("%s %d %s\\n", str($1), $2, getopt("name", "none")); }',
    'hi',
    '7',
    '--',
    '--name=bob',
  ],
  {
    stdout: 'hi 7 bob\n\n\n',
  },
)
runs(
  ['-', 'hi'],
  { stdout: 'hi\n\n\n' },
  {
    name: 'a script of stdin',
    stdin: 'begin { printf("%s\\n", str($1)); }',
  },
)
runs(['-e', 'begin { for ($i : 0..1000) { @[$i] = $i; } }'], {
  stdout: `\n\n${Array.from({ length: 1000 }, (_, i) => `@[${i}]: ${i}\n`).join('')}`,
})
shell(
  `"$0" -q ${file('bytes.bt', Buffer.from('begin { printf("\xff\xe9 %s\\n", "\x80"); }', 'latin1'))} | od -An -tx1`,
  { stdout: ' ff e9 20 80 0a 0a 0a\n' },
  { ...needsRoot, name: 'bytes that are no UTF-8 come out as they are' },
)
const executable = file('run.bt', '#!/usr/bin/env bee\nbegin { printf("%s\\n", str($1)); exit(4); }\n', 0o755)
shell(
  'exec "$RUN" one',
  { status: 4, stdout: 'one\n\n\n', stderr: ONE },
  { ...needsRoot, env: { RUN: executable, PATH: `${dirname(command)}:${process.env.PATH}` } },
)
runs(['-o', join(folder, 'out'), '-e', 'begin { print(1); }'], {})
shell(`cat ${join(folder, 'out')}`, { stdout: '1\n\n\n' }, { ...needsRoot, name: 'what -o wrote' })
runs(['-o', '/dev/full', '-e', 'begin { print(1); }'], {
  status: 1,
  stderr: `${ONE}ERROR: cannot write the output: No space left on device; the script was ended\n`,
})
runs(['-o', '/nosuch/out', '-e', 'begin { print(1); }'], {
  status: 1,
  stderr: "ERROR: cannot write to '/nosuch/out': No such file or directory\n",
})

// Commands: -c ends with them, whatever their status; a script may end before

runs(['-c', 'sh -c "exit 7"', '-e', 'end { print(2); }'], { stdout: '2\n\n\n' })
runs(['-c', 'sleep 1000', '-e', 'interval:ms:10 { exit(); }'], { stdout: '\n\n' })
runs(
  [
    '-c',
    'cat /proc/sys/kernel/ostype',
    '-e',
    'tracepoint:syscalls:sys_exit_read /pid == cpid && args.ret == 6/ { @ = count(); }',
  ],
  {
    stdout: 'Linux\n\n\n@: 1\n',
  },
)
shell('sleep 0.5 & exec "$0" -q -p $! -e "end { print(3); }"', { stdout: '3\n\n\n' }, needsRoot)

// Signals end a script as exit() does

for (const signal of ['INT', 'TERM', 'HUP', 'QUIT'])
  shell(
    `exec "$0" --unsafe -q -e 'interval:ms:50 { system("kill -${signal} $PPID"); } end { printf("bye\\n"); }'`,
    { stdout: 'bye\n\n\n' },
    needsRoot,
  )

// A reader that leaves

shell('"$0" -q -e "interval:ms:10 { print(1); }" | head -n 2', { stdout: '1\n1\n' }, needsRoot)

// Without what there mostly is

const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups'
const privileges = /^ERROR: cannot run a script: CAP_BPF and CAP_PERFMON missing: run as root/
shell(`exec ${nobody} "$0" -e 'begin { print(1); }'`, { status: 1, stderr: privileges }, needsRoot)
const hidden = (mount: string, rest: string) =>
  `unshare -m sh -c 'mount -t tmpfs none ${mount} && exec "$@"' - "$0" ${rest}`
shell(hidden('/sys/kernel/btf', `-q -e 'begin { print(1); }'`), { stdout: '1\n\n\n' }, needsRoot)
shell(
  hidden('/sys/kernel/btf', `-e 'begin { print(curtask.pid); }'`),
  { status: 1, stderr: /\nHINT: this kernel tells nothing of its types/ },
  needsRoot,
)
shell(
  hidden('/sys/kernel/btf', `-l 'struct file'`),
  { stderr: /^WARNING: nothing matches 'struct file': this kernel tells nothing of its types/ },
  needsRoot,
)
shell(hidden('/sys/kernel', `-q -e 'interval:ms:10 { print(1); exit(); }'`), { stdout: '1\n\n\n' }, needsRoot)
shell(
  hidden('/sys/kernel', `-l 'tracepoint:sched:*'`),
  { status: 1, stderr: /^ERROR: cannot read tracepoints in \/sys\/kernel\/tracing \(ENOENT\)/ },
  needsRoot,
)
