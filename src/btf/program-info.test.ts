// Function and line info: which instructions get records, at which slots, with which strings.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Insn, SourceLine } from '../asm/insn.ts'
import { buildProgramInfo, parseBtf } from './index.ts'

const line = (n: number, text = `line ${n}`): SourceLine => ({ file: 'a.bt', line: n, column: 3, text })
const insn = (more: Partial<Insn> = {}): Insn => ({ code: 0xb7, dst: 0, src: 0, off: 0, imm: 0, ...more })
const wide = (more: Partial<Insn> = {}): Insn => insn({ code: 0x18, ...more })
const withSource = (source: SourceLine | undefined): Partial<Insn> => (source ? { source } : {})

function check(insns: Insn[], funcs: string[], lines: string[], subprogs?: string[]) {
  const info = buildProgramInfo('on open', insns, subprogs)
  const btf = parseBtf(info.btf)
  const words = (bytes: Uint8Array) =>
    Array.from({ length: bytes.length / 4 }, (_, i) => Buffer.from(bytes).readUInt32LE(i * 4))
  const records = (bytes: Uint8Array, size: number) =>
    Array.from({ length: bytes.length / size }, (_, i) => words(bytes.subarray(i * size, (i + 1) * size)))
  assert.deepEqual(
    records(info.funcInfo, info.funcInfoRecSize).map(([slot, id]) => `${slot} ${btf.type(id!).name}`),
    funcs,
  )
  assert.deepEqual(
    records(info.lineInfo, info.lineInfoRecSize).map(
      ([slot, file, text, lineCol]) =>
        `${slot} ${btf.string(file!)}:${lineCol! >>> 10}:${lineCol! & 1023} ${btf.string(text!)}`,
    ),
    lines,
  )
}

test('a record where the source changes', () => {
  check(
    [
      insn(withSource(line(1))),
      wide(withSource(line(1))),
      insn(withSource(line(2))),
      insn(),
      insn(withSource(line(2))),
      insn(withSource(line(1))),
    ],
    ['0 on_open'],
    ['0 a.bt:1:3 line 1', '3 a.bt:2:3 line 2', '6 a.bt:1:3 line 1'],
  )
})

test('a function starts with a record, from its first source if it has one', () => {
  const call = insn({ code: 0x85, src: 1, ref: { kind: 'subprog', name: 'sub' } })
  const address = wide({ src: 4, ref: { kind: 'funcAddress', name: 'callback' } })
  check(
    [
      insn(),
      call,
      insn({ ...withSource(line(5)), labels: ['loop'] }),
      address,
      insn({ labels: ['x', 'sub'], ...withSource(line(5)) }),
      insn({ labels: ['callback'] }),
    ],
    ['0 on_open', '5 sub', '6 callback'],
    ['0 a.bt:5:3 line 5', '5 a.bt:5:3 line 5', '6 :0:0 '],
  )
  // with references already resolved, the caller names the functions
  check([insn(), insn({ labels: ['sub'] })], ['0 on_open', '1 sub'], [], ['sub'])
})

test('no sources, no line info; text that C strings or the log cannot hold is cut', () => {
  check([insn(), insn()], ['0 on_open'], [])
  check([insn(withSource(line(1, 'a\0b')))], ['0 on_open'], ['0 a.bt:1:3 a'])
  check([insn(withSource(line(1, 'a\nb')))], ['0 on_open'], ['0 a.bt:1:3 a'])
  check(
    [insn(withSource({ file: 'é.bt', line: 1e9, column: 5000, text: 'ü' }))],
    ['0 on_open'],
    ['0 é.bt:4194303:1023 ü'],
  )
})

test('a global function has a prototype, static ones have none to speak of', () => {
  const insns = [
    insn({ code: 0x85, src: 1, ref: { kind: 'subprog', name: 'sum' } }),
    insn({ labels: ['sum'] }),
  ]
  const info = buildProgramInfo('main', insns, undefined, [
    {
      name: 'sum',
      params: [
        { kind: 'structPointer', struct: 'memory64', sizeBytes: 64 },
        { kind: 'int', sizeBytes: 2, signed: false },
      ],
    },
  ])
  const btf = parseBtf(info.btf)
  const words = Array.from({ length: 4 }, (_, i) => Buffer.from(info.funcInfo).readUInt32LE(i * 4))
  const [main, sum] = [btf.type(words[1]!), btf.type(words[3]!)]
  assert.equal(main.kind === 'func' && main.linkage, 'static')
  assert.ok(sum.kind === 'func' && sum.linkage === 'global')
  const proto = btf.type(sum.typeId)
  assert.ok(proto.kind === 'funcProto')
  const [memory, n] = proto.params.map(({ typeId }) => btf.type(typeId))
  assert.ok(memory?.kind === 'ptr')
  const struct = btf.type(memory.typeId)
  assert.deepEqual(struct.kind === 'struct' && [struct.name, struct.sizeBytes], ['memory64', 64])
  assert.deepEqual(n?.kind === 'int' && [n.name, n.sizeBytes], ['u16', 2])
})
