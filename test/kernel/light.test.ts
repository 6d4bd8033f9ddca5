// Light skeletons on a real kernel: a program there makes the maps and loads the programs, and what it is asked for it finds itself.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readObject } from '../../src/elf/index.ts'
import { VerifierError } from '../../src/errors/index.ts'
import {
  features,
  findKernelSymbol,
  hasFeature,
  linuxVersionCode,
  readKallsyms,
  vmlinuxBtf,
} from '../../src/kernel/index.ts'
import { lightObject, openLightObject, openObject } from '../../src/object/index.ts'
import { openCalls } from '../object/fixtures/calls-light.skel.ts'
import { SAMPLE_PATH, SHAPES_PATH } from '../object/sample.ts'
import { since } from './since.ts'

const LIGHT_PATH = 'test/object/fixtures/light.bpf.o'

const skip = since('5.17', 'CO-RE relocations that the kernel answers')

/** The light form of a fixture, with these programs and no other, unless they are those that it loads itself. */
function open(path: string, programs?: readonly string[]) {
  const object = readObject(readFileSync(path), path)
  const chosen =
    programs === undefined
      ? object.programs
      : object.programs.map(each => ({ ...each, autoload: programs.includes(each.name) }))
  return openLightObject(lightObject({ ...object, programs: chosen }))
}

const openFds = (): number => readdirSync('/proc/self/fd').length

test('types, symbols, functions and fields are found by the loader', { skip }, () => {
  using object = open(LIGHT_PATH)
  object.global('add').value = 2
  object.map('numbers').maxEntries = 3
  object.load()
  assert.equal(object.program('ask').program.testRun({ ctx: new Uint8Array(8) }).retval, 42)
  assert.equal(object.global('seen').value, 42)
  const answers = object.global('answers').value as readonly number[]
  const cast = vmlinuxBtf().find('bpf_rdonly_cast', 'func') === undefined ? 0 : process.pid
  assert.deepEqual([...answers], [process.pid, cast, 0, 0, 0, 0, 0, linuxVersionCode()])
  const [vfsRead] = findKernelSymbol(readKallsyms(), 'vfs_read')
  assert.equal(object.global('address').value, vfsRead?.address)
  const { map } = object.map('numbers')
  assert.equal(map.maxEntries, 3)
  assert.equal(map.lookup(Uint8Array.of(2, 0, 0, 0))?.[0], 42)
  assert.throws(() => {
    object.global('add').value = 3
  }, /"add" is constant once the object is loaded/)
})

test('a typed variable of the kernel', {
  skip: skip || (!hasDataSymbols() && 'this kernel keeps no names of data'),
}, () => {
  using object = open(LIGHT_PATH, ['variable']).load()
  object.program('variable').program.testRun({ ctx: new Uint8Array(8) })
  assert.equal((object.global('answers').value as readonly number[])[4], 1)
})

function hasDataSymbols(): boolean {
  return findKernelSymbol(readKallsyms(), 'bpf_prog_active').length > 0
}

const noTracing = !hasFeature(features.fentry) && 'this kernel loads no programs that attach by BTF'

test('what programs attach to is found by its types', { skip: skip || noTracing }, () => {
  using object = open(LIGHT_PATH, ['enters', 'called']).load()
  assert.equal(object.attach().length, 2)
  object.program('enters').program.testRun({})
  assert.equal(object.global('seen').value, 77)
})

test('functions of a pattern are attached to, or the one that is to match', {
  skip: skip || (!hasFeature(features.kprobeMulti) && 'no kprobe_multi (new in 5.18, needs CONFIG_FPROBE)'),
}, () => {
  using object = open(LIGHT_PATH, ['walks']).load()
  assert.throws(
    () => object.attachProgram('walks', { uniqueMatch: true }),
    /\d+ functions of this kernel match vfs_\*, and it is to be one/,
  )
  object.attachProgram('walks', { target: 'vfs_readlink', uniqueMatch: true }).close()
})

test('maps of maps and arrays of programs are filled, and every kind of setting is kept', { skip }, () => {
  using object = open(SAMPLE_PATH).load()
  using whole = openObject(SAMPLE_PATH).load()
  for (const [label, { map }] of whole.maps) {
    const other = object.map(label).map
    assert.deepEqual(
      [other.type, other.keySize, other.valueSize, other.maxEntries, other.flags],
      [map.type, map.keySize, map.valueSize, map.maxEntries, map.flags],
      label,
    )
  }
  const { map: outer } = object.map('outer')
  assert.equal([...outer.entries()].length, [...whole.map('outer').map.entries()].length)
  for (const label of ['.rodata', '.data', '.kconfig'])
    assert.deepEqual(
      object.map(label).map.lookup(new Uint8Array(4)),
      whole.map(label).map.lookup(new Uint8Array(4)),
      label,
    )
})

test('a module of its own: variables, maps and records as of any skeleton', { skip }, async () => {
  using calls = openCalls()
  calls.rodata.only_tgid = process.pid
  calls.rodata.first = 3
  calls.load().attach()
  let told = 0
  for await (const { comm } of calls.maps.events) {
    assert.equal(typeof comm, 'string')
    if (++told === 3) break
  }
  assert.equal(told, 3)
  assert.ok(calls.bss.total >= 3n)
})

test('what the verifier refuses is told in its words, and nothing stays open', { skip }, () => {
  const before = openFds()
  using object = open(LIGHT_PATH, ['ask', 'refused'])
  assert.throws(
    () => object.load(),
    (error: unknown) =>
      error instanceof VerifierError && error.program === 'refused' && /R2 type=ctx/.test(error.log),
  )
  assert.equal(openFds(), before)
  assert.equal(object.loaded, false)
})

for (const [program, message] of [
  ['calls', /lacking: this kernel has no "bpf_no_such_function": declare the extern weak/],
  ['points', /lacking: this kernel has no "no_such_symbol"/],
  [
    'traces',
    /lacking: program "traces" \(\?fentry\/no_such_function\): the kernel's types have no "no_such_function"/,
  ],
] as const)
  test(`what this kernel lacks is named: ${program}`, { skip }, () => {
    const before = openFds()
    using object = open('test/object/fixtures/lacking.bpf.o', [program])
    assert.throws(() => object.load({ kernelConfig: 'CONFIG_NO_SUCH_OPTION=1' }), message)
    assert.equal(openFds(), before)
  })

test('settings that the loader cannot be told are refused', { skip }, () => {
  const refused = (set: (object: ReturnType<typeof open>) => void, what: RegExp) => {
    using object = open(SHAPES_PATH)
    set(object)
    assert.throws(() => object.load(), { code: 'OBJECT_USE', message: what })
  }
  refused(
    object => (object.map('routes').valueSize = 99),
    /`valueSize` of map "routes" cannot be set of a light skeleton/,
  )
  refused(object => (object.map('routes').pinPath = '/sys/fs/bpf/x'), /`pinPath` of map "routes"/)
})
