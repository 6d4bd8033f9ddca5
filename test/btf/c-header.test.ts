// BTF as a C header: what clang made of C comes back as that C, what bpftool writes of the kernel is what we write, and hostile
// types end in an error.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BtfBuilder,
  cDefinitions,
  cHeader,
  cTypeName,
  type NewBtfType,
  parseBtf,
} from '../../src/btf/index.ts'
import { BtfError } from '../../src/errors/index.ts'
import { CLANG_BTF } from './clang-fixture.ts'

const VMLINUX = '/sys/kernel/btf/vmlinux'
const noKernelTypes = existsSync(VMLINUX) ? undefined : `no ${VMLINUX}`

test('definitions are those that were compiled', () => {
  const btf = parseBtf(CLANG_BTF)
  const definition = (name: string, kind: 'struct' | 'union' | 'enum' | 'enum64' | 'typedef' = 'struct') => {
    const all = cDefinitions(btf, [btf.get(name, kind).id])
      .trimEnd()
      .split('\n\n')
    return all.at(-1)
  }
  assert.equal(
    definition('bf'),
    `struct bf {
	int a: 3;
	unsigned int b: 5;
	u64 c: 40;
	long: 16;
	u64 d: 50;
	enum color e: 4;
	_Bool f: 1;
	char: 1;
	u8 g: 7;
};`,
  )
  assert.equal(
    definition('pk'),
    `struct pk {
	char c;
	int i;
	short s: 5;
	short t: 11;
	long l;
} __attribute__((packed));`,
  )
  assert.equal(
    definition('anon'),
    `struct anon {
	int k;
	union {
		struct {
			int p;
			char q;
		};
		long r;
		struct {
			u8 s: 2;
			u8 t: 6;
		} n;
	};
	struct inner arr[3][2];
	char name[16];
	struct inner *ptr;
	int (*fn)(struct anon *, const char *, ...);
	volatile const u32 vc;
	struct {
		int deep;
	} *anonptr;
	int flex[0];
};`,
  )
  assert.equal(definition('color', 'enum'), 'enum color {\n\tRED = 0,\n\tGREEN = 5,\n\tBLUE = -1,\n};')
  assert.equal(definition('big', 'enum64'), 'enum big {\n\tB0 = 1ULL,\n\tB1 = 20015998343868ULL,\n};')
  assert.equal(definition('u64', 'typedef'), 'typedef unsigned long u64;')
})

test('types are named as C declares them', () => {
  const btf = parseBtf(CLANG_BTF)
  const names = new Map(
    [...btf.idsByName('var')].map(([name, id]) => {
      const variable = btf.type(id)
      return [name, cTypeName(btf, variable.kind === 'var' ? variable.typeId : 0)]
    }),
  )
  assert.equal(names.get('strs'), 'char **')
  assert.equal(names.get('fparr'), 'int (*[4])(void)')
  assert.equal(names.get('sig'), 'void (* (*)(int, void (*)(int)))(int)')
  assert.equal(names.get('v2'), 'struct pk')
  assert.equal(names.get('counter'), 'int')
})

const INT: NewBtfType = {
  kind: 'int',
  name: 'int',
  sizeBytes: 4,
  encoding: 'signed',
  offsetBits: 0,
  sizeBits: 32,
}
const build = (...types: NewBtfType[]) => {
  const builder = new BtfBuilder()
  for (const type of types) builder.add(type)
  return parseBtf(builder.build())
}
const struct = (name: string, sizeBytes: number, ...members: [string, number, number][]): NewBtfType => ({
  kind: 'struct',
  name,
  sizeBytes,
  members: members.map(([member, typeId, offsetBits]) => ({
    name: member,
    typeId,
    offsetBits,
    bitfieldBits: 0,
  })),
})
const body = (text: string) =>
  text
    .replace(/^[\s\S]*?#define __bpf_fastcall\n#endif\n#endif\n\n/, '')
    .replace(/#ifndef BPF_NO_PRESERVE[\s\S]*$/, '')

test('what points to each other is declared first, what has one name gets numbers, holes are filled', () => {
  const btf = build(
    INT,
    struct('a', 16, ['b', 3, 0], ['x', 1, 64]),
    { kind: 'ptr', name: '', typeId: 4 },
    struct('b', 8, ['a', 5, 0]),
    { kind: 'ptr', name: '', typeId: 2 },
    struct('b', 24, ['x', 1, 0], ['y', 1, 128]),
    struct('empty', 0),
    { kind: 'enum', name: '', sizeBytes: 1, signed: false, values: [{ name: 'ONE', value: 1 }] },
    { kind: 'enum', name: 'e', sizeBytes: 4, signed: false, values: [{ name: 'ONE', value: 1 }] },
    { kind: 'typedef', name: 'self', typeId: 11 },
    { kind: 'ptr', name: '', typeId: 12 },
    struct('holder', 8, ['back', 13, 0]),
    { kind: 'ptr', name: '', typeId: 10 },
  )
  assert.equal(
    body(cHeader(btf)),
    `struct b;

struct a {
	struct b *b;
	int x;
};

struct b {
	struct a *a;
};

struct b___2 {
	int x;
	long: 64;
	int y;
	long: 0;
};

struct empty {};

enum {
	ONE = 1,
} __attribute__((mode(byte)));

enum e {
	ONE___2 = 1,
};

struct holder;

typedef struct holder *self;

struct holder {
	self *back;
};

`,
  )
})

test('hostile types end in an error', () => {
  const refused = (why: RegExp, ...types: NewBtfType[]) =>
    assert.throws(
      () => cHeader(build(INT, ...types)),
      (error: unknown) => error instanceof BtfError && why.test(error.message),
    )
  refused(/contains itself/, struct('a', 4, ['a', 2, 0]))
  refused(
    /nested too deeply/,
    ...Array.from({ length: 3000 }, (_, i): NewBtfType => ({ kind: 'const', name: '', typeId: i + 3 })),
  )
  // each struct has the one before twice: 2^40 members in all
  const doubling = Array.from({ length: 40 }, (_, i) =>
    struct(i === 39 ? 'top' : '', 4, ['', i + 1, 0], ['', i + 1, 0]),
  )
  refused(/too entangled/, ...doubling)
  const calls = Array.from(
    { length: 40 },
    (_, i): NewBtfType => ({
      kind: 'funcProto',
      name: '',
      returnTypeId: i + 1,
      params: [{ name: '', typeId: i + 1 }],
      variadic: false,
    }),
  )
  refused(/too entangled/, ...calls)
})

test('damaged types give a header or a typed error', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(CLANG_BTF.length - 25), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      changes => {
        const bytes = Uint8Array.from(CLANG_BTF)
        for (const [at, value] of changes) bytes[24 + at] = value
        try {
          assert.match(cHeader(parseBtf(bytes)), /^#ifndef __VMLINUX_H__/)
        } catch (error) {
          if (!(error instanceof BtfError)) throw error
        }
      },
    ),
    { numRuns: 300 },
  )
})

const bpftool = spawnSync('bpftool', ['version'], { encoding: 'utf8' })
const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(bpftool.stdout ?? '') ?? []).slice(1).map(Number)
const noBpftool = major > 0 ? undefined : 'no bpftool'

test('the kernel is written as bpftool writes it', { skip: noKernelTypes ?? noBpftool ?? false }, () => {
  const format = ['btf', 'dump', 'file', VMLINUX, 'format', 'c']
  if (major > 7 || minor >= 5) format.push('unsorted')
  const { stdout } = spawnSync('bpftool', format, { encoding: 'utf8', maxBuffer: 1 << 28 })
  // up to version 7.4 the kernel's functions are missing, and enums are as wide as C makes them
  const definitions = (text: string) =>
    text
      .split('\n\n')
      .filter(each => /^(struct|union|enum|typedef)/.test(each))
      .map(each => each.replace(/ __attribute__\(\(mode\(\w+\)\)\);$/, ';'))
  assert.deepEqual(definitions(cHeader(parseBtf(readFileSync(VMLINUX)))), definitions(stdout))
})

const clang = ['clang', 'clang-19', 'clang-18', 'clang-16', 'clang-14'].find(
  each => spawnSync(each, ['--version']).status === 0,
)
const noClang = clang === undefined ? 'no clang' : undefined

test("clang takes the kernel's header", { skip: noKernelTypes ?? noClang ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'beetrace-header-'))
  try {
    writeFileSync(join(folder, 'vmlinux.h'), cHeader(parseBtf(readFileSync(VMLINUX))))
    writeFileSync(
      join(folder, 'a.c'),
      '#include "vmlinux.h"\nint pid(struct task_struct *task) { return task->pid; }\n',
    )
    const { status, stderr } = spawnSync(
      clang!,
      ['-g', '-O2', '-target', 'bpf', '-Werror', '-Wno-missing-declarations', '-c', 'a.c'],
      { cwd: folder, encoding: 'utf8' },
    )
    assert.equal(status, 0, stderr)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
