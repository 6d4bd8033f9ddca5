// What scripts mean, shown by printing their trees, and what is said about bad ones, word for word.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Expression, Node } from '../ast.ts'
import { printDiagnostics } from '../diagnostics/index.ts'
import { visitChildren } from '../tree.ts'
import { parseScript, printScript } from './index.ts'

/** The printed script, or its diagnostics. */
function outcome(source: string): string {
  const { script, sources, diagnostics } = parseScript('stdin', source)
  return diagnostics.ok ? printScript(script) : printDiagnostics(sources, diagnostics)
}

/** A tree as nested lists, to see what binds to what. */
function shape(e: Expression): string {
  switch (e.kind) {
    case 'binary':
      return `(${shape(e.left)} ${e.operator} ${shape(e.right)})`
    case 'unary':
      return `(${e.operator}${shape(e.operand)})`
    case 'ternary':
      return `(${shape(e.condition)} ? ${e.then === null ? '' : shape(e.then)} : ${shape(e.otherwise)})`
    case 'step':
      return e.prefix ? `(${e.operator}${shape(e.target)})` : `(${shape(e.target)}${e.operator})`
    case 'cast':
      return `(cast ${e.type.kind} ${shape(e.operand)})`
    case 'field':
      return `(${shape(e.object)}${e.arrow ? '->' : '.'}${e.name})`
    case 'tuple-access':
      return `(${shape(e.object)} . ${e.index})`
    case 'index':
      return `${shape(e.object)}[${shape(e.index)}]`
    case 'map-access':
      return `${e.map.name}[${shape(e.key)}]`
    case 'call':
      return `${e.name}(${e.args.map(a => (a.kind === 'type-argument' ? 'type' : shape(a))).join(', ')})`
    case 'tuple':
      return `tuple(${e.elements.map(shape).join(', ')})`
    case 'record':
      return `record(${e.fields.map(f => `${f.name}: ${shape(f.value)}`).join(', ')})`
    case 'sizeof':
    case 'typeinfo':
      return `${e.kind}(${e.operand.kind})`
    case 'integer':
      return `${e.value}`
    case 'string':
      return JSON.stringify(e.value)
    case 'boolean':
      return `${e.value}`
    case 'positional':
      return `$${e.index}`
    case 'identifier':
    case 'variable':
    case 'map':
      return e.name
    case 'address-of':
      return `(&${e.operand.name})`
    default:
      return e.kind
  }
}

function shapeOf(source: string): string {
  const { script, sources, diagnostics } = parseScript('stdin', `begin { _ = ${source}; }`)
  assert.ok(diagnostics.ok, printDiagnostics(sources, diagnostics))
  const statement = script.probes[0]!.body.statements[0]!
  assert.equal(statement.kind, 'discard')
  return shape((statement as Extract<typeof statement, { kind: 'discard' }>).value)
}

const shapes: readonly (readonly [string, string])[] = [
  ['1 + 2 * 3', '(1 + (2 * 3))'],
  ['1 - 2 - 3', '((1 - 2) - 3)'],
  ['(1 + 2) * 3', '((1 + 2) * 3)'],
  ['1 << 2 + 3', '(1 << (2 + 3))'],
  ['1 == 2 < 3', '(1 == (2 < 3))'],
  ['1 & 2 == 3', '(1 & (2 == 3))'],
  ['1 | 2 ^ 3 & 4', '(1 | (2 ^ (3 & 4)))'],
  ['1 || 2 && 3', '(1 || (2 && 3))'],
  ['1 ? 2 : 3 ? 4 : 5', '(1 ? 2 : (3 ? 4 : 5))'],
  ['$x ?: 5', '($x ?  : 5)'],
  ['-1 - -1', '((-1) - (-1))'],
  ['!$x == ~$y', '((!$x) == (~$y))'],
  ['*$p + 1', '((*$p) + 1)'],
  ['*$p->f', '(*($p->f))'],
  ['$x++ + ++$y', '(($x++) + (++$y))'],
  ['@a[1, "x"]--', '(@a[tuple(1, "x")]--)'],
  ['(uint8)$x + 1', '((cast named-type $x) + 1)'],
  ['(uint8)-1', '(cast named-type (-1))'],
  ['(struct s *)arg0', '(cast pointer-type arg0)'],
  ['(uint8[4])$x', '(cast array-type $x)'],
  ['(typeof($y))$x', '(cast typeof $x)'],
  ['(x) - 1', '(cast named-type (-1))'],
  ['(pid) - 1', '(pid - 1)'],
  ['((struct s *)arg0)->f.g', '(((cast pointer-type arg0)->f).g)'],
  ['(1,)', 'tuple(1)'],
  ['()', 'tuple()'],
  ['(1, (2, 3))', 'tuple(1, tuple(2, 3))'],
  ['(1, 2).1', '(tuple(1, 2) . 1)'],
  ['(a = 1, b = "x")', 'record(a: 1, b: "x")'],
  ['(a == 1)', '(a == 1)'],
  ['$a[1][2].0', '($a[1][2] . 0)'],
  ['args.if->let', '((args.if)->let)'],
  ['f()', 'f()'],
  ['nsecs(sw_tai)', 'nsecs(sw_tai)'],
  ['sizeof(uint8)', 'sizeof(named-type)'],
  ['sizeof(struct s)', 'sizeof(tagged-type)'],
  ['sizeof(s)', 'sizeof(identifier)'],
  ['sizeof(s *)', 'sizeof(pointer-type)'],
  ['sizeof((s)[1])', 'sizeof(index)'],
  ['sizeof($x->y)', 'sizeof(field)'],
  ['&$x', '(&$x)'],
  ['$1 + 0x10 + 010 + 1e3 + 5us', '(((($1 + 16) + 8) + 1000) + 5000)'],
  ['"a\\tb\\x41\\101\\\\\\""', '"a\\tbAA\\\\\\""'],
  ['a /* x */ // y\n + b', '(a + b)'],
  ['$#', 'positional-count'],
  ['true', 'true'],
]

test('what binds to what', () => {
  for (const [source, expected] of shapes) assert.equal(shapeOf(source), expected, source)
})

const canonical: readonly (readonly [string, string])[] = [
  ['begin{exit()}', 'begin {\n  exit();\n}\n'],
  ['BEGIN,END{}', 'BEGIN,\nEND { }\n'],
  ['k:f,k:g,{}', 'k:f,\nk:g { }\n'],
  ['u:/bin/x:f /pid==1/ { @=1 }', 'u:/bin/x:f / pid == 1 / {\n  @ = 1;\n}\n'],
  ['begin / 4 / 2 / { }', 'begin / 4 / 2 / { }\n'],
  ['begin/1/{}', 'begin / 1 / { }\n'],
  ['u:"/a b":"f,{"+1{}', 'u:"/a b":"f,{"+1 { }\n'],
  ['#!/usr/bin/env bpftrace\nbegin { }', '#!/usr/bin/env bpftrace\n\nbegin { }\n'],
  [
    'config={max_map_keys=1_0;stack_mode=perf;x=true}begin{}',
    'config = {\n  max_map_keys = 10;\n  stack_mode = "perf";\n  x = true;\n}\n\nbegin { }\n',
  ],
  ['let@a=lruhash(10)begin{}', 'let @a = lruhash(10);\n\nbegin { }\n'],
  [
    'begin{if 1{2}else if(3){4}else{5}}',
    'begin {\n  if (1) {\n    2;\n  } else if (3) {\n    4;\n  } else {\n    5;\n  }\n}\n',
  ],
  ['begin{$x=if 1{2}else{3};}', 'begin {\n  $x = if (1) {\n    2\n  } else {\n    3\n  };\n}\n'],
  ['begin{$x={let $y=1;$y+1};}', 'begin {\n  $x = {\n    let $y = 1;\n    $y + 1\n  };\n}\n'],
  [
    'begin{for($kv:@m){break}for $i:0..$n{continue;}}',
    'begin {\n  for ($kv : @m) {\n    break;\n  }\n  for ($i : 0..$n) {\n    continue;\n  }\n}\n',
  ],
  [
    'begin{while($i<5){$i++}unroll(3){return}}',
    'begin {\n  while ($i < 5) {\n    $i++;\n  }\n  unroll (3) {\n    return;\n  }\n}\n',
  ],
  [
    'begin{let $x:struct s*[4]=0;let $y:typeof($x);let $z}',
    'begin {\n  let $x : struct s*[4] = 0;\n  let $y : typeof($x);\n  let $z;\n}\n',
  ],
  ['begin{@[pid,comm]+=1;@x>>=2;_=f()}', 'begin {\n  @[pid, comm] += 1;\n  @x >>= 2;\n  _ = f();\n}\n'],
  ['fn f($a:int64):uint8{return 1}', 'fn f($a : int64) : uint8 {\n  return 1;\n}\n'],
  [
    'begin { print(offsetof(struct s, a.b)); print(- -1) }',
    'begin {\n  print(offsetof(struct s, a.b));\n  print(- -1);\n}\n',
  ],
  ['begin { printf("ä\\n") }', 'begin {\n  printf("ä\\n");\n}\n'],
]

test('canonical text', () => {
  for (const [source, expected] of canonical) {
    assert.equal(outcome(source), expected, source)
    assert.equal(outcome(expected), expected, `${source}, again`)
  }
})

const refused: readonly (readonly [string, string])[] = [
  [
    'begin { 1ulll }',
    "stdin:1:13-14: ERROR: syntax: invalid integer suffix 'l'\nbegin { 1ulll }\n            ~\n",
  ],
  [
    'begin { 12undefined }',
    "stdin:1:12-20: ERROR: syntax: invalid integer suffix 'ndefined'\nbegin { 12undefined }\n           ~~~~~~~~\n",
  ],
  [
    'begin { $x = ; }',
    'stdin:1:14-15: ERROR: syntax: expected expression\nbegin { $x = ; }\n             ~\n',
  ],
  [
    'kprobe:f /pid == 1 { 0; }',
    "stdin:1:20-21: ERROR: syntax: expected '/' to close predicate\nkprobe:f /pid == 1 { 0; }\n                   ~\n",
  ],
  ['i:s:1\t\t\t$a', "stdin:1:9-11: ERROR: syntax: expected '{'\ni:s:1            $a\n                 ~~\n"],
  [
    'i:s:1 { @=5++}',
    'stdin:1:12-14: ERROR: syntax: increment/decrement requires a variable or map\ni:s:1 { @=5++}\n           ~~\n',
  ],
  [
    'begin { $999999999999999999999999 }',
    'stdin:1:9-34: ERROR: syntax: param $999999999999999999999999 is out of integer range [1, 9223372036854775807]\nbegin { $999999999999999999999999 }\n        ~~~~~~~~~~~~~~~~~~~~~~~~~\n',
  ],
  [
    'begin { "\\777" }',
    'stdin:1:10-14: ERROR: syntax: octal escape sequence out of range \'\\777\'\nbegin { "\\777" }\n         ~~~~\n',
  ],
  [
    'begin { $t.0 = 1; }',
    'stdin:1:9-17: ERROR: syntax: Tuples and records are immutable once created. Consider creating a new value and assigning it instead.\nbegin { $t.0 = 1; }\n        ~~~~~~~~\n',
  ],
  [
    'begin { f(typeof(int8)) }',
    'stdin:1:11-23: ERROR: When used as a call argument, `typeof` builtin only valid for macro calls that are expecting a type parameter\nbegin { f(typeof(int8)) }\n          ~~~~~~~~~~~~\n',
  ],
  [
    'begin { printf("ä") $x }',
    'stdin:1:22-24: ERROR: syntax: expected \';\'\nbegin { printf("ä") $x }\n                    ~~\n',
  ],
  [
    'begin { }\nconfig = { a = 1 }',
    'stdin:2:1-7: ERROR: syntax: config must appear before probes and functions\nconfig = { a = 1 }\n~~~~~~\n',
  ],
  [
    'let $x = 1;',
    'stdin:1:1-4: ERROR: syntax: root-level let statements need to be map declarations, e.g. let @a = hash(2);\nlet $x = 1;\n~~~\n',
  ],
  ['\u0000ELF', 'stdin:1:1-2: ERROR: syntax: this is not a script: it holds zero bytes\n.ELF\n~\n'],
]

test('what is said about bad scripts', () => {
  for (const [source, expected] of refused) assert.equal(outcome(source), expected, source)
})

test('hints', () => {
  const hints = (source: string) => parseScript('stdin', source).diagnostics.list.flatMap(d => d.hints)
  assert.deepEqual(hints('begin { print(\u201chello\u201d); }'), [
    'this is a typographic character, write a plain " instead',
  ])
  assert.deepEqual(hints("begin { print('a'); }"), ['strings are written in double quotes'])
  assert.deepEqual(hints('begin {\n  if (1) { }\n'), ['the block starts in line 1'])
  assert.deepEqual(hints('begin { }\uff1b'), [])
})

test('one run names every mistake', () => {
  const source = `begin { $x = 1 +; print($x) print(2);
  if ($x { print(1) } else { print(2) }
  $y = (1, 2; exit(); }
kprobe { @ = } t:a:b /pid = / { }
end { print("a"); @x[1 = 2; $z = 3
  $w = 4; }`
  const { diagnostics, sources, script } = parseScript('stdin', source)
  const lines = printDiagnostics(sources, diagnostics)
    .split('\n')
    .filter(line => line.startsWith('stdin'))
  assert.deepEqual(lines, [
    'stdin:1:17-18: ERROR: syntax: expected expression',
    "stdin:1:29-34: ERROR: syntax: expected ';'",
    "stdin:2:10-11: ERROR: syntax: expected ')'",
    "stdin:3:13-14: ERROR: syntax: expected ')'",
    'stdin:4:14-15: ERROR: syntax: expected expression',
    "stdin:4:27-28: ERROR: syntax: expected '/' to close predicate",
    "stdin:5:24-25: ERROR: syntax: expected ']'",
    "stdin:6:3-5: ERROR: syntax: expected ';'",
  ])
  assert.equal(script.probes.length, 3)
})

test('ids are dense and unique', () => {
  const source = '#define N 3\nmacro m(x) { x + N }\nbegin { print(m(m(1))); if (1) { $x = { 2 } } }'
  const { script, diagnostics } = parseScript('stdin', source)
  assert.ok(diagnostics.ok)
  const seen = new Set<number>()
  const visit = (node: Node): void => {
    assert.ok(!seen.has(node.id) && node.id >= 0 && node.id < script.nodes.count, node.kind)
    seen.add(node.id)
    visitChildren(node, visit)
  }
  for (const probe of script.probes) visit(probe)
})

test('what is too deep is refused, not a stack overflow', () => {
  const many = 10_000
  const deep = [
    `begin { print(${'('.repeat(many)}1${')'.repeat(many)}) }`,
    `begin { print(${'-'.repeat(many)}1) }`,
    `begin { print(${'1+'.repeat(many)}1) }`,
    `begin { print($x${'.a'.repeat(many)}) }`,
    `begin ${'{'.repeat(many)}${'}'.repeat(many)}`,
    `begin { ${'if 1 {} else '.repeat(many)}{} }`,
    `begin { print(${'1?'.repeat(many)}1) }`,
    `begin { print(${'f('.repeat(many)}`,
    `begin { @${'[@'.repeat(many)}`,
    `begin { let $x : int8${'*'.repeat(many)}; }`,
    `begin { print(sizeof(${'(a['.repeat(many)} }`,
    `#define X ${'1+'.repeat(many)}1\nbegin { print(X) }`,
    `struct a { ${'struct { '.repeat(many)} int x; ${'} y; '.repeat(many)} };\nbegin { }`,
    `struct a { int ${'('.repeat(many)}x${')'.repeat(many)}; };\nbegin { }`,
    `struct a { int x[${'('.repeat(many)}1${')'.repeat(many)}]; };\nbegin { }`,
  ]
  for (const source of deep) {
    const { diagnostics } = parseScript('stdin', source)
    assert.ok(!diagnostics.ok, source.slice(0, 60))
  }
})
