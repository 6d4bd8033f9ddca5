// Perf maps as runtimes write them, and the mappings of processes as the kernel shows them.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PerfMap, PerfMapFile } from './perf-map.ts'
import { parseExecutableMappings } from './process-maps.ts'

const check = (title: string, text: string, ...expected: readonly [address: number, found: string][]) =>
  test(title, () => {
    const map = new PerfMap()
    for (const piece of text.match(/.{1,7}/gs) ?? []) map.append(piece)
    for (const [address, found] of expected) {
      const at = map.at(address)
      assert.equal(at === undefined ? '-' : `${at.name}+${at.offset}`, found, `at ${address.toString(16)}`)
    }
  })

check('an empty map', '', [0, '-'])
check(
  'names with blanks',
  '1000 20 JS:~read node:fs:12:34\n1020 8 Stub\n',
  [0xfff, '-'],
  [0x101f, 'JS:~read node:fs:12:34+31'],
  [0x1020, 'Stub+0'],
  [0x1028, '-'],
)
check(
  'the later entry counts',
  '1000 100 old\n1010 10 inner\n1000 100 new\n',
  [0x1018, 'new+24'],
  [0x1050, 'new+80'],
)
check('newer code within older', '1000 100 old\n1010 10 inner\n', [0x1018, 'inner+8'], [0x1050, 'old+80'])
check(
  '0x in front, and lines that are none',
  '0x10 0x10 a\nnonsense\n\n30 x y\n40 10\n',
  [0x18, 'a+8'],
  [0x30, '-'],
  [0x40, '-'],
)
check('an unfinished last line', '10 10 a\n20 10 b', [0x10, 'a+0'], [0x20, '-'])

test('a file that grows, and one that begins anew', () => {
  const directory = mkdtempSync(join(tmpdir(), 'beetrace-'))
  try {
    const path = join(directory, 'perf-1.map')
    const file = new PerfMapFile(path)
    assert.equal(file.update(), false)
    writeFileSync(path, '10 10 a\n20 1')
    assert.equal(file.update(), true)
    assert.equal(file.update(), false)
    appendFileSync(path, '0 b\n')
    assert.deepEqual(
      [file.at(0x20), file.update(), file.at(0x20)],
      [undefined, true, { name: 'b', offset: 0 }],
    )
    rmSync(path)
    writeFileSync(path, '10 10 c\n')
    assert.deepEqual(
      [file.update(), file.at(0x10), file.at(0x20)],
      [true, { name: 'c', offset: 0 }, undefined],
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('executable mappings', () => {
  const maps = [
    '00400000-00401000 r--p 00000000 fe:00 7                          /usr/bin/a b',
    '00401000-00403000 r-xp 00001000 fe:00 7                          /usr/bin/a b',
    '7f0000000000-7f0000001000 rwxp 00000000 00:00 0 ',
    '7f0000001000-7f0000002000 r-xp 00002000 00:1f 12345              /tmp/gone (deleted)',
    '7f0000002000-7f0000003000 r--s 00000000 fe:00 9                  /lib/data',
    '7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                  [vdso]',
    '7ffd00003000-7ffd00004000 r-xp 00000000 00:01 3                  /odd\\012name',
    '',
  ].join('\n')
  assert.deepEqual(
    parseExecutableMappings(maps).map(m => [m.start, m.end, m.offset, m.inode, m.path, m.deleted]),
    [
      [0x401000, 0x403000, 0x1000, 7, '/usr/bin/a b', false],
      [0x7f0000000000, 0x7f0000001000, 0, 0, '', false],
      [0x7f0000001000, 0x7f0000002000, 0x2000, 12345, '/tmp/gone', true],
      [0x7ffd00000000, 0x7ffd00002000, 0, 0, '[vdso]', false],
      [0x7ffd00003000, 0x7ffd00004000, 0, 3, '/odd\nname', false],
    ],
  )
})
