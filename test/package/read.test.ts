// Packages of all three formats, and what is wrong with those that are none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { readObject } from '../../src/elf/index.ts'
import { PackageError } from '../../src/errors/index.ts'
import { exportOfPackage, readPackage } from '../../src/package/index.ts'
import { COUNTS, makePackage, SAMPLE, textPackage } from './make-package.ts'

test('what is packed is read again', () => {
  const spec = readPackage(makePackage(SAMPLE, { structs: ['event'] }), 'p.json')
  assert.equal(spec.objectName, 'test_bpf')
  assert.deepEqual(
    spec.variables.map(({ section, name, type }) => `${section} ${type} ${name}`),
    SAMPLE_VARIABLES,
  )
  assert.ok(spec.maps.some(({ name, ident }) => name === 'test_bpf.rodata' && ident === 'rodata'))
  const object = readObject(spec.object, 'p.o')
  assert.deepEqual(
    spec.programs.map(({ name }) => name),
    object.programs.filter(({ autoload }) => autoload).map(({ name }) => name),
  )
  const exported = exportOfPackage('p.json', object.btf, spec.exportTypes[0]!)
  assert.deepEqual(
    exported.members.map(({ name }) => name),
    ['tgid', 'parent', 'count', 'what'],
  )
  assert.equal(exported.sizeBytes, 24)
})

const SAMPLE_VARIABLES = readObject(readPackage(makePackage(SAMPLE), 'p').object, 'o')
  .maps.filter(({ label }) => label === '.rodata' || label === '.bss')
  .flatMap(({ label, variables = [] }) =>
    variables.filter(({ isStatic }) => !isStatic).map(({ name }) => ({ label, name })),
  )
  .map(({ label, name }) => {
    const type = /"name":"NAME","type":"([^"]*)"/.source.replace('NAME', name)
    return `${label} ${new RegExp(type).exec(makePackage(SAMPLE))?.[1]} ${name}`
  })

test('everything that a package can say', () => {
  const spec = readPackage(
    textPackage({
      data_sections: [
        {
          name: '.rodata',
          variables: [
            { name: 'a', type: 'int', cmdarg: { default: 5, short: 'p', long: 'pid', help: 'h' }, value: 3 },
            { name: 'b', type: 'bool', description: 'd', ignore: true },
          ],
        },
      ],
      maps: [
        { name: 'h', ident: 'h', sample: { interval: 10, type: 'log2_hist', unit: 'us', clear_map: true } },
        {
          name: 'r',
          ident: 'r',
          export_config: { btf_type_id: 7 },
          intepreter: { stack_trace: { field_map: { pid: 'tgid' } } },
        },
        {
          name: 'm',
          ident: 'm',
          export_config: {
            custom_members: [
              { name: 'y', offset: 4, btf_type_id: 2 },
              { name: 'x', offset: 0, btf_type_id: 1 },
            ],
          },
        },
        { name: 'd', ident: 'd', export_config: 'default' },
      ],
      progs: [{ name: 'x', attach: 'xdp', link: true, ifindex: 3 }],
      doc: { version: '1', brief: 'b' },
    }),
    'p.json',
  )
  assert.deepEqual(spec.doc, { version: '1', brief: 'b' })
  assert.deepEqual(spec.variables[0]!.argument, { default: 5, short: 'p', long: 'pid', help: 'h' })
  assert.equal(spec.variables[1]!.ignored, true)
  assert.deepEqual(spec.maps[0]!.sample, { intervalMs: 10, type: 'log2_hist', unit: 'us', clear: true })
  assert.deepEqual(spec.maps[1]!.exportConfig, { kind: 'type', typeId: 7 })
  assert.equal(spec.maps[1]!.interpreter.kind === 'stack' && spec.maps[1]!.interpreter.members.pid, 'tgid')
  const config = spec.maps[2]!.exportConfig
  assert.deepEqual(config.kind === 'members' && config.members.map(({ name }) => name), ['x', 'y'])
  assert.deepEqual(spec.maps[3]!.exportConfig, { kind: 'default' })
  assert.deepEqual(spec.programs, [{ name: 'x', section: 'xdp', extra: { ifindex: 3 } }])
})

test('the oldest format: the object as it is, types spelled out', () => {
  const spec = readPackage(
    JSON.stringify({
      name: 'tool',
      version: '0.1.0',
      data: Buffer.from('\x7fELF123')
        .toString('base64')
        .replace(/(.{4})/g, '$1\n'),
      data_sz: 7,
      maps: [
        {
          name: 'events',
          type: 'BPF_MAP_TYPE_PERF_EVENT_ARRAY',
          export_data_types: {
            'Struct Name': 'event',
            Size: 256,
            Fields: [
              { Name: 'ts', Type: 'unsigned long long', FieldOffset: 0 },
              { Name: 'pid', Type: 'int', FieldOffset: 64 },
              { Name: 'comm', Type: 'char [16]', FieldOffset: 96 },
              { Name: 'at', Type: 'void *', FieldOffset: 192 },
            ],
          },
        },
      ],
      progs: [{ name: 'p' }],
    }),
    'p.json',
  )
  const exported = exportOfPackage('p.json', undefined, spec.exportTypes[0]!)
  const record = Buffer.alloc(32)
  record.writeBigUInt64LE(9n, 0)
  record.writeInt32LE(-2, 8)
  record.write('cat', 12)
  record.writeBigUInt64LE(255n, 24)
  assert.deepEqual(exported.decode(record), [9n, -2, 'cat', 255n])
})

test('the first format of ecc has types of its own', () => {
  const own = readObject(new Uint8Array(readPackage(makePackage(COUNTS), 'p').object), 'o').btfBytes!
  const spec = readPackage(
    JSON.stringify({
      bpf_object: deflateSync('abc').toString('base64'),
      meta: {
        bpf_skel: { data_sections: [], maps: [], progs: [{ name: 'x', link: true }], obj_name: 'o' },
        export_types: { export_btf: Buffer.from(own).toString('base64'), structs: [{ id: 4, name: 'key' }] },
      },
    }),
    'p.json',
  )
  assert.equal(Buffer.from(spec.object).toString(), 'abc')
  assert.equal(spec.exportTypes[0]!.kind, 'btf')
})

const refusals: [what: string, text: string, message: RegExp][] = [
  ['no JSON', 'x', /p\.json: is no JSON/],
  ['something else', '{"name":"beetrace"}', /is no package: it has no "bpf_object"/],
  ['a list', '[]', /is no package/],
  ['a skeleton', '{"bpf_skel":{}}', /does not have it in it: pass package\.json/],
  ['no meta', '{"bpf_object":"eJw=","bpf_object_size":1}', /damaged|object/],
  ['no base64', '{"bpf_object":"!!!!","bpf_object_size":1}', /bpf_object: this is no base64/],
  ['an object that is a number', '{"bpf_object":7}', /bpf_object: a string is needed, not a number/],
  ['nothing in it', '{"bpf_object":"","bpf_object_size":0}', /there is no object/],
  [
    'another size',
    textPackage({}).replace('"bpf_object_size":3', '"bpf_object_size":4'),
    /has 3 bytes, and the package says 4/,
  ],
  [
    'more than it says',
    textPackage({}).replace('"bpf_object_size":3', '"bpf_object_size":2'),
    /has 3 bytes, and the package says 2/,
  ],
  [
    'a size beyond reason',
    textPackage({}).replace('"bpf_object_size":3', '"bpf_object_size":1e12'),
    /bpf_object_size: 1000000000000 is not between/,
  ],
  [
    'variables without a name',
    textPackage({ data_sections: [{ name: '.bss', variables: [{ type: 'int' }] }] }),
    /meta\.bpf_skel\.data_sections\[0\]\.variables\[0\]\.name: a string is needed, it is missing/,
  ],
  [
    'a sample that is none',
    textPackage({ maps: [{ name: 'm', sample: { interval: 'x' } }] }),
    /maps\[0\]\.sample\.interval: a whole number/,
  ],
  [
    'an unknown histogram',
    textPackage({ maps: [{ name: 'm', sample: { interval: 1, type: 'pie' } }] }),
    /"pie" is none of log2_hist/,
  ],
  [
    'a short option of two letters',
    textPackage({
      data_sections: [{ name: '.bss', variables: [{ name: 'a', type: 'int', cmdarg: { short: 'ab' } }] }],
    }),
    /"ab" is not one letter/,
  ],
]
for (const [what, text, message] of refusals)
  test(`refused: ${what}`, () => {
    assert.throws(
      () => readPackage(text, 'p.json'),
      error => error instanceof PackageError && message.test(error.message),
    )
  })

test('a small text does not unpack to gigabytes', () => {
  // a gigabyte of zeros in a megabyte
  const bomb = deflateSync(new Uint8Array(1 << 27)).toString('base64')
  const before = process.memoryUsage().rss
  for (const size of [1, 1 << 20, undefined]) {
    const text = JSON.stringify({ bpf_object: bomb, bpf_object_size: size, meta: {} })
    assert.throws(() => readPackage(text, 'p.json'), PackageError)
  }
  assert.ok(process.memoryUsage().rss - before < 300 << 20)
})
