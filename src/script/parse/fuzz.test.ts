// Nothing makes the front throw or hang, and a tree printed and parsed again is the same tree.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '../ast.ts'
import { printDiagnostics } from '../diagnostics/index.ts'
import { attachPointsOfAll, parseScript, printScript } from './index.ts'

const seeds = [
  '#!/usr/bin/env bpftrace\n#include <linux/sched.h>\n#define N 4\nstruct s { int a[N]; char b : 3; } __attribute__((packed))\nconfig = { stack_mode = perf }\nbegin { $x = (struct s *)0; print($x->a[1]); }',
  'macro m($a, b, @c) { $a += b; @c[b] = count(); $a } begin { $x = 1; m($x, pid * 2, @y); }',
  'tracepoint:syscalls:sys_enter_openat /comm == "x\\n" && args.flags & 0x10/ { @[pid, comm] = hist(args.ret / 1e3); }',
  'k:f+8,u:/bin/sh:"a b",U:x:y:z { if (arg0 > 1) { exit(); } else if $y { return } else { unroll(3) { $i++ } } }',
  'begin { for ($kv : @m) { print(($kv.0, $kv.1)); } for ($i : 0..sizeof(uint8[4])) { let $x : string[8] = "a"; } }',
  'fn f($a : int64) : uint8 { return $a ? 1 : (uint8)offsetof(struct s, a.b); } let @m = lruhash(10); i:s:1 { f(1); }',
]

/** Whatever the text: an answer, soon, that can be printed. */
function survives(text: string | Uint8Array): void {
  const start = process.cpuUsage()
  const { script, sources, diagnostics } = parseScript('stdin', text)
  printDiagnostics(sources, diagnostics)
  if (diagnostics.ok) {
    attachPointsOfAll(script.probes, { parameters: ['1', 'a:b'] }, diagnostics)
    printScript(script)
  }
  // what took the square of its length would take minutes: on any machine, however busy
  const { user } = process.cpuUsage(start)
  assert.ok(user < 20_000_000, `took ${user} us of CPU`)
}

test('random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), bytes => survives(bytes)),
    { numRuns: 300 },
  )
})

const fragments = [
  ...seeds.flatMap(s => s.split(/(?<=[\s;{}()[\],])/)),
  '"',
  '/*',
  '*/',
  '//',
  '\\',
  '$',
  '@',
  '#',
  '#define X ',
  '#if 1\n',
  '#endif\n',
  '#include "x"\n',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ';',
  ',',
  ':',
  '..',
  '.',
  '->',
  '++',
  '--',
  '=',
  '+=',
  '/',
  '?',
  'if ',
  'else ',
  'for ',
  'let ',
  'typeof(',
  'sizeof(',
  'struct s ',
  'enum { A = ',
  'macro m(x) ',
  'config = ',
  'import "x"; ',
  'begin ',
  '0x',
  '1e',
  '1_',
  '\n',
  '\t',
]

test('random sequences of what scripts are made of', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...fragments), { maxLength: 80 }), parts =>
      survives(parts.join('')),
    ),
    { numRuns: 600 },
  )
})

test('scripts with pieces cut, doubled and moved', () => {
  const cut = fc.record({
    seed: fc.nat(seeds.length - 1),
    from: fc.nat(400),
    length: fc.nat(30),
    to: fc.nat(400),
  })
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), cuts => {
      let text = seeds[cuts[0]!.seed]!
      for (const { seed, from, length, to } of cuts) {
        const piece = seeds[seed]!.slice(from % seeds[seed]!.length).slice(0, length)
        const at = to % (text.length + 1)
        text = text.slice(0, at) + piece + text.slice(at + (from % 3) * length)
      }
      survives(text)
    }),
    { numRuns: 600 },
  )
})

test('long repetitions take time in proportion', () => {
  const units = [
    '/*',
    '"',
    '(',
    '{',
    '[',
    'a(',
    '#if 1\n',
    '#define A A\n',
    'struct a {',
    'k:',
    ',',
    '@[',
    'x ',
    '1 ',
    'sizeof(a[',
    '$x=',
    'begin {} ',
    'if 1 {',
    '\\\n',
    '/',
    '(a*',
    'let $x:',
    'struct a (',
    '#include "',
  ]
  for (const unit of units) survives(unit.repeat(20_000))
  for (const unit of units) survives(`begin { ${unit.repeat(20_000)}`)
})

// ---------------------------------------------------------------- printing and parsing

const name = fc.constantFrom('a', 'pid', 'cpu', 'nsecs', 'args')
const leaf = fc.oneof(
  name,
  fc.constantFrom('$x', '$y', '@m', '@', '$1', '$#', 'true', '"s\\n\\"\\\\"', '"ä"'),
  fc.nat(1000).map(String),
  fc.constantFrom('0x1f', '1e3', '5ms', '0777'),
)

const { expression } = fc.letrec<{ expression: string }>(tie => {
  const e = tie('expression')
  const operator = fc.constantFrom(
    '+',
    '-',
    '*',
    '/',
    '%',
    '&',
    '|',
    '^',
    '<<',
    '>>',
    '==',
    '!=',
    '<',
    '>',
    '<=',
    '>=',
    '&&',
    '||',
  )
  return {
    expression: fc.oneof(
      { maxDepth: 5, depthIdentifier: 'e' },
      leaf,
      fc.tuple(e, operator, e).map(([a, o, b]) => `(${a}) ${o} (${b})`),
      fc.tuple(leaf, operator, leaf, operator, leaf).map(parts => parts.join(' ')),
      fc.tuple(fc.constantFrom('-', '!', '~', '*'), e).map(([o, a]) => `${o}(${a})`),
      fc
        .tuple(fc.constantFrom('uint8', 'struct s *', 'int32[2]', 'typeof($x)'), e)
        .map(([t, a]) => `(${t})(${a})`),
      fc.tuple(e, e, e).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
      fc.tuple(e, e).map(([a, b]) => `(${a}) ?: (${b})`),
      fc.tuple(name, fc.array(e, { maxLength: 3 })).map(([n, a]) => `${n}(${a.join(', ')})`),
      fc.array(e, { minLength: 1, maxLength: 3 }).map(a => `@m[${a.join(', ')}]`),
      fc.array(e, { maxLength: 3 }).map(a => `(${a.map(x => `${x},`).join(' ')})`),
      fc.tuple(e, e).map(([a, b]) => `(p = ${a}, q = ${b})`),
      fc.tuple(e, e).map(([a, b]) => `(${a})[${b}]`),
      e.map(a => `(${a}).f->g.0`),
      fc.constantFrom('$x++', '--@m', '&$x', 'sizeof(struct s)', 'offsetof(struct s, a.b)'),
      fc.tuple(e, e, e).map(([a, b, c]) => `if (${a}) { ${b} } else { ${c} }`),
      e.map(a => `{ $x = 1; ${a} }`),
      e.map(a => `sizeof((${a}))`),
    ),
  }
})

/** A tree without what may differ: ids and places. */
function bare(node: Node): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value) =>
      key === 'id' || /span$/i.test(key) ? undefined : typeof value === 'bigint' ? `${value}n` : value,
    ),
  )
}

test('a printed tree parses to itself', () => {
  fc.assert(
    fc.property(expression, text => {
      const first = parseScript('stdin', `begin / ${text} / { $r = ${text}; }`)
      // `(x) -1` is a cast and `(pid = 1)` no record: such a text is skipped
      if (!first.diagnostics.ok) return
      const printed = printScript(first.script)
      const second = parseScript('stdin', printed)
      assert.ok(second.diagnostics.ok, `${printed}\n${printDiagnostics(second.sources, second.diagnostics)}`)
      assert.deepEqual(bare(second.script.probes[0]!), bare(first.script.probes[0]!), printed)
      assert.equal(printScript(second.script), printed)
    }),
    { numRuns: 500 },
  )
})
