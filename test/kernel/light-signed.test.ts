// Signed light skeletons on a real kernel: by a key in the keyring of the session, and by no other.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readObject } from '../../src/elf/index.ts'
import { errno, SyscallError } from '../../src/errors/index.ts'
import { BpfMap, readContentHash } from '../../src/map/index.ts'
import {
  addSigningKey,
  type LightObject,
  lightObject,
  openLightObject,
  readSigner,
} from '../../src/object/index.ts'
import { buildLoader } from '../../src/object/light/build-loader.ts'
import { mapPlace, programPlace } from '../../src/object/light/layout.ts'
import { instructionHash, Program } from '../../src/program/index.ts'
import {
  BPF_F_SLEEPABLE,
  BPF_MAP_TYPE_ARRAY,
  BPF_PROG_TYPE_SYSCALL,
  bpfProgTestRun,
  closeFd,
  LITTLE_ENDIAN,
} from '../../src/sys/index.ts'
import { makeCertificate } from '../object/certificate.ts'
import { CALLS_PATH } from '../object/sample.ts'
import { since } from './since.ts'

const { key, certificate } = makeCertificate('rsa')
const signer = readSigner(key, certificate)

const calls = readObject(readFileSync(CALLS_PATH), CALLS_PATH)

const light = (by = signer): LightObject => lightObject(calls, { signer: by })

const load = (signed: LightObject) => openLightObject(signed).load()

/** A signature that nobody can know: how it is refused tells whether the kernel looks at it. */
function whyNone(): string | false {
  try {
    load(light()).close()
  } catch (error) {
    if (error instanceof SyscallError && error.errnoName === 'EOPNOTSUPP')
      return 'this kernel checks no signatures (CONFIG_SYSTEM_DATA_VERIFICATION)'
  }
  return false
}

const skip = since('6.18', 'signed programs') || whyNone()

/** A loader that goes by what is signed, run without a signature; what it gives back. */
function runSealed(change: (data: Uint8Array) => void): number {
  const { instructions, data } = buildLoader(calls, { sealed: true })
  change(data)
  using map = BpfMap.create(
    {
      ...{ name: 'sealed', type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: data.length, maxEntries: 1 },
      contents: [{ key: new Uint8Array(4), value: data }],
      frozen: true,
    },
    { exclusiveHash: instructionHash(instructions) },
  )
  readContentHash(map.fd)
  const license = 'Dual BSD/GPL'
  using loader = Program.load(
    { name: 'sealed', type: BPF_PROG_TYPE_SYSCALL, license, code: instructions, flags: BPF_F_SLEEPABLE },
    { fdArray: Int32Array.of(map.fd) },
  )
  const mapCount = calls.maps.length
  const context = new DataView(new ArrayBuffer(programPlace(mapCount, 1)))
  const { retval } = bpfProgTestRun({ progFd: loader.fd, ctxIn: new Uint8Array(context.buffer) })
  const places = [...calls.maps.map((_, i) => mapPlace(i)), programPlace(mapCount, 0)]
  for (const place of places) {
    const fd = context.getInt32(place, LITTLE_ENDIAN)
    assert.equal(fd > 0, retval === 0)
    if (fd > 0) closeFd(fd)
  }
  return retval | 0
}

test('a sealed loader loads by the data that it was made with, and by no other', {
  skip: since('6.18', 'exclusive maps'),
}, () => {
  assert.equal(
    runSealed(() => {}),
    0,
  )
  assert.equal(
    runSealed(data => data.set([1], data.length - 1)),
    -errno.EBADMSG,
  )
})

test('signed by a key in the keyring, and not before it is there', { skip }, () => {
  assert.throws(() => load(light()), /ENOKEY.*the keyring has no key of the one who signed it/)
  addSigningKey(signer.certificate)
  using object = load(light())
  assert.equal(object.attach().length, 1)
})

const changed = (text: string, at: number): string => {
  const bytes = Buffer.from(text, 'base64')
  bytes[at < 0 ? bytes.length + at : at]! ^= 1
  return bytes.toString('base64')
}

test('what is not what was signed is refused', { skip }, () => {
  addSigningKey(signer.certificate)
  const { data, instructions, ...rest } = light()
  assert.throws(
    () => load({ ...rest, instructions: changed(instructions, 4), data }),
    /(EKEYREJECTED|EBADMSG).*it is not what was signed, or was signed by another key/,
  )
  assert.throws(
    () => load({ ...rest, instructions, data: changed(data, -9) }),
    /its data are not those that its loader was signed with/,
  )
})

test('what is signed is not set', { skip }, () => {
  using object = openLightObject(light())
  object.global('first').value = 1
  assert.throws(
    () => object.load(),
    /variables in \.rodata cannot be set of a light skeleton: its signature is for what they have/,
  )
  object.global('first').value = 10
  object.map('counts').maxEntries = 5
  assert.throws(() => object.load(), /`maxEntries` of map "counts"/)
})
