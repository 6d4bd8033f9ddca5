// The C part: what definitions come to, what the preprocessor does, and what is said about bad C.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ParseOptions, parseScript } from '../parse/index.ts'
import { type CRecord, type CType, type CUnit, cTypeText, enumOf, recordOf, typedefOf } from './index.ts'

function read(source: string, options?: ParseOptions): { unit: CUnit; texts: string[] } {
  const { c, diagnostics } = parseScript('stdin', `${source}\nbegin { }`, options)
  return { unit: c, texts: diagnostics.list.map(d => d.text) }
}

/** A type in one line, from the outside in. */
function describe(type: CType): string {
  switch (type.kind) {
    case 'pointer':
      return `*${describe(type.target)}`
    case 'array':
      return `[${type.count ?? ''}]${describe(type.element)}`
    case 'function':
      return `()${describe(type.result)}`
    case 'record':
      return type.anonymous === null ? `${type.tag} ${type.name}` : describeRecord(type.anonymous)
    default:
      return cTypeText(type)
  }
}

function describeRecord(record: CRecord): string {
  const members = record.members.map(m => {
    const bits = m.bits === null ? '' : `:${m.bits}`
    const align = m.alignBytes === null ? '' : `@${m.alignBytes}`
    return `${m.name}${bits}${align} ${describe(m.type)}`
  })
  const align = record.alignBytes === null ? '' : ` @${record.alignBytes}`
  return `${record.tag}${record.packed ? ' packed' : ''}${align} { ${members.join('; ')} }`
}

const records: readonly (readonly [string, string])[] = [
  ['struct s { int a, *b; char c[4][2]; }', 'struct { a int; b *int; c [4][2]char }'],
  [
    'struct s { unsigned long long int a; long unsigned b; short c; unsigned d; };',
    'struct { a unsigned long long; b unsigned long; c short; d unsigned int }',
  ],
  [
    'struct s { const volatile char *const p; void *q; _Bool r; float f; long double g; }',
    'struct { p *char; q *void; r _Bool; f float; g long double }',
  ],
  [
    'struct s { u32 a; pid_t b; struct t *c; union u d; enum e f; }',
    'struct { a u32; b pid_t; c *struct t; d union u; f enum e }',
  ],
  [
    'struct s { int a : 3, b : 5; int : 0; unsigned c : 1 + 1; }',
    'struct { a:3 int; b:5 int; :0 int; c:2 unsigned int }',
  ],
  [
    'struct s { union { int a; char b; }; struct { int c; } d; }',
    'struct {  union { a int; b char }; d struct { c int } }',
  ],
  [
    'struct s { int (*f)(int, char *); int (*g[2])(void); void (*(*h)(int))(void); }',
    'struct { f *()int; g [2]*()int; h *()*()void }',
  ],
  ['struct s { int (*p)[4]; int *(q)[2]; char data[]; }', 'struct { p *[4]int; q [2]*int; data []char }'],
  ['struct s { char a; int b; } __attribute__((packed))', 'struct packed { a char; b int }'],
  [
    'struct s { int a __attribute__((aligned(16))); } __attribute__((packed, aligned(8))) ;',
    'struct packed @8 { a@16 int }',
  ],
  ['struct __attribute__((packed)) s { char a; }', 'struct packed { a char }'],
  [
    "struct s { int a[sizeof(long)], b[sizeof(int *) * 2], c['A'], d[1 ? 2 : 3]; }",
    'struct { a [8]int; b [16]int; c [65]int; d [2]int }',
  ],
  ['enum n { A = 3, B }; struct s { char a[B + A]; }', 'struct { a [7]char }'],
  ['struct t { long a; char b; }; struct s { char a[sizeof(struct t)]; }', 'struct { a [16]char }'],
  ['#define N 4\n#define T(x) x *\nstruct s { T(int) p[N]; }', 'struct { p [4]*int }'],
  ['#define CAT(a, b) a##b\nstruct s { int CAT(x, 1); }', 'struct { x1 int }'],
  ['struct s {\n#ifdef X\n int a;\n#else\n int b;\n#endif\n}', 'struct { b int }'],
  [
    '#define X 2\n#if defined(X) && X > 1 && !defined Y\nstruct s { int a; };\n#else\nstruct s { int b; };\n#endif',
    'struct { a int }',
  ],
  [
    '#if 0\n#if 1\n#endif\nstruct s { int a; };\n#elif 2 == 1 + 1\nstruct s { int b; };\n#endif',
    'struct { b int }',
  ],
  ['struct s { int a; struct { int b } c }', 'struct { a int; c struct { b int } }'],
  ['struct s;\nstruct s { struct s *next; };', 'struct { next *struct s }'],
  ['/* c */ struct s { // int x;\n int /* y */ z; }', 'struct { z int }'],
]

test('records', () => {
  for (const [source, expected] of records) {
    const { unit, texts } = read(source)
    assert.deepEqual(texts, [], source)
    assert.equal(describeRecord(unit.records.get('struct s')!), expected, source)
  }
})

test('enums and typedefs', () => {
  const source = `enum e { A, B = 5, C, D = -1, E = 1 << 33, F = 'x' };
    enum { G = sizeof(int) + C };
    typedef struct { int a; } anon_t;
    typedef unsigned int *ptr_t, num_t;`
  const { unit, texts } = read(source)
  assert.deepEqual(texts, [])
  const values = [...unit.enumerators].map(([name, { value }]) => `${name}=${value}`)
  assert.deepEqual(values, ['A=0', 'B=5', 'C=6', 'D=-1', 'E=8589934592', 'F=120', 'G=10'])
  assert.equal(enumOf(unit, { kind: 'enum', name: 'e', anonymous: null })!.values.length, 6)
  assert.equal(describe(typedefOf(unit, 'anon_t')!), 'struct { a int }')
  assert.equal(describe(typedefOf(unit, 'ptr_t')!), '*unsigned int')
  assert.equal(describe(typedefOf(unit, 'num_t')!), 'unsigned int')
  assert.equal(describe(typedefOf(unit, 'u64')!), 'unsigned long long')
  assert.equal(typedefOf(unit, 'toString'), undefined)
  assert.equal(recordOf(unit, { kind: 'record', tag: 'struct', name: 'x', anonymous: null }), undefined)
})

const headers: Readonly<Record<string, string>> = {
  'own.h': '#pragma once\n#include "other.h"\nstruct own { struct other o; };\n',
  'other.h': '#ifndef OTHER\n#define OTHER 3\n#include "own.h"\nstruct other { int x[OTHER]; };\n#endif\n',
  'sys.h': `extern "C" {
    static inline int f(int a) { if (a) { return 1; } return g(a); }
    int prototype(const char *s, ...) __attribute__((noreturn));
    extern int variable, table[] = { 1, { 2 } };
    _Static_assert(sizeof(int) == 4, "int");
    this is $ not C at all ] } ) ;
    struct sys { int y; };
    }`,
  'loop.h': '#include "loop.h"\n',
}

const readInclude = (path: string) => {
  const content = headers[path]
  return content === undefined ? undefined : { name: path, content }
}

test('includes', () => {
  const own = read('#include "own.h"\n#include "own.h"', { readInclude })
  assert.deepEqual(own.texts, [])
  assert.equal(describeRecord(own.unit.records.get('struct other')!), 'struct { x [3]int }')
  // what a system header holds besides is no concern of the script
  const sys = read('#include <sys.h>', { readInclude })
  assert.deepEqual(sys.texts, [])
  assert.ok(sys.unit.records.has('struct sys'))
  assert.deepEqual(read('#include "loop.h"', { readInclude }).texts, ['#include nested too deeply'])
  assert.deepEqual(read('#include "nix.h"').texts, ["'nix.h' file not found"])
})

test('a kernel header that is not there is noted', () => {
  const { unit, texts } = read('#include <linux/sched.h>\n#include <net/sock.h>')
  assert.deepEqual(texts, [])
  assert.deepEqual(
    unit.missingIncludes.map(m => m.path),
    ['linux/sched.h', 'net/sock.h'],
  )
})

const bad: readonly (readonly [string, string[]])[] = [
  ['struct s { int x[; int y; foo }', ['expected expression', 'expected member name']],
  [
    'struct s { int x : 65; int y[-1]; int z[1 / 0]; int w[N]; }',
    [
      "width of bit-field 'x' must be between 0 and 64",
      'an array cannot have -1 elements',
      'division by zero in a constant expression',
      "use of undeclared identifier 'N'",
    ],
  ],
  ['struct s { int x; };\nstruct s { int y; };', ["redefinition of 's'"]],
  ['enum e { A, B = "x" };', ['expected expression']],
  ['struct s { char a[sizeof(struct t)]; }', ['the size of struct t is not known here']],
  ['#if 1', ['unterminated conditional directive']],
  ['#endif', ['#endif without #if']],
  ['#foo', ['invalid preprocessing directive #foo']],
  ['#define', ['macro name missing']],
  ['#include x', ['expected "FILENAME" or <FILENAME> after #include']],
  ['#error stop here', ['stop here']],
  ['#define F(a, b) a\nstruct s { int F(x); }', ['macro F takes 2 arguments, found 1']],
]

test('what is said about bad C', () => {
  for (const [source, expected] of bad) assert.deepEqual(read(source).texts, expected, source)
})
