// BPF tokens: an object loads in a user namespace by what a BPF file system passes on, and by nothing else.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openObject } from '../../src/object/index.ts'
import { delegatingBpfFs } from './delegating-bpffs.ts'
import { since } from './since.ts'

const bpffs = await delegatingBpfFs({
  delegate_cmds: 'any',
  delegate_maps: 'any',
  delegate_progs: 'any',
  delegate_attachs: 'any',
})
after(() => bpffs?.close())
const skip =
  since('6.9', 'a BPF token') ||
  (bpffs === undefined && 'no BPF file system that passes on rights can be made: not in a chroot')
const ready = { skip }

const object = JSON.stringify(pathToFileURL('build/src/object/index.js').href)
const loading = (options: string) => `
  import { openObject } from ${object}
  using_(openObject('test/object/fixtures/counts.bpf.o'))
  function using_(object) {
    try {
      object.load(${options})
      console.log('loaded', object.program('count').loaded, object.map('calls').map.type)
    } catch (error) {
      console.log(error.name, error.message)
    }
    object.close()
  }`

const PATH = "'/proc/self/fd/3'"

test('without a token loading is refused there', ready, () => {
  assert.match(bpffs!.run(loading("{ tokenPath: '' }")).stdout, /EPERM/)
})

test('with a token of the path, or of the variable that libbpf reads, it loads', ready, () => {
  const { stdout, stderr } = bpffs!.run(loading(`{ tokenPath: ${PATH} }`))
  assert.deepEqual([stdout, stderr], ['loaded true 1\n', ''])
  const env = { LIBBPF_BPF_TOKEN_PATH: '/proc/self/fd/3' }
  assert.equal(bpffs!.run(loading(''), env).stdout, 'loaded true 1\n')
})

test('a path that gives no token is told', ready, () => {
  const load = (tokenPath: string) => openObject('test/object/fixtures/counts.bpf.o').load({ tokenPath })
  assert.throws(() => load('/nowhere'), /open the BPF file system \/nowhere.*ENOENT/)
  assert.throws(() => load('/'), /make a BPF token from \/: .*root of a BPF file system/)
})
