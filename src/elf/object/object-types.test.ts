// The types of a module file that brings a distilled base: as it has them, and put onto a kernel's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfBuilder, distillBase, parseBtf } from '../../btf/index.ts'
import { writeElf } from '../linker/write-elf.ts'
import { readObjectTypes } from './object-types.ts'

const SHT_PROGBITS = 1
const section = (name: string, data: Uint8Array) => ({
  name,
  ...{ type: SHT_PROGBITS, flags: 0, alignBytes: 4, entryBytes: 0 },
  ...{ sizeBytes: data.length, data, relocations: [] },
})

/** A kernel whose struct task has `before` other structs before it. */
function kernelBtf(before: number) {
  const builder = new BtfBuilder()
  for (let i = 0; i < before; i++)
    builder.add({ kind: 'struct', name: `other${i}`, sizeBytes: 0, members: [] })
  builder.add({ kind: 'struct', name: 'task', sizeBytes: 8, members: [] })
  return parseBtf(builder.build())
}

test('types that continue a distilled base', () => {
  const kernel = kernelBtf(3)
  const module = new BtfBuilder(kernel)
  module.add({ kind: 'typedef', name: 'task_t', typeId: 4 })
  const { base, split } = distillBase(parseBtf(module.build(), kernel))
  const file = writeElf({
    littleEndian: true,
    sections: [section('.BTF', split), section('.BTF.base', base)],
    symbols: [],
  })
  const target = (running?: ReturnType<typeof kernelBtf>) => {
    const { btf } = readObjectTypes(file, 'module.ko', running)
    const { id, typeId } = btf.get('task_t', 'typedef')
    return [id, btf.type(typeId).name, typeId]
  }
  assert.deepEqual(target(), [2, 'task', 1])
  assert.deepEqual(target(kernel), [5, 'task', 4])
  assert.deepEqual(target(kernelBtf(7)), [9, 'task', 8])
})

test('types that continue the kernel that they were made with', () => {
  const kernel = kernelBtf(1)
  const module = new BtfBuilder(kernel)
  module.add({ kind: 'typedef', name: 'task_t', typeId: 2 })
  const file = writeElf({ littleEndian: true, sections: [section('.BTF', module.build())], symbols: [] })
  assert.equal(readObjectTypes(file, 'module.ko', kernel).btf.get('task_t', 'typedef').id, 3)
})
