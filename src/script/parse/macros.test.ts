// Macros of both kinds, and imports.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printDiagnostics } from '../diagnostics/index.ts'
import { type ImportReader, type ParseOptions, parseScript, printScript } from './index.ts'

/** The probes on one line, or the first line of each message. */
function expand(source: string, options?: ParseOptions): string {
  const { script, sources, diagnostics } = parseScript('stdin', source, options)
  if (!diagnostics.ok) {
    const lines = printDiagnostics(sources, diagnostics).split('\n')
    return lines.filter(line => /^(\S+:\d+|HINT)/.test(line)).join('\n')
  }
  const rest = { header: null, config: null, cStatements: [], imports: [], macros: [] }
  return printScript({ ...script, ...rest })
    .replace(/\s+/g, ' ')
    .trim()
}

const good: readonly (readonly [string, string])[] = [
  ['macro bare { 1 } begin { _ = bare; }', 'begin { _ = { 1 }; }'],
  ['macro one() { 1 } begin { $x = one; $y = one(); }', 'begin { $x = { 1 }; $y = { 1 }; }'],
  ['macro inc(x) { x + 1 } begin { _ = inc(2 * 3); }', 'begin { _ = { 2 * 3 + 1 }; }'],
  ['macro inc($x) { $x += 1; } begin { $y = 1; inc($y); }', 'begin { $y = 1; { $y += 1; } }'],
  ['macro put(@m, k) { @m[k] = 1; } begin { put(@a, pid); }', 'begin { { @a[pid] = 1; } }'],
  ['macro own() { let $x = 1; $x } begin { $x = own(); }', 'begin { $x = { let $$own_$x = 1; $$own_$x }; }'],
  ['macro value(x) { x } begin { $v = 1; _ = value($v); }', 'begin { $v = 1; _ = { { $v } }; }'],
  [
    'macro a(x) { let $t = x; $t } macro b(x) { a(a(x)) } begin { _ = b(1); }',
    'begin { _ = { { let $$a_2_$t = { let $$a_2_$t = 1; $$a_2_$t }; $$a_2_$t } }; }',
  ],
  ['macro k(@m) { 1 } macro k(x) { 2 } begin { _ = k(@a); _ = k(3); }', 'begin { _ = { 1 }; _ = { 2 }; }'],
  ['macro c(t, x) { (t)x } begin { _ = c(typeof(uint8), 3); }', 'begin { _ = { (uint8)3 }; }'],
  ['macro p(t) { sizeof(t*) } begin { _ = p(typeof(struct s)); }', 'begin { _ = { sizeof(struct s*) }; }'],
  ['macro s(t) { sizeof(struct t) } begin { _ = s(task); }', 'begin { _ = { sizeof(struct task) }; }'],
  [
    'macro o(f) { offsetof(struct s, f) } begin { _ = o(a.b); }',
    'begin { _ = { offsetof(struct s, a.b) }; }',
  ],
  ['macro v() { 1 } begin { v(); if (1) { v() } }', 'begin { { 1; } if (1) { { 1; } } }'],
  [
    'macro n() { 1 } begin { _ = sizeof(n); _ = sizeof(n()); }',
    'begin { _ = sizeof(n); _ = sizeof({ 1 }); }',
  ],
  [
    '#define N 1 + 2\nbegin { _ = N * 3; @[N] = sizeof(N); }',
    'begin { _ = (1 + 2) * 3; @[1 + 2] = sizeof(1 + 2); }',
  ],
  ['#define A B\n#define B "x"\nbegin { print(A) }', 'begin { print("x"); }'],
  ['#define ADD(a, b) ((a) + (b))\nbegin { _ = ADD(1, ADD(pid, 2)); }', 'begin { _ = 1 + (pid + 2); }'],
  ['#define T(x...) f(x)\nbegin { T(1, 2) }', 'begin { f(1, 2); }'],
  ['#define N 7\nmacro m(x) { x + N } begin { _ = m(N); }', 'begin { _ = { 7 + 7 }; }'],
]

test('expansion', () => {
  for (const [source, expected] of good) assert.equal(expand(source), expected, source)
})

const bad: readonly (readonly [string, string])[] = [
  [
    'macro m() { @x++ }\nbegin { m(); }',
    'stdin:1:13-15: ERROR: Unhygienic access to map: @x. Maps must be passed into the macro as arguments.\nstdin:2:9-12: ERROR: expanded from',
  ],
  [
    'macro m($x) { 1 }\nbegin { m(1); }',
    [
      'stdin:2:9-13: ERROR: Call to m() has arguments that do not match any definition.',
      'stdin:2:11-12: ERROR: Mismatched arg. m() expects a variable for arg $x but got an expression.',
      'stdin:1:9-11: ERROR: This is the argument in the closest definition.',
    ].join('\n'),
  ],
  [
    'macro m(x) { 1 }\nbegin { m(1, 2); }',
    'stdin:2:9-16: ERROR: Call to m() has arguments that do not match any definition.\nstdin:1:1-8: ERROR: The closest definition of m() has a different number of arguments. Expected: 1 but got 2',
  ],
  [
    'macro r() { r() }\nbegin { r(); }',
    'stdin:1:13-16: ERROR: Recursive macro call detected. Call chain: r > r\nstdin:2:9-12: ERROR: expanded from',
  ],
  [
    'macro m(x) { 1 }\nmacro m(y) { 2 } begin { }',
    'stdin:2:1-8: ERROR: Redefinition of macro: m\nstdin:1:1-8: ERROR: This is the original definition.',
  ],
  [
    'macro m($x, $x) { 1 } begin { }',
    'stdin:1:13-15: ERROR: Variable for macro argument has already been used: $x',
  ],
  [
    'macro m($x) { let $x = 1; }\nbegin { $a = 1; m($a); }',
    'stdin:1:15-21: ERROR: Variable declaration shadows macro arg $x\nstdin:2:17-22: ERROR: expanded from',
  ],
  [
    'macro m(pid) { 1 } begin { }',
    "stdin:1:9-12: ERROR: syntax: builtin 'pid' can't be used as a macro argument",
  ],
  ['#define M M + 1\nbegin { M; }', 'M:1:1-2: ERROR: Macro recursion: M\nstdin:2:9-10: ERROR: expanded from'],
  ['#define M {\nbegin { M; }', 'stdin:2:9-10: ERROR: unable to expand macro as an expression: {'],
  ['#define M(a) a\nbegin { M(1, 2); }', 'stdin:2:9-16: ERROR: macro M takes 1 arguments, found 2'],
]

test('refusals', () => {
  for (const [source, expected] of bad) assert.equal(expand(source), expected, source)
})

test('macros that multiply themselves are stopped', () => {
  const doubling = `macro d(x) { x + x } begin { _ = ${'d('.repeat(40)}1${')'.repeat(40)}; }`
  const chain = Array.from({ length: 60 }, (_, i) => `#define A${i + 1} (A${i} + A${i})\n`).join('')
  for (const source of [doubling, `#define A0 1\n${chain}begin { _ = A60; }`]) {
    assert.match(expand(source), /^\S+ ERROR: syntax: the script is too large after expansion/)
  }
})

const files: Readonly<Record<string, string>> = {
  'a.bt': '#define Q 7\nimport "b.bt";\nmacro foo(x) { x + Q + H }\nend { foo(2) }',
  'b.bt': 'import "a.bt"; import "h.h"; begin { print("b") }',
  'h.h': '#define H 9\nstruct h { int a; };',
  'c.bt': 'config = { max_map_keys = 1 } begin { }',
  'x.bpf.c': '',
  'x.y': '',
}

const readImport: ImportReader = path => {
  const content = files[path]
  return content === undefined ? { checked: [`/lib/${path}`] } : { files: [{ name: path, content }] }
}

test('imports bring probes, macros and C definitions', () => {
  const source = 'import "a.bt"; import "a.bt"; begin { import "b.bt"; print(foo(1)) }'
  const { script, c, diagnostics } = parseScript('stdin', source, { readImport })
  assert.ok(diagnostics.ok)
  assert.deepEqual(
    script.probes.map(p => p.attachPoints[0]!.raw),
    ['begin', 'end', 'begin'],
  )
  assert.ok(c.records.has('struct h'))
  assert.match(printScript(script), /1 \+ 7 \+ 9/)
})

test('imports that cannot be', () => {
  const first = (source: string) => expand(source, { readImport }).split('\n')
  assert.deepEqual(first('import "nope"; begin { }'), [
    'stdin:1:1-14: ERROR: Unable to find suitable path for import',
    'HINT: checked: /lib/nope',
  ])
  assert.deepEqual(first('import "x.y"; begin { }'), ['stdin:1:1-13: ERROR: unknown import type: x.y'])
  assert.deepEqual(first('import "c.bt"; begin { }'), ['c.bt:1:1-30: ERROR: invalid `config` within import'])
  assert.match(first('import "x.bpf.c"; begin { }')[0]!, /needs a C compiler/)
})
