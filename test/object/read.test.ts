// Compiled objects as specs, without a kernel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBtf } from '../../src/btf/index.ts'
import { readObject } from '../../src/elf/index.ts'
import { ElfError } from '../../src/errors/index.ts'
import { eventMaps, eventType, openObject } from '../../src/object/index.ts'
import { SAMPLE_PATH, sampleBytes } from './sample.ts'

const object = readObject(sampleBytes(), SAMPLE_PATH)

test('programs come with what they call, in the order they are met', () => {
  const programs = object.programs.map(({ name, section, autoload, functions }) => ({
    ...{ name, section, autoload, functions: functions.map(each => each.name) },
  }))
  assert.deepEqual(programs, [
    { name: 'second', section: 'raw_tp/sys_enter', autoload: true, functions: ['second'] },
    {
      ...{ name: 'first', section: 'raw_tp/sys_enter', autoload: true },
      functions: ['first', 'each', 'global_helper', 'helper', 'hidden_helper'],
    },
    { name: 'poisoned', section: '?raw_tp/sys_exit', autoload: false, functions: ['poisoned'] },
    { name: 'filter', section: '?socket', autoload: false, functions: ['filter'] },
  ])
  assert.equal(object.license, 'GPL')
})

test('maps come as they are declared, and sections of data as maps', () => {
  const maps = object.maps.map(({ label, name, type, keySize, valueSize, maxEntries, frozen, values }) => [
    ...[label, name, type, keySize, valueSize, maxEntries, frozen ?? false, values ?? []],
  ])
  assert.deepEqual(maps, [
    ['inner_b', 'inner_b', 2, 4, 8, 1, false, []],
    ['outer', 'outer', 12, 4, 4, 2, false, [undefined, 'inner_b']],
    ['jumps', 'jumps', 3, 4, 4, 2, false, [undefined, 'second']],
    ['by_process', 'by_process', 1, 4, 16, 16, false, []],
    ['events', 'events', 27, 0, 0, 4096, false, []],
    ['inner_a', 'inner_a', 2, 4, 8, 1, false, []],
    ['.rodata', 'sample.rodata', 2, 4, 13, 1, true, []],
    ['.data', 'sample.data', 2, 4, 12, 1, false, []],
    ['.data.counts', '.data.counts', 2, 4, 4, 1, false, []],
    ['.bss', 'sample.bss', 2, 4, 40, 1, false, []],
    ['.kconfig', 'sample.kconfig', 2, 4, 8, 1, true, []],
  ])
  assert.equal(object.maps.find(map => map.label === 'outer')?.inner?.valueSize, 8)
})

test('what the kernel must provide is told by kind', () => {
  const externs = object.externs.map(({ name, kind, weak }) => [name, kind, weak])
  assert.deepEqual(externs.sort(), [
    ['CONFIG_NO_SUCH_OPTION', 'kconfig', true],
    ['LINUX_KERNEL_VERSION', 'kconfig', false],
    ['no_such_function', 'function', true],
    ['no_such_symbol', 'address', true],
  ])
})

test('BTF for the kernel has the layout of sections, and no externs', () => {
  const btf = parseBtf(object.btfBytes!)
  const rodata = btf.get('.rodata', 'datasec')
  assert.equal(rodata.sizeBytes, 13)
  for (const { variables, section } of object.maps.filter(map => map.role === 'data'))
    for (const { name, offsetBytes } of variables ?? []) {
      const placed = btf.get(section, 'datasec').vars.find(each => btf.type(each.typeId).name === name)
      assert.equal(placed?.offsetBytes, offsetBytes, name)
    }
  for (let id = 1; id <= btf.typeCount; id++) {
    const type = btf.type(id)
    if (type.kind === 'var' || type.kind === 'func') assert.notEqual(type.linkage, 'extern', type.name)
  }
  assert.equal(btf.get('hidden_helper', 'func').linkage, 'static')
  assert.equal(btf.get('global_helper', 'func').linkage, 'global')
})

test('globals have their initial values and can be set', () => {
  using opened = openObject(SAMPLE_PATH)
  assert.equal(opened.global('seen').value, 40n)
  assert.equal(opened.global('label').value, 'first')
  assert.equal(opened.global('with_events').value, true)
  opened.global('only_tgid').value = 77
  assert.equal(opened.global('only_tgid').value, 77)
  assert.equal(opened.global('separate').section, '.data.counts')
  assert.throws(() => opened.global('sene'), /has no global variable "sene": it has .*seen/)
  assert.throws(() => opened.map('events').map, /map "events" is not loaded/)
  assert.throws(() => opened.attach(), /is not loaded/)
})

test('the struct of a ring is found by the variable that keeps it', () => {
  const [events] = eventMaps(object)
  const found = eventType(object, events!)
  assert.equal(found.kind === 'found' && found.type.name, 'event')
})

const damaged: [what: string, change: (bytes: Uint8Array) => Uint8Array, message: RegExp][] = [
  ['no ELF file', () => Buffer.from('int main;'), /does not start as an ELF file/],
  ['cut off', bytes => bytes.subarray(0, 5000), /is it cut off/],
  ['of another machine', bytes => put(bytes, 18, 62), /made for x86-64, not for BPF/],
  ['a program and no object', bytes => put(bytes, 16, 2), /ELF file of type 2/],
]
for (const [what, change, message] of damaged)
  test(`an object that is ${what} is refused`, () => {
    assert.throws(
      () => readObject(change(Uint8Array.from(sampleBytes())), 'x.o'),
      (error: unknown) => error instanceof ElfError && message.test(error.message) && error.file === 'x.o',
    )
  })

function put(bytes: Uint8Array, at: number, value: number): Uint8Array {
  bytes[at] = value
  return bytes
}
