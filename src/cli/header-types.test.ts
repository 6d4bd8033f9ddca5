// Structs of a tool's header, as the types of its records.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { decodeValue, sizeOf } from '../btf/index.ts'
import { HeaderTypes } from './header-types.ts'

const folder = mkdtempSync(join(tmpdir(), 'beetrace-header-'))
after(() => rmSync(folder, { recursive: true }))

const read = (text: string, other = ''): HeaderTypes => {
  const path = join(folder, 'tool.h')
  writeFileSync(path, text)
  writeFileSync(join(folder, 'common.h'), other)
  return new HeaderTypes([path])
}

const WHOLE = `
#ifndef __TOOL_H
#define __TOOL_H
#include <no/such/header.h>
#include "common.h"
#define TASK_COMM_LEN 16
enum kind { OPEN, CLOSE = 5 };
struct place { __u16 port; union { __u32 v4; __u8 v6[16]; }; } __attribute__((packed));
struct event {
  int pid;
  char comm[TASK_COMM_LEN];
  enum kind kind;
  struct place places[COUNT];
  unsigned int flag : 1, rest : 7;
  bool ok;
  const char *where;
  my_time when;
  double part;
};
#endif
`

test('a header is read as a compiler lays it out', () => {
  const { btf, type } = read(WHOLE, '#define COUNT 2\ntypedef unsigned long long my_time;').likely()
  assert.equal(type.name, 'event')
  assert.deepEqual(
    type.members.map(({ name, offsetBits }) => [name, offsetBits / 8]),
    [
      ...[
        ['pid', 0],
        ['comm', 4],
        ['kind', 20],
        ['places', 24],
        ['flag', 60],
        ['rest', 60.125],
      ],
      ...[
        ['ok', 61],
        ['where', 64],
        ['when', 72],
        ['part', 80],
      ],
    ],
  )
  assert.equal(sizeOf(btf, type), 88)
  const bytes = new Uint8Array(88)
  const view = new DataView(bytes.buffer)
  bytes.set(Buffer.from('cat'), 4)
  view.setInt32(0, -3, true)
  view.setUint32(20, 5, true)
  view.setUint16(42, 443, true)
  view.setUint32(44, 0x0100007f, true)
  bytes[60] = 0b1011
  bytes[61] = 1
  view.setBigUint64(72, 2n ** 63n, true)
  view.setFloat64(80, 0.5, true)
  const value = decodeValue(btf, type, bytes) as Record<string, unknown>
  assert.deepEqual(
    [value.pid, value.comm, value.kind, value.flag, value.rest, value.ok, value.when, value.part],
    [-3, 'cat', 'CLOSE', 1, 5, true, 2n ** 63n, 0.5],
  )
  const [, second] = value.places as { port: number; v4: number }[]
  assert.deepEqual([second!.port, second!.v4], [443, 0x0100007f])
})

const refused: [header: string, name: string | undefined, message: RegExp][] = [
  [
    'struct a { int x; }; struct b { int y; };',
    undefined,
    /several structs: say which by --event-type \(a, b\)/,
  ],
  ['struct a { int x; };', 'aa', /neither the object nor .*tool\.h has a struct "aa": did you mean a\?/],
  ['#define A 1', undefined, /has no struct that is known whole$/],
  [
    'struct a { struct never_heard_of_it x; };',
    undefined,
    /struct never_heard_of_it is not known, give its header/,
  ],
  ['struct event { struct event x; };', 'event', /has a struct "event"/],
  ['struct a { int', undefined, /cannot read the definitions:\n.*tool\.h:1/s],
]
for (const [header, name, message] of refused)
  test(`${header} is refused`, () => {
    assert.throws(
      () => {
        const types = read(header)
        if (name === undefined) types.likely()
        else types.get(name)
      },
      { code: 'HEADER', message },
    )
  })

test('a file that is not there is told', () => {
  assert.throws(() => new HeaderTypes([join(folder, 'nothing.h')]), /cannot read .*nothing\.h: No such file/)
})

test('the only struct is the one; a name finds any', () => {
  assert.equal(read('struct sample { int x; };').likely().type.name, 'sample')
  const two = read('struct b { int x; }; struct data_t { struct b y; };')
  assert.deepEqual([two.likely().type.name, two.get('b').type.name], ['data_t', 'b'])
})
