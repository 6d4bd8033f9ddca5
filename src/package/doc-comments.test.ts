// Comments above declarations, as ecc reads them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definedStructs, readDocComments, structKeepers } from './index.ts'
import type { JsonObject } from './json-value.ts'

const check = (what: string, source: string, expected: Record<string, JsonObject>) =>
  test(what, () => assert.deepEqual(Object.fromEntries(readDocComments(source)), expected))

check('a variable', '/// how long\nconst volatile int min_us = 0;', { min_us: { description: 'how long' } })
check('an array', '/// @description "in quotes"\nchar name[16] = {1, 2};', {
  name: { description: 'in quotes' },
})
check(
  'words of JSON',
  '/// @cmdarg {"default": 0,\n///          "short": "p"}\n/// @description of a pid\nint pid;',
  {
    pid: { cmdarg: { default: 0, short: 'p' }, description: 'of a pid' },
  },
)
check(
  'a map',
  '/// @sample {"interval": 1000, "type": "log2_hist"}\nstruct {\n  __uint(type, 1); // x;\n  __type(key, struct key);\n} hists SEC(".maps");\nint other;',
  { hists: { sample: { interval: 1000, type: 'log2_hist' } } },
)
check(
  'programs',
  '/// called at the start\nSEC("tp/sched/x")\nint on_exec(struct ctx *ctx) { if (1) { return 0; } }\n\n/**\n * @ifindex 2\n * @flags 0\n */\nSEC("xdp")\nint pass(struct xdp_md *ctx)\n{\n}\n\n/// by macro\nSEC("kprobe/f") int BPF_KPROBE(on_f, int a) { return 0; }',
  {
    on_exec: { description: 'called at the start' },
    pass: { ifindex: 2, flags: 0 },
    on_f: { description: 'by macro' },
  },
)
check(
  'the licence',
  '/// @brief A tool.\n/// @details It does\n/// this.\n/// @version 0.1\nchar LICENSE[] SEC("license") = "GPL";',
  { LICENSE: { brief: 'A tool.', details: 'It does\nthis.', version: '0.1' } },
)
check('a mark without words', '/// @ignore\nint hidden;', { hidden: { ignore: true } })
check('what a package says itself is not taken from comments', '/// @name x\n/// @type y\nint a;', { a: {} })
check(
  'other comments, and those inside',
  '// no\nint a; /* no */ int b;\nint f(void) { /// no\n int c; }\n//// no\nint d;',
  {},
)
check(
  'a comment above a directive is not about what follows',
  '/// @description of the file\n#include "x.h"\nint a;',
  {},
)
check('braces in strings and comments', 'char s[] = "{"; // {\n/// text\nint a;', {
  a: { description: 'text' },
})
check('struct definitions', '/// a struct\nstruct event { int a; };\n/// a variable\nint b;', {
  b: { description: 'a variable' },
})

test('structs of a header, and what keeps them', () => {
  const header =
    '// struct no {\nstruct event {\n struct inner { int x; } y; };\n/* struct no2 { */ typedef struct t {int a;} t_t; struct fwd;\nstruct p __attribute__((packed)) { };'
  assert.deepEqual(definedStructs(header), ['event', 'inner', 't', 'p'])
  assert.equal(
    structKeepers(['event']),
    'const volatile struct event *__eunomia_dummy_event_ptr __attribute__((unused));\n',
  )
})
