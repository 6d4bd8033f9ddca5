// What binutils' readelf says of binaries on this machine, and of objects for machines of other word and byte order.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  buildId,
  bytesSource,
  dynamicInfo,
  type Elf,
  parseElf,
  readRelocations,
  readSymbols,
  SHT_REL,
  SHT_RELA,
  sectionData,
  symbolSections,
  symbolVersions,
  usdtLocations,
} from '../../src/elf/index.ts'
import { findBinaries } from '../../src/kernel/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'beetrace-'))
after(() => rmSync(directory, { recursive: true }))

const open = (path: string): Elf => parseElf(bytesSource(path, readFileSync(path)))

function readelf(path: string, ...options: string[]): string {
  const env = { ...process.env, LC_ALL: 'C' }
  return spawnSync('readelf', ['-W', ...options, path], { encoding: 'utf8', maxBuffer: 1 << 28, env }).stdout
}

const skip = spawnSync('readelf', ['--version']).status === 0 ? false : 'readelf of binutils is not installed'
const hex = (value: number, digits: number) =>
  BigInt.asUintN(64, BigInt(value)).toString(16).padStart(digits, '0')

const SOURCE = `
  extern int outside(int);
  int table[4] = {1, 2, 3, 4};
  int *pointer = &table[2];
  static int hidden(int x) { return outside(x) + table[x & 3]; }
  int shown(int x) { return hidden(x) * 2; }
  __attribute__((weak)) int weak(void) { return 3; }`

/** Compiles for another machine; undefined when clang is missing or does not know it. */
function compile(target: string, ...options: string[]): string | undefined {
  const path = join(directory, `${target}${options.join('')}.o`)
  const made = spawnSync(
    'clang-19',
    ['-target', target, '-x', 'c', '-c', '-O1', '-g', ...options, '-o', path, '-'],
    { input: SOURCE },
  )
  return made.status === 0 ? path : undefined
}

const binaries = ['libc', 'libstdc++', 'cat', 'python3'].flatMap(name =>
  findBinaries(name)
    .slice(0, 1)
    .map(f => f.path),
)
const objects = [
  'x86_64',
  'i386',
  'aarch64',
  'aarch64_be',
  'armv7',
  'powerpc',
  'powerpc64',
  's390x',
  'riscv64',
  'bpf',
  'bpfeb',
]
  .flatMap(target => [
    compile(`${target}-unknown-linux-gnu`),
    compile(`${target}-unknown-linux-gnu`, '-gz=zlib'),
  ])
  .filter(path => path !== undefined)

for (const path of [...binaries, ...objects]) {
  const name = path.slice(path.lastIndexOf('/') + 1)

  test(`${name}: sections and segments`, { skip }, () => {
    const elf = open(path)
    const rows = readelf(path, '-S').matchAll(
      /^ *\[ *(\d+)\] (.*?) +[A-Z_0-9a-zx:+]+ +([0-9a-f]{8,16}) ([0-9a-f]{6,}) ([0-9a-f]{6,}) [0-9a-f]{2} /gm,
    )
    const expected = [...rows].map(row => [Number(row[1]), row[2]!.trim(), row[3], row[4], row[5]])
    const digits = elf.is64 ? 16 : 8
    const found = elf.sections.map(s => [
      s.index,
      s.name,
      hex(s.address, digits),
      hex(s.offset, 6),
      hex(s.sizeBytes, 6),
    ])
    assert.ok(expected.length > 1)
    assert.deepEqual(
      found.filter(row => row[0] !== 0),
      expected.filter(row => row[0] !== 0),
    )
    const segments = [...readelf(path, '-l').matchAll(/^ {2}LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) 0x(\w+)/gm)]
    assert.deepEqual(
      elf.segments.filter(s => s.type === 1).map(s => [s.offset, s.address, s.fileBytes, s.memoryBytes]),
      segments.map(row => row.slice(1, 5).map(word => Number.parseInt(word, 16))),
    )
    for (const section of elf.sections) sectionData(elf, section)
  })

  test(`${name}: symbols with versions`, { skip }, () => {
    const elf = open(path)
    const found = symbolSections(elf)
      .sort((a, b) => a.index - b.index)
      .flatMap(section => {
        const table = readSymbols(elf, section)
        const version = symbolVersions(elf, section)
        return Array.from({ length: table.count }, (_, i) => {
          const v = table.section[i] === 0 ? undefined : version(i)
          const suffix =
            v === undefined || v.name === table.name(i) ? '' : `${v.isDefault ? '@@' : '@'}${v.name}`
          const name = table.type(i) === 3 ? elf.sections[table.section[i]!]!.name : table.name(i)
          return `${hex(table.value[i]!, elf.is64 ? 16 : 8)} ${table.sizeBytes[i]} ${name.trim()}${suffix}`
        })
      })
    const rows = readelf(path, '-s').matchAll(
      /^ *\d+: ([0-9a-f]+) +(0x[0-9a-f]+|\d+) \S+ +\S+ +\S+ +(?:\[.*\] +)?(\S+) ?(.*)$/gm,
    )
    const expected = [...rows].map(([, value, size, section, text = '']) => {
      const bare = section === 'UND' ? text.replace(/@.*$/, '') : text.replace(/ \(\d+\)$/, '')
      return `${value} ${Number(size)} ${bare.trim()}`
    })
    assert.deepEqual(found, expected)
  })

  test(`${name}: relocations`, { skip }, () => {
    const elf = open(path)
    const found = elf.sections
      .filter(section => section.type === SHT_REL || section.type === SHT_RELA)
      .flatMap(section => {
        const relocations = readRelocations(elf, section)
        return Array.from({ length: relocations.count }, (_, i) => {
          const { offset, symbol, type } = relocations
          const info = elf.is64
            ? (BigInt(symbol[i]!) << 32n) | BigInt(type[i]!)
            : (BigInt(symbol[i]!) << 8n) | BigInt(type[i]!)
          return `${offset[i]!.toString(16)} ${info.toString(16)}`
        })
      })
    const rows = readelf(path, '-r').matchAll(/^([0-9a-f]{8,16}) +([0-9a-f]{8,16}) (?:R_|unrecognized)/gm)
    const expected = [...rows].map(
      row => `${BigInt(`0x${row[1]}`).toString(16)} ${BigInt(`0x${row[2]}`).toString(16)}`,
    )
    if (expected.length > 0) assert.deepEqual(found, expected)
  })

  test(`${name}: notes and the dynamic section`, { skip }, () => {
    const elf = open(path)
    const notes = readelf(path, '-n')
    assert.equal(buildId(elf), /Build ID: (\w+)/.exec(notes)?.[1])
    const usdt = [
      ...notes.matchAll(
        /Provider: (.*)\n\s+Name: (.*)\n\s+Location: (\w+), Base: \w+, Semaphore: (\w+)\n\s+Arguments: (.*)/g,
      ),
    ]
    assert.deepEqual(
      usdtLocations(elf).map(l => [l.provider, l.name, l.address, l.semaphoreAddress ?? 0, l.argumentText]),
      usdt.map(([, provider, probe, address, semaphore, text]) => [
        provider,
        probe,
        Number(address),
        Number(semaphore),
        text,
      ]),
    )
    for (const location of usdtLocations(elf))
      for (const argument of location.arguments)
        assert.notEqual(argument.place.kind, 'unknown', argument.text)
    const needed = [...readelf(path, '-d').matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(row => row[1])
    assert.deepEqual(dynamicInfo(elf)?.needed ?? [], needed)
  })
}
