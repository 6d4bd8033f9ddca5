// What compiled scripts compute, in the test interpreter: random expressions against a plain model, and statements
// whose result is known.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bucketCount, bucketOf } from '../../src/script/buckets.ts'
import { checkText, testKernel } from '../../src/script/check/testing.ts'
import type { CompiledScript } from '../../src/script/compiled.ts'
import { lower } from '../../src/script/lower/lower.ts'
import { Vm } from '../vm/index.ts'
import { anyShape, anyVariables, assignment, build } from './any-expression.ts'

/** Scripts in the interpreter: its loops by callback are not modelled. */
const kernel = testKernel()

function compile(text: string): CompiledScript {
  const { checked, facts, diagnostics, messages } = checkText(text, {}, kernel)
  assert.ok(diagnostics.ok, messages)
  return lower(checked, facts)
}

/** Runs the script's `begin` once; the value of the map without keys `name` as a signed number. */
function resultOf(text: string, name = '@r'): bigint {
  const { programs, mapSpecs, maps } = compile(text)
  const vm = new Vm({ maps: mapSpecs })
  vm.run(programs[0]!.spec.insns, { ctx: new Uint8Array(64) })
  const { store } = maps.find(map => map.name === name)!
  assert.equal(store.kind, 'global')
  const value = vm.maps.get(store.map)!.lookup(new Uint8Array(4))!.bytes
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  return view.getBigInt64(store.kind === 'global' ? store.offset : 0, true)
}

test('expressions give what the model gives', () => {
  fc.assert(
    fc.property(anyVariables, anyShape, (variables, shape) => {
      const { text, value } = build(shape, variables)
      const script = `begin { ${variables.map(assignment).join(' ')} @r = (int64)${text}; }`
      assert.equal(resultOf(script), BigInt.asIntN(64, value), script)
    }),
    { numRuns: 300 },
  )
})

const gives = (statements: string, expected: bigint) =>
  test(statements, () => assert.equal(resultOf(`begin { ${statements} }`), expected))

gives('@r = (int64)1; @r += 4; @r *= 3;', 15n)
gives(
  '$i = 0; $s = (int64)0; while ($i < 10) { $i++; if ($i == 3) { continue } if ($i > 5) { break } $s += $i; } @r = $s;',
  12n,
)
gives('$s = (int64)0; unroll(4) { $s += 2; } @r = $s;', 8n)
gives('$s = (int64)0; for ($i : 2..6) { $s += $i; } @r = $s;', 14n)
gives('@r = "abc" == "abc" ? (int64)1 : 2;', 1n)
gives('$a = comm; @r = $a == "vm" ? (int64)1 : 2;', 1n)
gives('@r = comm == "v" ? (int64)1 : 2;', 2n)
gives('$t = (1, "x", (uint8)7); @r = (int64)$t.2;', 7n)
gives('$t = ((int64)1, (2, (int64)5)); @r = $t.1.1;', 5n)
gives('@m[1, "a"] = (int64)5; @m[1, "a"]++; @r = @m[1, "a"];', 6n)
gives('@m["k"] = (int64)5; delete(@m, "k"); @r = has_key(@m, "k") ? (int64)1 : 2;', 2n)
gives('$s = (a = (int64)4, b = "x"); @r = $s.a;', 4n)
gives('@r = (int64)strlen("abc");', 3n)
gives('$s = comm; @r = (int64)strlen($s);', 2n)
gives('$s = comm; @r = strncmp($s, "vx", 1) == 0 ? (int64)1 : 2;', 1n)
gives('$s = comm; @r = (int64)strstr($s, "m");', 1n)
gives('$s = comm; @r = strcontains($s, "q") ? (int64)1 : 0;', 0n)
gives('@r = (int64)bswap((uint16)0x1234);', 0x3412n)
gives('if (1 == 1) { @r = (int64)1; return; } @r = (int64)2;', 1n)
gives('let $x : uint8 = 250; $x += 10; @r = (int64)$x;', 4n)
gives('@r = (int64)pid;', 1000n)
gives('@r = (int64)tid;', 1001n)
gives('$x = (int64)5; @r = $x++ + ++$x;', 12n)
gives('$x = (int64)1; @r = { $x = 7; $x + 1 };', 8n)
gives('@a = (int64)7; $p = &@a; @r = *$p + 1;', 8n)
gives('@r = (int64)((int8[4])(uint32)0x04030201)[2];', 3n)

/** The buckets, totals and extremes of an aggregation: the words of the first CPU's share. */
const share = (statements: string, expected: readonly bigint[]) =>
  test(statements, () => {
    const { programs, mapSpecs, maps } = compile(`begin { ${statements} }`)
    const vm = new Vm({ maps: mapSpecs })
    vm.run(programs[0]!.spec.insns, { ctx: new Uint8Array(64) })
    const { store } = maps[0]!
    const { bytes } = vm.maps.get(store.map)!.lookup(new Uint8Array(4))!
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const words = expected.map((_, i) =>
      view.getBigInt64((store.kind === 'global' ? store.offset : 0) + 8 * i, true),
    )
    assert.deepEqual(words, expected)
  })

share('@ = count(); @ = count();', [2n])
share('@ = sum(-5); @ = sum(2);', [-3n])
share('@ = avg(10); @ = avg(20);', [30n, 2n])
share('@ = min(5); @ = min(-3); @ = min(9);', [-3n, 1n])
share('@ = max(5); @ = max(-3); @ = max(9);', [9n, 1n])
share('@ = hist(-1); @ = hist(0); @ = hist(1); @ = hist(3); @ = hist(4);', [1n, 1n, 1n, 1n, 1n])
share('@ = lhist(1, 2, 10, 3); @ = lhist(2, 2, 10, 3); @ = lhist(9, 2, 10, 3); @ = lhist(99, 2, 10, 3);', [
  1n,
  1n,
  0n,
  2n,
])

const value = fc.oneof(fc.bigInt(-70n, 70n), fc.bigInt({ min: -(1n << 62n), max: (1n << 62n) - 1n }))

test('a value is counted in the bucket that buckets.ts names', () => {
  const shapes = fc.oneof(
    fc.record({ kind: fc.constant('hist' as const), bits: fc.nat(5) }),
    fc.record({
      kind: fc.constant('lhist' as const),
      min: fc.bigInt(0n, 20n),
      max: fc.bigInt(30n, 60n),
      step: fc.bigInt(1n, 9n),
    }),
  )
  fc.assert(
    fc.property(shapes, value, (type, number) => {
      const shape =
        type.kind === 'hist' ? `hist($v, ${type.bits})` : `lhist($v, ${type.min}, ${type.max}, ${type.step})`
      const { programs, mapSpecs, maps } = compile(
        `begin { $v = (int64)${number < 0n ? `(${number})` : number}; @ = ${shape}; }`,
      )
      const vm = new Vm({ maps: mapSpecs })
      vm.run(programs[0]!.spec.insns, { ctx: new Uint8Array(64) })
      const { store } = maps[0]!
      const { bytes } = vm.maps.get(store.map)!.lookup(new Uint8Array(4))!
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const counts = Array.from({ length: bucketCount(type) }, (_, i) => view.getBigUint64(8 * i, true))
      assert.equal(counts.indexOf(1n), bucketOf(type, number))
    }),
    { numRuns: 60 },
  )
})

test('bit fields are cut out of their bytes, without a sign', () => {
  const widths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 3, maxLength: 3 })
  const bits = fc.bigInt({ min: 0n, max: (1n << 62n) - 1n })
  fc.assert(
    fc.property(widths, bits, fc.nat(2), fc.boolean(), (sizes, value, which, signed) => {
      const type = signed ? 'long long' : 'unsigned long long'
      const fields = sizes.map((size, i) => `${type} f${i}:${size};`).join(' ')
      const script = `struct S { ${fields} } begin { @v = (uint64)${value}; $s = (struct S *)&@v; @r = (int64)$s.f${which}; }`
      const at = sizes.slice(0, which).reduce((sum, size) => sum + size, 0)
      assert.equal(resultOf(script), BigInt.asUintN(sizes[which]!, value >> BigInt(at)), script)
    }),
    { numRuns: 60 },
  )
})
