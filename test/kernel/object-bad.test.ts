// What is said when a kernel lacks what a compiled object asks for, or the process may not: the program, its section, instruction
// and line of source where there is one.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { progLoad } from '../../src/cli/prog-load.ts'
import { features, hasFeature, hasVmlinuxBtf, openBpfFs } from '../../src/kernel/index.ts'
import { type BpfObject, openObject } from '../../src/object/index.ts'

const LACKING = 'test/object/fixtures/lacking.bpf.o'
const noTypes = !hasVmlinuxBtf() && 'this kernel has no BTF to relocate against'

function only(program: string, withConfig = false): BpfObject {
  const object = openObject(LACKING)
  object.map('.kconfig').autocreate = withConfig
  object.program('counts').autoload = false
  object.program(program).autoload = true
  return object
}

const refused = (
  what: string,
  program: string,
  message: RegExp,
  skip: string | false = noTypes,
  withConfig = false,
) =>
  test(what, { skip }, () => {
    using object = only(program, withConfig)
    assert.throws(() => object.load(), message)
    assert.equal(object.loaded, false)
  })

refused(
  'a function that the kernel has not',
  'calls',
  /program "calls" \(\?tc\): instruction \d+: this kernel has no function "bpf_no_such_function": declare the extern weak.*\n {2}from lacking\.bpf\.c:\d+: int calls/,
)
refused(
  'a symbol that the kernel has not',
  'points',
  /program "points" \(\?socket\): instruction \d+: this kernel has no symbol "no_such_symbol".*\n {2}from lacking\.bpf\.c:\d+: /,
)
refused(
  'an option that the kernel was built without',
  'configured',
  /extern "CONFIG_NO_SUCH_OPTION": (this kernel was built without it|the configuration of this kernel was not found)/,
  noTypes,
  true,
)
refused(
  'a type that the kernel has not',
  'reads',
  // older verifiers say the line, and not where it stands
  /load program "reads": instruction \d+: CO-RE relocation field_byte_offset of struct no_such_struct\.x \(0:0\): this kernel has no type of that name and kind\n {2}from (?:lacking\.bpf\.c:\d+: |int x = )/,
)
refused(
  'a function to trace that the kernel has not',
  'traces',
  /program "traces" \(\?fentry\/no_such_function\): the kernel's BTF has no func no_such_function/,
  noTypes || (!hasFeature(features.fentry) && 'this kernel loads no fentry programs'),
)
refused(
  'a section name that is misspelt',
  'misspelt',
  /program "misspelt" \(\?kprobee\/vfs_read\): the section name says no type of program: did you mean SEC\("kprobe"\)/,
)
refused('a section name that is like none', 'unheard_of', /\(\?something\): .*known are socket, .*xdp/)

test('a tracepoint that the kernel has not', { skip: noTypes }, () => {
  using object = only('hears')
  object.load()
  assert.throws(() => object.attach(), /this kernel has no tracepoint no_such:event/)
})

test('a pinned map of another shape, by what differs', { skip: noTypes }, () => {
  const root = `${openBpfFs()}/beetrace-bad-${process.pid}`
  mkdirSync(root)
  const open = (change: (object: BpfObject) => void = () => {}) => {
    const object = only('counts')
    object.map('shared').pinPath = `${root}/shared`
    change(object)
    return object
  }
  try {
    using first = open()
    first.load()
    using same = open()
    same.load()
    using larger = open(object => (object.map('shared').maxEntries = 9))
    assert.throws(() => larger.load(), /pinned at \S+\/shared has max_entries 8, but the program expects 9/)
    using wider = open(object => (object.map('shared').valueSize = 16))
    assert.throws(() => wider.load(), /has value size 4, but the program expects 16/)
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('a path that is in no BPF file system', { skip: noTypes }, () => {
  const sample = 'test/object/fixtures/lacking.bpf.o'
  assert.throws(
    () => progLoad(['load', sample, '/beetrace-no-bpffs', '--lenient'], () => {}),
    /pin program "counts" at \/beetrace-no-bpffs: .*(BPF file system|bpffs)/,
  )
})

test('a process without rights', { skip: noTypes }, () => {
  const script = `
    const { openObject } = await import('${new URL('../../src/object/index.js', import.meta.url)}')
    const object = openObject('${LACKING}')
    object.map('.kconfig').autocreate = false
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    try { object.load(); console.log('loaded') } catch (error) { console.log(error.message) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.match(stdout, /create map "shared" .*EPERM.*run as root, or with CAP_BPF/, stdout + stderr)
})
