// `bee build` and `bee btf dump`, the built commands: C to a package that says what eunomia's ecc says of it, and clear words when
// it cannot be made.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { BtfBuilder, parseBtf } from '../../src/btf/index.ts'
import { findClang } from '../../src/cli/clang.ts'
import { bytesSource, parseElf } from '../../src/elf/index.ts'
import { readPackage } from '../../src/package/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'beetrace-build-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(
  join(folder, 'tool.bpf.c'),
  `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "tool.h"

/// @description only this process
/// @cmdarg {"default": 0, "short": "p", "long": "pid"}
const volatile int target_pid = 0;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} rb SEC(".maps");

/// @sample {"interval": 1000, "type": "log2_hist"}
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, u32);
  __type(value, struct hist);
} hists SEC(".maps");

/// follows the calls
SEC("raw_tp/sys_enter")
int on_call(struct bpf_raw_tracepoint_args *ctx)
{
  struct task_struct *task = (void *)bpf_get_current_task();
  struct event *event = bpf_ringbuf_reserve(&rb, sizeof(*event), 0);
  if (!event)
    return 0;
  event->pid = BPF_CORE_READ(task, real_parent, tgid);
  bpf_ringbuf_submit(event, 0);
  return target_pid;
}

/// @brief A tool.
char LICENSE[] SEC("license") = "GPL";
`,
)
writeFileSync(
  join(folder, 'tool.h'),
  'struct hist { unsigned slots[4]; };\nstruct event { int pid; char comm[16]; };\n',
)

const bee = (argv: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [resolve('bin/bee.cjs'), ...argv], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  })

const hasKernelTypes = existsSync('/sys/kernel/btf/vmlinux')
const noClang = (() => {
  try {
    findClang(undefined, process.env.PATH ?? '')
    return undefined
  } catch (error) {
    return `no clang: ${(error as Error).message.slice(0, 60)}`
  }
})()
const skip = noClang ?? (hasKernelTypes ? false : 'no /sys/kernel/btf/vmlinux')

test('a package says what its source says', { skip }, () => {
  const { status, stderr } = bee(['build', 'tool.bpf.c', 'tool.h', '-o', 'out'])
  assert.equal(status, 0, stderr)
  assert.deepEqual(readdirSync(join(folder, 'out')).sort(), ['package.json', 'tool.bpf.o', 'tool.skel.json'])
  const meta = JSON.parse(readFileSync(join(folder, 'out/tool.skel.json'), 'utf8'))
  for (const type of meta.export_types) delete type.type_id
  assert.deepEqual(meta, {
    bpf_skel: {
      data_sections: [
        {
          name: '.rodata',
          variables: [
            {
              name: 'target_pid',
              type: 'int',
              description: 'only this process',
              cmdarg: { default: 0, short: 'p', long: 'pid' },
            },
          ],
        },
        {
          name: '.bss',
          variables: [
            { name: '__eunomia_dummy_hist_ptr', type: 'struct hist *' },
            { name: '__eunomia_dummy_event_ptr', type: 'struct event *' },
          ],
        },
      ],
      maps: [
        { name: 'rb', ident: 'rb' },
        { name: 'hists', ident: 'hists', sample: { interval: 1000, type: 'log2_hist' } },
        { name: 'tool_bpf.rodata', ident: 'rodata', mmaped: true },
        { name: 'tool_bpf.bss', ident: 'bss', mmaped: true },
      ],
      progs: [{ name: 'on_call', attach: 'raw_tp/sys_enter', link: true, description: 'follows the calls' }],
      obj_name: 'tool_bpf',
      doc: { brief: 'A tool.' },
    },
    eunomia_version: '0.3.4',
    export_types: [
      {
        name: 'event',
        size: 20,
        members: [
          { name: 'pid', type: 'int' },
          { name: 'comm', type: 'char[16]' },
        ],
      },
      { name: 'hist', size: 16, members: [{ name: 'slots', type: 'unsigned int[4]' }] },
    ],
  })
  const spec = readPackage(readFileSync(join(folder, 'out/package.json'), 'utf8'), 'package.json')
  assert.deepEqual(Buffer.from(spec.object), readFileSync(join(folder, 'out/tool.bpf.o')))
  const sections = parseElf(bytesSource('o', spec.object)).sections.map(({ name }) => name)
  assert.ok(sections.includes('.BTF') && !sections.some(name => name.includes('debug')), sections.join(' '))
})

test('what clang says is passed on', { skip }, () => {
  writeFileSync(join(folder, 'bad.bpf.c'), '#include "vmlinux.h"\nint x = y;\n')
  const { status, stderr } = bee(['build', 'bad.bpf.c', '-o', 'bad'])
  assert.equal(status, 1)
  assert.match(stderr, /bad\.bpf\.c:2:9: error: use of undeclared identifier 'y'/)
  assert.match(stderr, /ERROR: .*clang.* ended with 1\n$/)
})

test('without clang, with an old one, with something else', () => {
  const none = bee(['build', 'tool.bpf.c'], { PATH: join(folder, 'empty'), CLANG: '' })
  assert.equal(none.status, 1)
  assert.match(
    none.stderr,
    /ERROR: compiling C for BPF needs clang 11 or newer: install it \(apt install clang/,
  )
  mkdirSync(join(folder, 'bin'))
  const fake = (name: string, says: string) => {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho ${says}\n`)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  fake('clang', 'Debian clang version 9.0.1')
  fake('clang-10', 'clang version 10.0.0')
  fake('cc', 'gcc 12')
  const PATH = `${join(folder, 'bin')}:/bin:/usr/bin`
  assert.match(bee(['build', 'tool.bpf.c', '-c', 'cc'], { PATH }).stderr, /newer \(cc is not clang\)/)
  assert.throws(() => findClang('clang', PATH), /no such|ENOENT|needs clang 11/)
  assert.throws(
    () => findClang(join(folder, 'bin/clang-10'), PATH),
    /needs clang 11 or newer \(.*clang-10 is version 10\)/,
  )
  assert.match(bee(['build', 'nothing.bpf.c']).stderr, /ERROR: cannot read nothing\.bpf\.c/)
  const source = join(folder, 'empty.bpf.c')
  writeFileSync(source, '')
  assert.match(bee(['build', '-o', '/proc/none/x', source]).stderr, /ERROR: cannot make \/proc\/none: /)
  assert.match(bee(['build']).stderr, /usage: bee build/)
})

test('types are dumped as C', { skip: hasKernelTypes ? false : 'no /sys/kernel/btf/vmlinux' }, () => {
  const { stdout, status } = bee(['btf', 'dump', 'file', '/sys/kernel/btf/vmlinux', 'format', 'c'])
  assert.equal(status, 0)
  assert.match(stdout, /^#ifndef __VMLINUX_H__\n/)
  assert.match(stdout, /\nstruct task_struct \{\n/)
  assert.match(stdout, /#endif \/\* __VMLINUX_H__ \*\/\n$/)
})

test('types of an object are dumped as C', () => {
  const { stdout, status } = bee([
    'btf',
    'dump',
    'file',
    resolve('test/object/fixtures/counts.bpf.o'),
    'format',
    'c',
  ])
  assert.equal(status, 0)
  assert.match(stdout, /\nstruct hist \{\n\tu32 slots\[8\];\n\tchar comm\[8\];\n\};\n/)
  const refused = bee(['btf', 'dump', 'file', '/etc/hostname', 'format', 'c'])
  assert.equal(refused.status, 1)
  assert.match(bee(['btf', 'dump', 'id', '1']).stderr, /usage: bee btf dump file FILE format c/)
})

test('types of a module are dumped on top of those that they continue', () => {
  const kernel = new BtfBuilder()
  kernel.add({ kind: 'struct', name: 'task', sizeBytes: 0, members: [] })
  const base = kernel.build()
  const module = new BtfBuilder(parseBtf(base))
  module.add({ kind: 'typedef', name: 'task_t', typeId: 1 })
  const [basePath, path] = [join(folder, 'kernel.btf'), join(folder, 'module.btf')]
  writeFileSync(basePath, base)
  writeFileSync(path, module.build())
  const { stdout } = bee(['btf', '-B', basePath, 'dump', 'file', path, 'format', 'c'])
  assert.match(stdout, /\nstruct task \{\};\n\ntypedef struct task task_t;\n/)
  assert.match(bee(['btf', 'dump', '-B']).stderr, /bee btf -B needs the file of the base/)
})
