// Scripts as their users run them: what the command prints for a program. NAME / PROG / EXPECT: each case is the
// arguments of `bee` and what must come out; a string is a line of the output, a pattern must match somewhere.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCli } from '../cli/cli.ts'
import { SLOW } from '../slow.ts'
import { since } from './since.ts'

const skip = process.getuid?.() === 0 ? false : 'running scripts needs root'

interface Case {
  /** `-e` program, or all arguments */
  readonly prog: string | readonly string[]
  readonly expect: readonly (string | RegExp)[]
  /** must not come out */
  readonly without?: RegExp
  /** why to skip it on this kernel */
  readonly needs?: string | false
  readonly status?: number
  readonly env?: Readonly<Record<string, string>>
}

const cases: Readonly<Record<string, Case>> = {
  'division by zero is told, and gives 1': {
    prog: 'begin { @zero = 0; print((uint64)10 / (uint64)@zero); }',
    expect: [
      '1',
      'stdin:1:26-52: WARNING: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.',
      '                         ~~~~~~~~~~~~~~~~~~~~~~~~~~',
    ],
  },
  'a constant divisor costs no check': {
    prog: 'begin { $x = (uint64)9; print($x / 2); print($x % 4); }',
    expect: ['4', '1'],
    without: /WARNING/,
  },
  'a full map is told': {
    prog: 'let @a = hash(1); begin { @a[1] = 1; @a[2] = 2; }',
    expect: [/WARNING: Map full; can't update element\./, /helper: map_update_elem, retcode: -7/, '@a[1]: 1'],
  },
  'a full map of counts is told': {
    prog: 'let @a = percpuhash(1); begin { @a[1] = count(); @a[2] = count(); }',
    expect: [/WARNING: Map full/, '@a[1]: 1'],
  },
  'a map that throws out the oldest is never full': {
    prog: 'let @a = lruhash(1); begin { @a[1] = 1; @a[2] = 2; }',
    expect: [/@a\[/],
    without: /WARNING/,
  },
  'a missing element is told with -k': {
    prog: ['-k', '-e', 'begin { @[1] = 1; printf("%d\\n", @[2]); }'],
    expect: [
      '0',
      "stdin:1:34-38: WARNING: Can't lookup map element because it does not exist.",
      'Additional Info - helper: map_lookup_elem, retcode: 0',
    ],
  },
  'and not without': { prog: 'begin { @[1] = 1; print(@[2]); }', expect: ['0'], without: /WARNING/ },
  'a read that fails is told with -k': {
    prog: ['-k', '-e', 'struct A { int x; } begin { $a = (struct A *)8; print($a.x); }'],
    expect: [
      '0',
      /WARNING: (Bad address|Numerical result out of range)/,
      /helper: probe_read_kernel, retcode: -\d+/,
    ],
  },
  'in JSON with the place': {
    prog: ['-k', '-q', '-f', 'json', '-e', 'struct A { int x; } begin { print(((struct A *)8).x); }'],
    expect: [
      /^\{"type": "helper_error", "msg": ".+", "helper": "probe_read_kernel", "retcode": -\d+, "filename": "stdin", "line": 1, "col": 36\}$/m,
    ],
  },
  'no warnings': {
    prog: ['--no-warnings', '-e', 'let @a = hash(1); begin { @a[1] = 1; @a[2] = 2; warnf("no"); }'],
    expect: ['@a[1]: 1'],
    without: /WARNING/,
  },
  'errorf names its range and the macro call': {
    prog: 'macro bad() { errorf("Something bad"); } begin { bad(); }',
    expect: ['stdin:1:15-38: ERROR: Something bad', 'stdin:1:50-55: ERROR: expanded from'],
  },
  'options of the script': {
    prog: [
      '-e',
      'begin { print(($1, getopt("aa", 10), getopt("bb", -1), $2, getopt("cc", "hello"), getopt("dd"))); }',
      ...['pos1', '--', '--aa=20', '--bb=5', '--cc=bye', 'pos2', '--dd'],
    ],
    expect: ['(pos1, 20, 5, pos2, bye, true)'],
  },
  'an option has the sign of what it stands for': {
    prog: [
      '-e',
      'begin { print((getopt("a", 1), getopt("b", -1))); }',
      '--',
      '--a=0xffffffffffffffff',
      '--b=-10',
    ],
    expect: ['(18446744073709551615, -10)'],
  },
  'an option that the script does not know': {
    prog: ['-e', 'begin { print(getopt("aa", 10)); }', '--', '--bb'],
    expect: ['ERROR: unexpected program command line options: --bb', 'HINT: expected program options: --aa'],
    status: 1,
  },
  'the options of a script': {
    prog: ['-e', 'begin { print((getopt("aa", 1, "What it is"), getopt("cc"))); }', '--', '--help'],
    expect: ['HINT: expected program options:', '--aa: What it is', '--cc'],
    status: 1,
  },
  'an option of the wrong type': {
    prog: ['-e', 'begin { print(getopt("aa", 10)); }', '--', '--aa=no'],
    expect: ['ERROR: program command line option --aa invalid integer (value: no)'],
    status: 1,
  },
  'a script that is not there': {
    prog: ['nowhere.bt'],
    expect: ["ERROR: failed to open file 'nowhere.bt': No such file or directory"],
    status: 1,
  },
  'a file that cannot be shown': {
    prog: 'begin { cat("/does/not/exist"); }',
    expect: ["ERROR: failed to open file '/does/not/exist' (No such file or directory)"],
  },
  'what called exit() runs no more': {
    prog: 'interval:us:100 { printf("once\\n"); exit(); }',
    expect: ['once'],
    without: /once\n(.*\n)*once/,
  },
  'names of signals and errors': {
    prog: 'begin { print((signal_name(2), signal_name(0), signal_name(34), signal_name(1024), strerror(2))); }',
    expect: ['(Interrupt, Unknown signal 0, Real-time signal 0, N/A, No such file or directory)'],
  },
  'flags of allocations': {
    prog: 'begin { printf("%gr %gr %gr\\n", 1, 0xcc0, 0x100cc0); printf("%gr\\n", 1 << 40); }',
    expect: ['GFP_DMA GFP_KERNEL GFP_USER', '0x10000000000'],
  },
  'every new key of a histogram finds room in an interrupt': {
    prog: 'interval:ms:1 { $i = 0; while ($i < 40) { @[$i] = hist($i); $i++ } exit(); } end { print(len(@)); clear(@); }',
    expect: ['40'],
    without: /WARNING/,
    needs: since('5.13', 'len() of a map'),
  },
  'a time series counts on the clock of the epoch': {
    prog: 'begin { @ = tseries(4, 1s, 3); }',
    expect: [/\* +\| 4$|\| +\* +\| 4$/m],
  },
  'a time series on the clock of a test': {
    prog: [
      '-f',
      'json',
      '-q',
      '-e',
      'begin { @ts = (uint64)200ms; @a = tseries(3, 100ms, 5); @ts += 100ms; @a = tseries(4, 100ms, 5); clear(@ts); }',
    ],
    env: { BPFTRACE_DUMMY_TS_MAP: '@ts', TZ: 'UTC' },
    expect: [/"value":3\},\{"interval_start":"1970-01-01 \d\d:\d\d:\d\d\.300000000","value":4\}/],
  },
  'uint8_t arrays are numbers, char arrays are text': {
    prog: '#include <stdint.h>\nstruct A { uint8_t y[4]; char z[4]; } begin { print((typeinfo(((struct A *)0).y).full_type, sizeof(struct A))); }',
    env: { BPFTRACE_UNSTABLE_TYPEINFO: '1' },
    expect: ['(uint8[4], 8)'],
  },
  'text over several lines': { prog: 'begin { printf("a\nb\n"); }', expect: ['a', 'b'] },
  'an address as a number': {
    prog: 'begin { printf("%x\\n", (uint32)pton("127.0.0.1")); }',
    expect: ['100007f'],
  },
  'a header of nobody': {
    prog: '#include <lol/no.h>\nbegin { }',
    expect: [/ERROR: 'lol\/no\.h' file not found/],
    status: 1,
  },
  'a header of the kernel that is not installed': {
    prog: '#include <net/sock.h>\nbegin { print(1); }',
    expect: ['1'],
  },
  'a macro of the script before the language': {
    prog: 'macro cpu() { "hi" } begin { printf(cpu()); }',
    expect: [/hi/],
  },
  'a macro of another shape leaves the language its own': {
    prog: 'macro cpu(x) { x } begin { print((cpu("hi"), cpu() < 4096)); }',
    expect: ['(hi, true)'],
  },
  'macros of the library': {
    prog: 'begin { print(ppid(curtask) == ppid); print(leader_tid(curtask) == pid); }',
    expect: [/^(true|1)$/m],
  },
  'a value made of what it replaces': {
    prog: 'begin { $p = "abc"; $p = str_concat("/", $p); print($p); $t = (1, 2); $t = ($t.1, $t.0); print($t); @t = (3, 4); @t = (@t.1, @t.0); print(@t); }',
    expect: ['/abc', '(2, 1)', '@t: (4, 3)'],
  },
  'tests of a script': {
    prog: [
      '--test',
      '-e',
      'test:good { @x = 1; clear(@x); } test:bad { print("why"); return 1; } test:ends { exit(3); }',
    ],
    expect: ['[       OK ] good (', '[  PASSED  ] 1 test.', '[  FAILED  ] 2 tests, listed below:', 'why'].map(
      word => new RegExp(word.replace(/[[\]().]/g, '\\$&')),
    ),
    status: 1,
  },
  'benchmarks of a script': {
    prog: ['--bench', '-q', '-f', 'json', '-e', 'bench:a { @ = count(); }'],
    expect: [/"type": "benchmark_result", "data": \{"a": \{"average": \d+, "iters": \d+\}\}/],
  },
  'the kind of begin': { prog: 'begin { print(probetype); }', expect: ['special'] },
  'what a command printed, in JSON': {
    prog: ['--unsafe', '-q', '-f', 'json', '-e', 'begin { system("echo a b"); }'],
    expect: ['{"type": "syscall", "data": "a b\\n"}'],
  },
  'a format that does not exist': {
    prog: ['-f', 'xml', '-e', 'begin { }'],
    expect: ['ERROR: Invalid output format "xml"'],
    status: 1,
  },
  'enumerators keep their names': {
    prog: 'enum { ONE = 1, TWO = 2 }; begin { @[ONE, TWO] = ONE; print((ONE, TWO)); printf("%s %d\\n", TWO, TWO); }',
    expect: ['(ONE, TWO)', 'TWO 2', '@[ONE, TWO]: ONE'],
  },
}

/** What may come out differently on another kernel; an emulated one is only asked these. */
const OF_THE_KERNEL: ReadonlySet<string> = new Set([
  'division by zero is told, and gives 1',
  'a full map is told',
  'a full map of counts is told',
  'a read that fails is told with -k',
  'what called exit() runs no more',
  'every new key of a histogram finds room in an interrupt',
  'a value made of what it replaces',
  'tests of a script',
  'benchmarks of a script',
])

const needless = (name: string): string | false =>
  SLOW > 1 && !OF_THE_KERNEL.has(name) ? 'does not depend on the kernel, and this one is emulated' : false

for (const [name, { prog, expect, without, status, env, needs = false }] of Object.entries(cases)) {
  test(name, { skip: skip || needs || needless(name) }, async () => {
    const args = typeof prog === 'string' ? ['-e', prog] : [...prog]
    const result = await runCli('bin/bee', args, env === undefined ? {} : { env })
    const said = result.stdout + result.stderr
    assert.equal(result.status, status ?? 0, said)
    for (const wanted of expect) {
      if (typeof wanted === 'string')
        assert.ok(said.split('\n').includes(wanted), `no line ${wanted} in\n${said}`)
      else assert.match(said, wanted)
    }
    if (without !== undefined) assert.doesNotMatch(said, without)
  })
}
