// Section names, and what they say of a program.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BPF_F_SLEEPABLE,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
} from '../../sys/bpf-constants.generated.ts'
import { dataMapName } from './data-maps.ts'
import { sectionDefinitions } from './section-definitions.ts'
import { knownSectionNames, parseSectionName } from './section-name.ts'

const names: [section: string, definition: string, target: string | undefined, type: number][] = [
  ['kprobe/vfs_read+0x10', 'kprobe', 'vfs_read+0x10', BPF_PROG_TYPE_KPROBE],
  ['kprobe', 'kprobe', undefined, BPF_PROG_TYPE_KPROBE],
  ['kprobe.multi/tcp_*', 'kprobe.multi', 'tcp_*', BPF_PROG_TYPE_KPROBE],
  ['uprobe.s//bin/sh:main', 'uprobe.s', '/bin/sh:main', BPF_PROG_TYPE_KPROBE],
  ['usdt/libc:libc:setjmp', 'usdt', 'libc:libc:setjmp', BPF_PROG_TYPE_KPROBE],
  ['tp/sched/sched_switch', 'tp', 'sched/sched_switch', BPF_PROG_TYPE_TRACEPOINT],
  ['tp_btf/sched_switch', 'tp_btf', 'sched_switch', BPF_PROG_TYPE_TRACING],
  ['fentry/mod:func', 'fentry', 'mod:func', BPF_PROG_TYPE_TRACING],
  ['xdp', 'xdp', undefined, BPF_PROG_TYPE_XDP],
  ['xdp/devmap', 'xdp/devmap', undefined, BPF_PROG_TYPE_XDP],
  ['xdp_pass', 'xdp', undefined, BPF_PROG_TYPE_XDP],
  ['tc/ingress', 'tc/ingress', undefined, BPF_PROG_TYPE_SCHED_CLS],
  ['tc', 'tc', undefined, BPF_PROG_TYPE_SCHED_CLS],
  ['socket/tail', 'socket', 'tail', BPF_PROG_TYPE_SOCKET_FILTER],
  ['cgroup/connect4', 'cgroup/connect4', undefined, BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
]

for (const [section, definition, target, type] of names)
  test(`section ${section}`, () => {
    const found = parseSectionName(section)
    assert.deepEqual(
      [found?.definition.name, found?.target, found?.definition.type, found?.autoload],
      [definition, target, type, true],
    )
  })

test('a question mark keeps a program from being loaded', () => {
  assert.equal(parseSectionName('?kprobe/x')?.autoload, false)
  assert.equal(parseSectionName('?kprobe/x')?.target, 'x')
})

test('an unknown section is said with what it may have meant', () => {
  assert.equal(parseSectionName('kproeb/vfs_read'), undefined)
  assert.match(knownSectionNames('kproeb/vfs_read'), /did you mean SEC\("kprobe"\)/)
  assert.match(knownSectionNames('zzzzzzzz'), /known are socket, /)
})

test('each definition is found by its own name', () => {
  assert.equal(sectionDefinitions.length, 116)
  for (const definition of sectionDefinitions) {
    assert.equal(parseSectionName(definition.name)?.definition, definition, definition.name)
    if (definition.target) assert.equal(parseSectionName(`${definition.name}/x`)?.target, 'x')
    assert.equal(definition.sleepable ?? false, /\.s$|^syscall$/.test(definition.name), definition.name)
  }
  assert.equal(BPF_F_SLEEPABLE, 16)
})

const mapNames: [object: string, section: string, name: string][] = [
  ['my_object_name', '.rodata', 'my_objec.rodata'],
  ['my_object_name', '.bss', 'my_objec.bss'],
  ['my_object_name', '.kconfig', 'my_obje.kconfig'],
  ['tool', '.rodata.abracadabra', '.rodata.abracad'],
  ['a-b', '.data', 'a_b.data'],
]
for (const [object, section, name] of mapNames)
  test(`the map of ${section} in ${object}`, () => assert.equal(dataMapName(object, section), name))
