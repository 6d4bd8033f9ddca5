// Types of a kernel that does not show them itself: of the first image on disk that has some.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { BtfBuilder } from '../btf/index.ts'
import { writeElf } from '../elf/linker/write-elf.ts'
import { btfOfImages, vmlinuxImages } from './vmlinux-btf.ts'

const folder = mkdtempSync(join(tmpdir(), 'beetrace-vmlinux-'))
after(() => rmSync(folder, { recursive: true }))
const SHT_PROGBITS = 1

function image(name: string, sections: Record<string, Uint8Array>): string {
  const path = join(folder, name)
  const written = Object.entries(sections).map(([section, data]) => ({
    ...{ name: section, data, type: SHT_PROGBITS, flags: 0, alignBytes: 4, entryBytes: 0 },
    ...{ sizeBytes: data.length, relocations: [] },
  }))
  writeFileSync(path, writeElf({ littleEndian: true, sections: written, symbols: [] }))
  return path
}

test('the first image with types is taken', () => {
  const builder = new BtfBuilder()
  builder.add({ kind: 'struct', name: 'task', sizeBytes: 4, members: [] })
  const stripped = image('stripped', { '.text': new Uint8Array(8) })
  const damaged = image('damaged', { '.BTF': new Uint8Array(30) })
  const whole = image('whole', { '.text': new Uint8Array(8), '.BTF': builder.build() })
  writeFileSync(join(folder, 'bzImage'), 'MZ')
  const paths = ['missing', 'bzImage'].map(name => join(folder, name))
  assert.equal(btfOfImages([...paths, stripped, damaged]), undefined)
  assert.equal(btfOfImages([...paths, stripped, damaged, whole])?.find('task')?.id, 1)
})

test('the places that distributions use', () => {
  assert.equal(vmlinuxImages('6.1.0-50-amd64').length, 7)
  assert.equal(vmlinuxImages('6.1.0-50-amd64')[4], '/usr/lib/debug/boot/vmlinux-6.1.0-50-amd64')
})
