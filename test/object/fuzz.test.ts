// Objects are foreign bytes: whatever they are, the answer is a description or a typed error, in bounded time and memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CoreResolver, parseBtf, parseBtfExt } from '../../src/btf/index.ts'
import { bytesSource, findSection, parseElf, readObject, sectionData } from '../../src/elf/index.ts'
import { BeetraceError, BtfError } from '../../src/errors/index.ts'
import { eventMaps, eventType } from '../../src/object/index.ts'
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
