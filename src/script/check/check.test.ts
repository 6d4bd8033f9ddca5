// The checker on small scripts: what it says of wrong ones, and the types it finds in right ones.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkText } from './testing.ts'
import { typeText } from './type-text.ts'

/** The first error of a script, '' when there is none. */
const refused = (script: string, expected: string) =>
  test(`refused: ${script}`, () => {
    const { diagnostics } = checkText(script)
    const errors = diagnostics.list.filter(d => d.severity === 'error').map(d => d.text)
    assert.equal(errors[0] ?? '', expected)
  })

/** The types of a script's maps, `key -> value`. */
const maps = (script: string, expected: Record<string, string>) =>
  test(`maps: ${script}`, () => {
    const { checked, messages, diagnostics } = checkText(script)
    assert.ok(diagnostics.ok, messages)
    const found = [...checked.maps.values()].map(({ name, key, value }) => [
      name,
      `${key === undefined ? '' : `${typeText(key)} -> `}${typeText(value)}`,
    ])
    assert.deepEqual(Object.fromEntries(found), expected)
  })

refused('begin { $x = $y; }', 'Undefined or undeclared variable: $y')
refused(
  'begin { @x = 1; @x = "a"; }',
  "Type mismatch for @x: trying to assign value of type 'string[2]' when map already has a type 'int8'",
)
refused(
  'begin { $x = 1; $x = "a"; }',
  "Type mismatch for $x: trying to assign value of type 'string[2]' when variable already has a type 'int8'",
)
refused(
  'begin { @x[1] = 1; @x["a"] = 1; }',
  "Argument mismatch for @x: trying to access with arguments: 'string[2]' when map expects arguments: 'int8'",
)
refused(
  'begin { @x = 1; @x[1] = 1; }',
  '@x used as a map with an explicit key (non-scalar map), previously used without an explicit key (scalar map)',
)
refused(
  'begin { @x[1] = 1; @x = 1; }',
  '@x used as a map without an explicit key (scalar map), previously used with an explicit key (non-scalar map)',
)
refused('begin { print(@x); }', 'Undefined map: @x')
refused(
  'begin { @x = count(); @y = @x; }',
  "Map value 'count_t' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. `@y = count();`.",
)
refused(
  'begin { @x = count(); @x = 1; }',
  "Type mismatch for @x: trying to assign value of type 'int8' when map already has a type 'count_t'",
)
refused('begin { @x = sum("a"); }', 'sum() only supports integer arguments (string[2] provided)')
refused('begin { count(); }', 'count() must be assigned directly to a map')
refused('begin { print(10 / 0); }', 'unable to fold literals due to overflow or underflow')
refused('begin { print("a" + 1 == 2); }', "Type mismatch for '==': comparing string[1] with int8")
refused(
  'begin { $x = "a"; print($x < "b"); }',
  'The < operator can not be used on expressions of types string[2], string[2]',
)
refused('begin { printf("%d", "a"); }', "unsupported format specifier for type 'string[2]': d")
refused('begin { printf("%d %d", 1); }', 'not enough arguments for format string (1 supplied, 2 expected)')
refused('begin { printf(comm); }', 'printf() expects a string literal (string provided)')
refused('begin { exit(1, 2); }', 'exit() takes up to one argument (2 provided)')
refused('begin { clear(); }', 'clear() requires one argument (0 provided)')
refused('begin { foo(); }', "Unknown function: 'foo'")
refused('begin { print(foo); }', "Unknown identifier: 'foo'")
refused('begin { system("ls"); }', 'system() is an unsafe function being used in safe mode')
refused('begin { signal(9); }', 'signal() is unsafe. To use you need the --unsafe flag')
refused(
  'begin { print(arg0); }',
  "The arg0 builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes",
)
refused(
  'begin { print(args.fd); }',
  'The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (begin used here)',
)
refused(
  't:syscalls:sys_enter_read { print(args.foo); }',
  "Struct/union of type 'struct sys_enter_read' does not contain a field named 'foo'",
)
refused(
  't:syscalls:sys_enter_read { print(args.common_type); }',
  'BPF does not support accessing common tracepoint fields',
)
refused(
  'begin { let $x = 1; let $x = 2; }',
  'Variable $x was already declared. Variable shadowing is not allowed.',
)
refused('begin { if (1) { $x = 1; } print($x); }', 'Undefined or undeclared variable: $x')
refused('begin { unroll(101) { } }', 'unroll maximum value is 100')
refused('begin { $x = (1, 2); print($x.2); }', 'Invalid tuple index: 2. Found 2 elements in tuple.')
refused('begin { $x = 1; print($x.a); }', "Can not access field 'a' on expression of type 'int8'")
refused(
  'struct A { int x; } begin { $a = (struct A *)0; print($a.y); }',
  "Struct/union of type 'struct A' does not contain a field named 'y'",
)
refused('begin { $x = (struct B *)0; }', 'Cannot resolve unknown type "struct B"')
refused('begin { @ = lhist(1, 0, 10, 0); }', 'lhist() step must be >= 1 (0 provided)')
refused('begin { @ = hist(1, 6); }', 'hist: bits 6 must be 0..5')
refused('begin { @ = hist(1); @ = hist(1, 2); }', 'Different bits in a single hist unsupported')
refused(
  'begin { for ($k : @x) { } @x = 1; }',
  '@x used as a map without an explicit key (scalar map), previously used with an explicit key (non-scalar map)',
)
refused('begin { @x[1] = hist(1); for ($k : @x) { } }', 'Loop expression does not support type: hist_t')
refused('begin { print(kaddr("no")); }', 'Failed to resolve kernel symbol: no')
refused('begin { return "a"; }', 'Probe return values can only be integers. Found string[2]')
refused(
  'begin { $x = *5; $y = *comm; }',
  "The * operator can not be used on expressions of type 'string[16]'",
)
refused('begin { fail("no %d", 5); }', 'no 5')
refused('begin { if comptime (is_str(1)) { fail("x"); } }', '')
refused('begin { $x = 1; if comptime ($x) { } }', 'Unable to resolve comptime expression')

maps('begin { @a = 1; @b = 300; @c = -1; @d = (uint8)1; @e = 1 == 2; }', {
  '@a': 'int8',
  '@b': 'int16',
  '@c': 'int8',
  '@d': 'uint8',
  '@e': 'bool',
})
maps('begin { @a = 1; @a = 70000; @b = 1; @b = (uint32)1; @c = (int8)1; @c = (uint8)1; }', {
  '@a': 'int32',
  '@b': 'uint32',
  '@c': 'int16',
})
maps('begin { @a++; @b += 5; @c[pid]--; }', { '@a': 'int64', '@b': 'int64', '@c': 'uint32 -> int64' })
maps('begin { @a++; } end { @a = nsecs; }', { '@a': 'uint64' })
maps('begin { @[pid, comm] = count(); @b[1, "a"] = 1; @b[300, "abcd"] = 2; }', {
  '@': '(uint32,string[16]) -> count_t',
  '@b': '(int16,string[5]) -> int8',
})
maps('begin { @b = @a; } end { @a = (int32)5; }', { '@b': 'int32', '@a': 'int32' })
maps('begin { @a = "abc"; @a = str(0); }', { '@a': 'string[1024]' })
maps('config = { max_strlen = 64 } begin { @a = str(0); @b = str(0, 10); }', {
  '@a': 'string[64]',
  '@b': 'string[11]',
})
maps('begin { @s = sum(-1); @t = sum(pid); @u = stats(1); }', {
  '@s': 'sum_t',
  '@t': 'usum_t',
  '@u': 'stats_t',
})
maps('t:syscalls:sys_enter_read { @[args.fd] = args.count; @b = args.buf; }', {
  '@': 'uint64 -> uint64',
  '@b': 'int8 *',
})
maps('begin { @ = (color = "green", size = 2); }', { '@': 'record { .color = string[6], .size = int8 }' })
maps('begin { @x = count(); $y = 1; if (@x > 5) { $y = (int64)@x; } @z = $y; }', {
  '@x': 'count_t',
  '@z': 'int64',
})
maps('begin { @a = sizeof(uint32); @b = 1 << 40; @c = 2 * 3; }', {
  '@a': 'int8',
  '@b': 'int64',
  '@c': 'int8',
})

test('a place in a script is underlined, and what may have been meant is said', () => {
  assert.equal(
    checkText('begin { print(cmm); }').messages,
    `stdin:1:15-18: ERROR: Unknown identifier: 'cmm'\nbegin { print(cmm); }\n              ~~~\nHINT: did you mean "comm"?\n`,
  )
})

test('several errors in one run', () => {
  const { diagnostics } = checkText('begin { $a = $b; print(@x); foo(); }')
  assert.equal(diagnostics.errorCount, 3)
})

test('a loop over a map needs a kernel that can', async () => {
  const { testKernel } = await import('./testing.ts')
  const { diagnostics } = checkText(
    'begin { @x[1] = 1; for ($k : @x) { } }',
    {},
    testKernel(['for_each_map_elem']),
  )
  assert.match(diagnostics.list[0]?.text ?? '', /for_each_map_elem, Linux 5\.13/)
})

// what only some probes, or some kernels, have
refused('begin { $c = socket_cookie((uint64 *)0); }', 'socket_cookie can not be used with "begin" probes')
refused('begin { print(kfunc_exist(1)); }', 'kfunc_exist() accepts a string literal only')
refused('begin { print(comm("a")); }', "Only integer supported for comm()'s pid")
refused('begin { print(comm(1)); }', 'comm(PID) is not supported in begin probes on this kernel')
// one mistake is one message
const messagesOf = (script: string, expected: readonly string[]) =>
  test(`messages: ${script}`, () => {
    const { diagnostics } = checkText(script)
    assert.deepEqual(
      diagnostics.list.flatMap(d => [d.text, ...d.hints]),
      expected,
    )
  })
messagesOf('begin { @ = count; }', ["Unknown identifier: 'count'", 'a call takes parentheses: count()'])
messagesOf('begin { $x = (struct no *)0; print($x->a); }', ['Cannot resolve unknown type "struct no"'])
messagesOf('begin /pid = 1/ { }', ["syntax: expected '/' to close predicate", '== compares'])
messagesOf('begin { print(1 / 0); }', [
  'unable to fold literals due to overflow or underflow',
  'this divides by zero',
])
maps('begin { @a = 1; @b[1] = (int64)2; $x = &@a; $y = &@b; @p = *$y; }', {
  '@a': 'int8',
  '@b': 'int8 -> int64',
  '@p': 'int64',
})
