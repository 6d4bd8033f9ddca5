// Layout of the script's own structs, against what GCC says about the same text.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseScript } from '../parse/index.ts'
import { layOutDefinitions } from './from-c.ts'

const SOURCE = `
struct plain { char a; int b; short c; long d; char e; };
struct bits { int a : 3; int b : 7; unsigned int c : 23; char d : 4; long e : 40; int f; };
struct closed { int a : 3; int : 0; int b : 5; char c; };
struct small { char a : 5; char b : 5; short c : 9; };
struct packed { char a; int b; short c : 3; int d : 20; long e; } __attribute__((packed));
struct aligned { char a; int b __attribute__((aligned(16))); } __attribute__((aligned(32)));
struct nested { char a; struct plain p; union { long x; char y[9]; } u; struct { short i; int j; }; void *q; };
union choice { char a; struct plain p; int c[5]; };
struct list { struct list *next; enum { A, B = 5 } kind; _Bool on; unsigned char raw[3]; };
`

/** The members of each struct that have an offset in C. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  'struct plain': ['a', 'b', 'c', 'd', 'e'],
  'struct bits': ['f'],
  'struct closed': ['c'],
  'struct small': [],
  'struct packed': ['a', 'b', 'e'],
  'struct aligned': ['a', 'b'],
  'struct nested': ['a', 'p', 'u', 'q'],
  'union choice': ['a', 'p', 'c'],
  'struct list': ['next', 'kind', 'on', 'raw'],
}

const BITS: readonly (readonly [string, string])[] = [
  ['struct bits', 'a'],
  ['struct bits', 'b'],
  ['struct bits', 'c'],
  ['struct bits', 'd'],
  ['struct bits', 'e'],
  ['struct closed', 'a'],
  ['struct closed', 'b'],
  ['struct small', 'a'],
  ['struct small', 'b'],
  ['struct small', 'c'],
  ['struct packed', 'c'],
  ['struct packed', 'd'],
]

/** Numbers from a program made of the same text: sizes, offsets, and the first bit that each bit field sets. */
function askCompiler(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'layout-'))
  try {
    const sizes = Object.keys(MEMBERS).map(name => `printf("${name} %zu\\n", sizeof(${name}));`)
    const offsets = Object.entries(MEMBERS).flatMap(([name, members]) =>
      members.map(member => `printf("${name}.${member} %zu\\n", offsetof(${name}, ${member}));`),
    )
    const bits = BITS.map(
      ([name, member]) => `{ union { ${name} s; unsigned char b[64]; } u = {}; u.s.${member} = 1;
        for (int i = 0; i < 512; i++) if (u.b[i / 8] >> (i % 8) & 1) { printf("${name}.${member} %d\\n", i); break; } }`,
    )
    const text = `#include <stdio.h>\n#include <stddef.h>\n${SOURCE}
      int main() { ${[...sizes, ...offsets, ...bits].join('\n')} }`
    writeFileSync(join(folder, 'a.c'), text)
    execFileSync('cc', ['-w', '-o', join(folder, 'a'), join(folder, 'a.c')])
    return execFileSync(join(folder, 'a'), { encoding: 'utf8' }).trim().split('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const skip = spawnSync('cc', ['--version']).status === 0 ? false : 'there is no C compiler to ask'

test('structs lie as the C compiler lays them', { skip }, () => {
  const parsed = parseScript('test', `${SOURCE}\nbegin { }`)
  assert.deepEqual(parsed.diagnostics.list, [])
  const own = layOutDefinitions(parsed.c, () => undefined)
  const def = (name: string) => {
    const [tag, bare] = name.split(' ') as [string, string]
    return (tag === 'struct' ? own.structs : own.unions).get(bare)!
  }
  const member = (name: string, field: string) =>
    def(name)
      .members()
      .find(m => m.name === field)!
  const ours = [
    ...Object.keys(MEMBERS).map(name => `${name} ${def(name).sizeBytes}`),
    ...Object.entries(MEMBERS).flatMap(([name, members]) =>
      members.map(field => `${name}.${field} ${member(name, field).offsetBytes}`),
    ),
    ...BITS.map(([name, field]) => {
      const { offsetBytes, bits } = member(name, field)
      return `${name}.${field} ${offsetBytes * 8 + bits!.offset}`
    }),
  ]
  assert.deepEqual(ours, askCompiler())
})

test('a struct may point to itself, and enumerators are constants', () => {
  const { c } = parseScript('test', `${SOURCE}\nbegin { }`)
  const own = layOutDefinitions(c, () => undefined)
  const next = own.structs.get('list')!.members()[0]!.type
  assert.equal(next.kind === 'pointer' && next.to.kind === 'struct' && next.to.def.sizeBytes, 16)
  assert.equal(own.constants.get('B')?.value, 5n)
})
