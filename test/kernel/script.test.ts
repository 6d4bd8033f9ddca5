// Compiled scripts before the kernel's verifier: what the checker passes is loaded, and gives there what the model gives.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { possibleCpus } from '../../src/kernel/index.ts'
import { checkText, testKernel } from '../../src/script/check/testing.ts'
import { lower } from '../../src/script/lower/lower.ts'
import { readMap } from '../../src/script/run/maps.ts'
import { ScriptObjects } from '../../src/script/run/objects.ts'
import { anyShape, anyVariables, assignment, build } from '../script/any-expression.ts'
import { since } from './since.ts'

const skip = process.getuid?.() === 0 ? false : 'loading programs needs root'
const kernel = { ...testKernel(), possibleCpus: possibleCpus().length }

/** Loads a script and runs its `begin` once, if it has one. */
function run(text: string): { readonly value: bigint | undefined } {
  const { checked, facts, diagnostics, messages } = checkText(text, { unsafe: true }, kernel)
  assert.ok(diagnostics.ok, messages)
  const compiled = lower(checked, facts)
  using objects = new ScriptObjects(compiled, kernel)
  for (const { program, source } of objects.programs)
    if (source.places[0]!.kind === 'begin') program.testRun()
  const map = compiled.maps.find(({ name }) => name === '@r')
  if (map === undefined) return { value: undefined }
  const element = readMap(map, objects.maps).elements[0]
  if (element === undefined) return { value: undefined }
  return { value: new DataView(element.shares.buffer, element.shares.byteOffset).getBigInt64(0, true) }
}

test('expressions give what the model gives', { skip }, () => {
  fc.assert(
    fc.property(anyVariables, anyShape, (variables, shape) => {
      const { text, value } = build(shape, variables)
      const script = `begin { ${variables.map(assignment).join(' ')} @r = (int64)${text}; }`
      assert.equal(run(script).value, BigInt.asIntN(64, value), script)
    }),
    { numRuns: 40 },
  )
})

/** What some of the scripts ask of a kernel. */
const needs = (script: string): string | false =>
  (/@\[(str\(args\.buf\)|str_concat.*)\] = (lhist|count)/.test(script) &&
    since('5.16', 'a key of more than 512 bytes')) ||
  (/\bfor \(\$/.test(script) && since('5.13', 'a loop by a callback')) ||
  (script.includes('if (@c[1]') && since('5.19', 'reading what other processors counted'))

const READ = 'tracepoint:syscalls:sys_enter_read'

for (const script of [
  `${READ} /pid == 1/ { @[comm] = count(); }`,
  `${READ} /comm == "sshd"/ { @[pid, comm, args.fd] = hist(args.count); }`,
  `${READ} { @s[tid] = nsecs; } end { clear(@s); }`,
  `${READ} /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s, tid); @s[tid] = nsecs; }`,
  `${READ} /str(args.buf) == "/etc/passwd"/ { printf("%s %s\\n", comm, str(args.buf)); }`,
  `${READ} { @[str(args.buf)] = lhist(args.count, 0, 1000, 10); }`,
  `${READ} { @[kstack] = count(); @u[ustack, comm] = sum(args.count); }`,
  `${READ} { @ = stats(args.count); @a = avg(args.count); @b = min(args.count); @c = max(args.count); }`,
  `${READ} { @t = (pid, (comm, args.fd), str(args.buf, 16)); print(@t); print((1, @t.1)); }`,
  `${READ} { join(args.buf); printf("%r", buf(args.buf, 32)); time("%H"); }`,
  `${READ} { if (strcontains(comm, "sh")) { print(strlen(str(args.buf, 64))); } }`,
  `${READ} { print((1, str(args.buf, 16))); print((str(args.buf), 2)); @[str(args.buf, 8)] = count(); @x = str(args.buf, 100); }`,
  `config = { max_strlen = 20 } ${READ} { printf("%s %d", str(args.buf), 1); @[str(args.buf)] = str(args.buf); @x = str(args.buf); }`,
  `config = { max_strlen = 200 } ${READ} { printf("%s %d", str(args.buf), 1); @[str(args.buf), 5] = str(args.buf); $x = str(args.buf); print($x == comm); }`,
  `config = { on_stack_limit = 0 } ${READ} { @[comm, pid] = count(); print((comm, args.fd)); }`,
  `${READ} { $a = comm; $b = str(args.buf, 30); if ($a == $b) { @[$a] = 1; } $c = $b; @[$c]++; print($b[2]); }`,
  'begin { $s = "ab"; print(str_concat($s, "cd")); @[str_concat(comm, $s)] = count(); @x = str_concat(comm, comm); }',
  'begin { @m["a"] = 1; for ($kv : @m) { print($kv); if ($kv.1 > 5) { exit(); } @n[$kv.0] = $kv.1; } }',
  'begin { $n = (uint64)7; $s = "x"; for ($i : 0..$n) { if ($i == 5) { return; } @a[$i] = $s; } print(len(@a)); }',
  'begin { @c[1] = count(); if (@c[1] > 0) { print(@c[1]); } $x = @c[1] * 2; print($x); }',
  'interval:s:1 { print(@x); @x = count(); clear(@x); zero(@x); exit(3); }',
  'profile:hz:99 { @[kstack(5), ustack(perf, 3)] = count(); print(reg("ip")); }',
  `${READ} /pid == 1/ { signal("USR2"); system("true %d", 5); cat("/proc/uptime"); }`,
  'struct A { int x; char c; unsigned b : 3; struct { long y[4]; }; } begin { $a = (struct A *)5; print($a.x); print($a.b); print($a.y[2]); print(*$a); }',
]) {
  test(`loads: ${script}`, { skip: skip || needs(script) }, () => {
    run(script)
  })
}
