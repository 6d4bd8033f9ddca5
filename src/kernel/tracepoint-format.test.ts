// Tracepoint formats as kernels print them; declarations of every shape; damaged files.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BeetraceError } from '../errors/errors.ts'
import { parseTracepointFormat, type TracepointField } from './tracepoint-format.ts'

const openat = `name: sys_enter_openat
ID: 782
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:int dfd;	offset:16;	size:8;	signed:0;
	field:const char * filename;	offset:24;	size:8;	signed:0;
	field:int flags;	offset:32;	size:8;	signed:0;
	field:umode_t mode;	offset:40;	size:8;	signed:0;

print fmt: "dfd: 0x%08lx, filename: 0x%08lx", ((unsigned long)(REC->dfd)), ((unsigned long)(REC->filename))
`

test('a whole format', () => {
  const format = parseTracepointFormat(openat)
  assert.equal(format.name, 'sys_enter_openat')
  assert.equal(format.id, 782)
  assert.deepEqual(
    format.fields.map(
      f => `${f.common ? '~' : ''}${f.type}|${f.name}@${f.offset}+${f.sizeBytes}${f.signed ? 's' : ''}`,
    ),
    [
      '~unsigned short|common_type@0+2',
      '~unsigned char|common_flags@2+1',
      '~unsigned char|common_preempt_count@3+1',
      '~int|common_pid@4+4s',
      'int|__syscall_nr@8+4s',
      'int|dfd@16+8',
      'const char *|filename@24+8',
      'int|flags@32+8',
      'umode_t|mode@40+8',
    ],
  )
  assert.match(format.printFmt, /^"dfd: .*REC->filename\)\)$/)
})

test('a print format with a line break inside keeps it', () => {
  assert.equal(
    parseTracepointFormat('name: a\nID: 1\nprint fmt: "x\n	field:y", 1\n').printFmt,
    '"x\n	field:y", 1',
  )
})

const check = (declaration: string, expected: Partial<TracepointField>) =>
  test(`field ${declaration}`, () => {
    const text = `name: x\nID: 1\nformat:\n\tfield:${declaration};\toffset:8;\tsize:4;\tsigned:0;\n`
    const {
      offset,
      sizeBytes,
      signed,
      common,
      declaration: kept,
      ...field
    } = parseTracepointFormat(text).fields[0]!
    assert.equal(kept, declaration)
    assert.deepEqual(
      { offset, sizeBytes, signed, common },
      { offset: 8, sizeBytes: 4, signed: false, common: false },
    )
    assert.deepEqual(field, expected)
  })

check('char prev_comm[16]', { name: 'prev_comm', type: 'char', arrayCount: 16 })
check('__data_loc char[] filename', { name: 'filename', type: 'char', location: 'data_loc' })
check('__rel_loc char[] name', { name: 'name', type: 'char', location: 'rel_loc' })
check('__data_loc unsigned int[] ids', { name: 'ids', type: 'unsigned int', location: 'data_loc' })
check('const char *const * argv', { name: 'argv', type: 'const char *const *' })
check('void *p', { name: 'p', type: 'void *' })
check('struct sockaddr * uservaddr', { name: 'uservaddr', type: 'struct sockaddr *' })
check('unsigned n', { name: 'n', type: 'unsigned' })
check('u8 saddr[4]', { name: 'saddr', type: 'u8', arrayCount: 4 })
check('int m[2][8]', { name: 'm', type: 'int', arrayCount: 16 })
check('char name[TASK_COMM_LEN]', { name: 'name', type: 'char' })
check('enum xfs_group_type type', { name: 'type', type: 'enum xfs_group_type' })
check('void (*fn)(struct rcu_head *)', { name: 'fn', type: 'void (*)(struct rcu_head *)' })

const bad = (what: string, text: string) =>
  test(`no format: ${what}`, () =>
    assert.throws(() => parseTracepointFormat(text), { code: 'TRACEPOINT_FORMAT' }))

bad('empty', '')
bad('no ID', 'name: x\n')
bad('no name', 'ID: 4\n')
bad('ID no number', 'name: x\nID: 0x4\n')
bad('field without offset', 'name: x\nID: 1\n\tfield:int a;\tsize:4;\tsigned:1;\n')
bad('field without name', 'name: x\nID: 1\n\tfield:;\toffset:0;\tsize:4;\tsigned:1;\n')
bad('field without type', 'name: x\nID: 1\n\tfield:a;\toffset:0;\tsize:4;\tsigned:1;\n')
bad('offset beyond all records', 'name: x\nID: 1\n\tfield:int a;\toffset:99999999999;\tsize:4;\tsigned:1;\n')

test('damaged formats give an error of ours or a format', () => {
  const damaged = fc.oneof(
    fc
      .tuple(fc.nat(openat.length), fc.nat(40), fc.string({ maxLength: 20 }))
      .map(([at, cut, put]) => openat.slice(0, at) + put + openat.slice(at + cut)),
    fc.string({ maxLength: 60 }).map(d => `name: x\nID: 1\n\tfield:${d};\toffset:0;\tsize:4;\tsigned:1;\n`),
  )
  fc.assert(
    fc.property(damaged, text => {
      try {
        for (const field of parseTracepointFormat(text).fields) assert.notEqual(field.name, '')
      } catch (error) {
        if (!(error instanceof BeetraceError)) throw error
        assert.equal(error.code, 'TRACEPOINT_FORMAT')
      }
    }),
    { numRuns: 2000 },
  )
})

test('a hostile declaration does not take exponential time', () => {
  const started = performance.now()
  for (const filler of ['a ', '[', '[]', '* ', '( * '])
    try {
      parseTracepointFormat(
        `name: x\nID: 1\n\tfield:${filler.repeat(20_000)};\toffset:0;\tsize:4;\tsigned:1;\n`,
      )
    } catch (error) {
      assert.ok(error instanceof BeetraceError)
    }
  assert.ok(performance.now() - started < 60_000)
})
