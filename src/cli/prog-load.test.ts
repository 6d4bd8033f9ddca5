// The words of `bee prog load`, which are bpftool's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../errors/index.ts'
import { parseProgLoad } from './prog-load.ts'

const parse = (line: string) => parseProgLoad(line.split(' '))

test('what is not said is not so', () => {
  assert.deepEqual(parse('load x.o /sys/fs/bpf/x'), {
    ...{ all: false, file: 'x.o', path: '/sys/fs/bpf/x', type: undefined, maps: [], device: undefined },
    ...{ mapFolder: undefined, autoattach: false, kernelBtf: undefined, lenient: false, debug: false },
    light: { useLoader: false, sign: undefined },
  })
})

test('every word, whole and short', () => {
  const whole = parse(
    'loadall x.o p type xdp map idx 0 id 7 map name rxcnt pinned /f map name a name b xdpmeta_dev eth0 pinmaps m autoattach kernel_btf k --lenient -d',
  )
  const { type, ...rest } = whole
  assert.equal(type?.definition.name, 'xdp')
  assert.deepEqual(rest, {
    ...{ all: true, file: 'x.o', path: 'p', device: 'eth0', mapFolder: 'm' },
    light: { useLoader: false, sign: undefined },
    ...{ autoattach: true, kernelBtf: 'k', lenient: true, debug: true },
    maps: [
      { which: 0, by: { kind: 'id', value: '7' } },
      { which: 'rxcnt', by: { kind: 'pinned', value: '/f' } },
      { which: 'a', by: { kind: 'name', value: 'b' } },
    ],
  })
  assert.deepEqual(
    parse(
      'loadall x.o p t xdp m i 0 i 7 ma n rxcnt p /f map n a n b xdpm eth0 pinm m auto k k --lenient --debug',
    ),
    whole,
  )
})

test('types are names of sections, with their target or without', () => {
  const typeOf = (type: string) => parse(`load x.o p type ${type}`).type?.definition.name
  assert.deepEqual(['socket', 'kprobe', 'cgroup/skb', 'tracepoint', 'cgroup/connect4'].map(typeOf), [
    'socket',
    'kprobe',
    'cgroup/skb',
    'tracepoint',
    'cgroup/connect4',
  ])
})

const refuse = (line: string, message: RegExp) =>
  test(`refused: ${line}`, () => {
    assert.throws(
      () => parse(line),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
    )
  })

test('a loader within the kernel can do without a path', () => {
  const parts = (line: string) => {
    const { all, file, path, light, autoattach } = parse(line)
    return { all, file, path, light, autoattach }
  }
  assert.deepEqual(parts('load -L x.o'), {
    ...{ all: false, file: 'x.o', path: undefined, autoattach: false },
    light: { useLoader: true, sign: undefined },
  })
  assert.deepEqual(parts('loadall -S x.o -k key.pem p -i cert autoattach'), {
    ...{ all: true, file: 'x.o', path: 'p', autoattach: true },
    light: { useLoader: true, sign: { key: 'key.pem', certificate: 'cert' } },
  })
})

refuse(
  'load -L x.o p type xdp',
  /^bee prog load: type: a loader within the kernel \(-L\) cannot be told that$/,
)
refuse(
  'load -S x.o p -k key.pem',
  /^bee prog load: -S needs a private key \(-k KEY\.pem\) and its certificate/,
)
refuse('load -L x.o p -i cert', /-k and -i are for signing: add -S/)
refuse('load -L x.o p -k', /-k needs a file/)
refuse('load -L x.o p --lenient', /--lenient: a loader within the kernel/)
refuse('load', /OBJECT is missing/)
refuse('load x.o', /PATH is missing\nusage: bee prog load/)
refuse('load x.o p type', /TYPE is missing/)
refuse('load x.o p type nothing', /there is no type "nothing"/)
refuse('load x.o p type xdp type xdp', /type is said twice/)
refuse('load x.o p map 0 id 7', /"0" is none of idx, name/)
refuse('load x.o p map idx zero id 7', /"zero" is no number of a map/)
refuse('load x.o p map idx 0 7', /"7" is none of id, name, pinned/)
refuse('load x.o p map idx 0 id', /MAP is missing/)
refuse('load x.o p offload_dev eth0', /not handed to network cards/)
refuse('load x.o p pinmap', /DIR is missing/)
refuse('load x.o p what', /"what" is none of type, map, dev/)
