// Objects are foreign bytes: whatever they are, the answer is a description or a typed error, in bounded time and memory.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { CoreResolver, parseBtf, parseBtfExt } from '../../src/btf/index.ts'
import { objectHelp } from '../../src/cli/object-arguments.ts'
import { SHT_NOBITS } from '../../src/elf/constants.ts'
import { bytesSource, findSection, parseElf, readObject, sectionData } from '../../src/elf/index.ts'
import { BeetraceError, BtfError } from '../../src/errors/index.ts'
import { recordDecoder } from '../../src/object/events.ts'
import { eventMaps, eventType, openObject } from '../../src/object/index.ts'
import { sampleBytes } from './sample.ts'

const SAMPLE = sampleBytes()
const RUNS = 1500

/** A few bytes changed, and perhaps the end cut off. */
const mutated = (original: Uint8Array) =>
  fc
    .record({
      changes: fc.array(fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 0, max: 255 })), {
        maxLength: 12,
      }),
      words: fc.array(
        fc.tuple(
          fc.nat(Math.floor(original.length / 4) - 1),
          fc.constantFrom(0, 1, 0x7fffffff, 0xffffffff, 0x80000000),
        ),
        { maxLength: 4 },
      ),
      length: fc.option(fc.nat(original.length), { freq: 8 }),
    })
    .map(({ changes, words, length }) => {
      const bytes = Uint8Array.from(original)
      const view = new DataView(bytes.buffer)
      for (const [at, value] of changes) bytes[at] = value
      for (const [word, value] of words) view.setUint32(word * 4, value, true)
      return length === null ? bytes : bytes.subarray(0, length)
    })

test('a changed object is read or refused', () => {
  let read = 0
  fc.assert(
    fc.property(mutated(SAMPLE), bytes => {
      try {
        const object = readObject(bytes, 'fuzz.o')
        read++
        for (const map of eventMaps(object)) eventType(object, map)
      } catch (error) {
        if (!(error instanceof BeetraceError)) throw error
      }
    }),
    { numRuns: RUNS },
  )
  assert.ok(read > 0, 'some changes must leave a readable object, or this tests nothing')
})

/** Sections by name, and the table of sections, each as where it lies in the file: what an attacker aims at. */
function targets(original: Uint8Array): { readonly offset: number; readonly sizeBytes: number }[] {
  const view = new DataView(original.buffer, original.byteOffset)
  const elf = parseElf(bytesSource('sample', original))
  const table = { offset: Number(view.getBigUint64(40, true)), sizeBytes: elf.sections.length * 64 }
  const header = { offset: 0, sizeBytes: 64 }
  const sections = elf.sections.filter(({ type, sizeBytes }) => type !== SHT_NOBITS && sizeBytes >= 4)
  return [header, table, table, ...sections.map(({ offset, sizeBytes }) => ({ offset, sizeBytes }))]
}

/** Some words of some sections replaced by numbers that are near limits, by small ones, or by one of another place. */
const aimed = (original: Uint8Array) => {
  const places = targets(original)
  const word = fc.record({
    place: fc.nat(places.length - 1),
    at: fc.nat(),
    value: fc.oneof(
      fc.constantFrom(0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff),
      fc.nat(300),
      fc.nat(original.length + 8),
    ),
    size: fc.constantFrom(1, 2, 4),
  })
  return fc.array(word, { minLength: 1, maxLength: 4 }).map(words => {
    const bytes = Uint8Array.from(original)
    const view = new DataView(bytes.buffer)
    for (const { place, at, value, size } of words) {
      const { offset, sizeBytes } = places[place]!
      const start = offset + (at % Math.floor(sizeBytes / size)) * size
      if (size === 1) view.setUint8(start, value & 0xff)
      else if (size === 2) view.setUint16(start, value & 0xffff, true)
      else view.setUint32(start, value, true)
    }
    return bytes
  })
}

/** Everything that can be asked of an object before it is loaded. */
function look(bytes: Uint8Array): void {
  using object = openObject(bytes)
  objectHelp(object)
  for (const global of object.globals.values())
    answeredOrRefused(() => {
      const { value } = global
      global.value = value
    })
  for (const map of object.maps.values())
    answeredOrRefused(() => recordDecoder(object, map)(new Uint8Array(64), 0, 40))
}

function answeredOrRefused(ask: () => unknown): void {
  try {
    ask()
  } catch (error) {
    if (!(error instanceof BeetraceError)) throw error
  }
}

for (const name of ['fixtures/sample', 'fixtures/rare', 'fixtures/shapes', 'jump-tables/ways'])
  test(`headers, symbols, relocations and types of ${name} changed one by one`, () => {
    const original = Uint8Array.from(readFileSync(`test/object/${name}.bpf.o`))
    let read = 0
    fc.assert(
      fc.property(aimed(original), bytes => {
        answeredOrRefused(() => {
          look(bytes)
          read++
        })
      }),
      { numRuns: 300 },
    )
    assert.ok(read > 0, 'some changes must leave a readable object, or this tests nothing')
  })

test('bytes that only start like an object are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), tail => {
      const bytes = Uint8Array.of(...SAMPLE.subarray(0, 64), ...tail)
      assert.throws(() => readObject(bytes, 'fuzz.o'), BeetraceError)
    }),
    { numRuns: 300 },
  )
})

test('changed .BTF.ext is read or refused', () => {
  const elf = parseElf(bytesSource('sample', SAMPLE))
  const btf = parseBtf(sectionData(elf, findSection(elf, '.BTF')!))
  const ext = sectionData(elf, findSection(elf, '.BTF.ext')!)
  fc.assert(
    fc.property(mutated(ext), bytes => {
      try {
        parseBtfExt(bytes, btf)
      } catch (error) {
        if (!(error instanceof BtfError)) throw error
      }
    }),
    { numRuns: RUNS },
  )
})

test('any question to changed types is answered or refused', () => {
  const { btfBytes } = readObject(SAMPLE, 'sample')
  const question = fc.record({
    kind: fc.nat(14),
    typeId: fc.nat(120),
    accessStr: fc.oneof(
      fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }).map(list => list.join(':')),
      fc.string({ maxLength: 4 }),
    ),
  })
  fc.assert(
    fc.property(mutated(btfBytes!), mutated(btfBytes!), question, (local, kernel, asked) => {
      try {
        const resolver = new CoreResolver(parseBtf(local), { kernel: parseBtf(kernel) })
        resolver.describe(asked)
        resolver.answer(asked)
        resolver.candidates(asked)
      } catch (error) {
        if (!(error instanceof BtfError)) throw error
      }
    }),
    { numRuns: RUNS },
  )
})
