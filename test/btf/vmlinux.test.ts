// The BTF of the kernel this runs on: every type can be read, and what every kernel has is found.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  decodeValue,
  fieldPath,
  memberBits,
  parseBtf,
  printDecl,
  printType,
  sizeOf,
} from '../../src/btf/index.ts'
import { BtfError } from '../../src/errors/index.ts'

const VMLINUX = '/sys/kernel/btf/vmlinux'
const skip = existsSync(VMLINUX) ? false : `no ${VMLINUX}: the kernel is built without CONFIG_DEBUG_INFO_BTF`
const open = () => parseBtf(readFileSync(VMLINUX))

test('what every kernel has is found', { skip }, () => {
  const btf = open()
  const task = btf.get('task_struct', 'struct')
  const check = (path: string, expected: string) => {
    const at = fieldPath(btf, task, path)
    assert.equal(`${at.pointerOffsets.length} ${at.sizeBits} ${printType(btf, at.type)}`, expected)
  }
  check('pid', '0 32 pid_t')
  check('comm', '0 128 char [16]')
  check('mm.arg_start', '1 64 long unsigned int')
  check('real_parent->real_parent->tgid', '2 32 pid_t')
  check('thread_pid', '0 64 struct pid *')
  assert.equal(fieldPath(btf, task, 'sched_reset_on_fork').bitfield, true)
  assert.equal(fieldPath(btf, task, 'sched_reset_on_fork').sizeBits, 1)
  assert.throws(() => fieldPath(btf, task, 'pidd'), {
    message: /struct task_struct has no member "pidd", did you mean "pid"/,
  })
  assert.equal(
    printType(btf, btf.func('vfs_read')!.func),
    'ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)',
  )
  assert.equal(btf.find('no_such_type'), undefined)
  const program = btf.get('bpf_prog_type', 'enum')
  assert.equal(program.values.find(v => v.name === 'BPF_PROG_TYPE_KPROBE')?.value, 2)
})

test('every type can be read, printed, laid out', { skip }, () => {
  const btf = open()
  const zeros = new Uint8Array(1 << 20)
  const count = btf.typeCount
  let composites = 0
  for (let id = 1; id <= count; id++) {
    const type = btf.type(id)
    assert.notEqual(type.kind, 'unknown')
    if (id % 50 === 0) assert.ok(printDecl(btf, type).length > 0)
    if (type.kind !== 'struct' && type.kind !== 'union') continue
    composites++
    for (const member of type.members) {
      // a flexible array at the end is the one member that may lie outside
      const bits = memberBits(btf, member)
      assert.ok(bits.offsetBits + bits.sizeBits <= type.sizeBytes * 8, printDecl(btf, type))
    }
    if (type.name !== '' && composites % 20 === 0 && sizeOf(btf, type) < zeros.length) {
      try {
        decodeValue(btf, type, zeros)
      } catch (error) {
        if (!(error instanceof BtfError)) throw error
        assert.fail(`${printDecl(btf, type)}: ${error.message}`)
      }
    }
  }
  assert.ok(composites > 1000)
})
