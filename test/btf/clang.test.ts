// Layout, printing and values held against what a C compiler made of the same structs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeValue, encodeValue, fieldPath, parseBtf, printDecl, printType } from '../../src/btf/index.ts'
import { CLANG_BTF, FILLED } from './clang-fixture.ts'

const btf = parseBtf(CLANG_BTF)

test('fields lie where the compiler puts them', () => {
  const check = (struct: string, path: string, expected: string) => {
    const at = fieldPath(btf, btf.get(struct, 'struct'), path)
    const pointers = at.pointerOffsets.map(p => `*${p} `).join('')
    const unit = at.bitfield ? `bits ${at.offsetBits}+${at.sizeBits}` : `${at.offsetBytes}+${at.sizeBits / 8}`
    assert.equal(`${pointers}${unit} ${printType(btf, at.type)}`, expected)
  }
  check('bf', 'a', 'bits 0+3 int')
  check('bf', 'c', 'bits 8+40 u64')
  check('bf', 'd', 'bits 64+50 u64')
  check('bf', 'e', 'bits 114+4 enum color')
  check('pk', 'i', '1+4 int')
  check('pk', 't', 'bits 45+11 short')
  check('pk', 'l', '7+8 long')
  check('anon', 'q', '12+1 char')
  check('anon', 'n', '8+1 struct {...}')
  check('anon', 'n.t', 'bits 66+6 u8')
  check('anon', 'arr', '16+48 struct inner [3][2]')
  check('anon', 'arr[2][1].y', '60+2 short')
  check('anon', 'name[15]', '79+1 char')
  check('anon', 'ptr->y', '*80 4+2 short')
  check('anon', 'ptr[3].y', '*80 28+2 short')
  check('anon', 'anonptr.deep', '*104 0+4 int')
  check('anon', 'flex', '112+0 int []')
  check('anon', 'flex[7]', '140+4 int')
  check('anon', 'vc', '96+4 const volatile u32')
})

test('declarations read as the C they came from', () => {
  const check = (name: string, expected: string) => {
    const type = btf.find(name)
    assert.ok(type, name)
    assert.equal(printDecl(btf, type), expected)
  }
  check('strs', 'const char *const *strs;')
  check('fparr', 'int (*fparr[4])(void);')
  check('sig', 'void (*(*sig)(int, void (*)(int)))(int);')
  check('counter', 'static int counter;')
  check('prog', 'int prog(struct anon *a, int n);')
  check('u64', 'typedef unsigned long u64;')
  check('color', 'enum color {\n\tRED = 0,\n\tGREEN = 5,\n\tBLUE = -1,\n};')
  check('big', 'enum big {\n\tB0 = 1,\n\tB1 = 20015998343868,\n};')
  check(
    'anon',
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
	const volatile u32 vc;
	struct {
		int deep;
	} *anonptr;
	int flex[];
};`,
  )
})

test('values are what the C program stored, and encode to its bytes', () => {
  const check = (name: keyof typeof FILLED, expected: object) => {
    const type = btf.find(name)!
    const bytes = Buffer.from(FILLED[name], 'hex')
    const value = decodeValue(btf, type, bytes)
    assert.deepEqual(plain(value), expected)
    assert.equal(Buffer.from(encodeValue(btf, type, value)).toString('hex'), FILLED[name])
  }
  check('bf', { a: -3, b: 21, c: 0xab12345678, d: 0x2345678901234, e: 'GREEN', f: true, g: 99 })
  check('pk', { c: 120, i: -123456, s: -7, t: -1000, l: 0x7fffffffffffff01n })
  check('wide', { w: -(1n << 100n), b: true, uc: 200, sc: -100 })
  check('anon', {
    k: 7,
    p: -9,
    q: 122,
    r: BigInt.asIntN(64, 0x7a_fffffff7n),
    n: { s: 3, t: 61 },
    arr: [0, 1, 2].map(i => [0, 1].map(j => ({ x: i * 10 + j, y: 0 - (i * 10 + j) }))),
    name: 'beetrace',
    ptr: 0xffff888012345678n,
    fn: 0n,
    vc: 0xdeadbeef,
    anonptr: 0n,
    flex: [],
  })
  const un = decodeValue(btf, btf.get('un', 'union'), Buffer.from(FILLED.un, 'hex')) as { d: number }
  assert.equal(un.d, -2.5)
})

test('a data section decodes by the names of its variables', () => {
  const section = btf.get('.data.x', 'datasec')
  // clang leaves the size to the linker: such a section has no bytes of its own yet
  assert.equal(section.sizeBytes, 0)
  const variable = btf.get('counter', 'var')
  assert.equal(decodeValue(btf, variable, Uint8Array.of(42, 0, 0, 0)), 42)
})

/** Objects of decodeValue have no prototype; compare them as ordinary ones. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
}
