// Signatures and the DER that they are made of. That a kernel takes them is test/kernel/light-signed.test.ts.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeCertificate } from '../../../test/object/certificate.ts'
import { BeetraceError } from '../../errors/index.ts'
import { DER, type DerValue, der, derValues, objectIdentifier } from './der.ts'
import { keyIdentifier, readCertificate, readSigner, signDetached } from './sign-loader.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('DER: lengths of one byte and of more, and numbers in sevens', () => {
  assert.equal(hex(der(DER.null)), '0500')
  assert.equal(hex(der(DER.octetString, Uint8Array.of(1), Uint8Array.of(2, 3))), '0403010203')
  assert.equal(hex(der(DER.set, new Uint8Array(200)).subarray(0, 4)), '3181c800')
  assert.equal(hex(der(DER.set, new Uint8Array(70_000)).subarray(0, 5)), '3183011170')
  assert.equal(hex(objectIdentifier('1.2.840.113549.1.7.2')), '06092a864886f70d010702')
  assert.equal(hex(objectIdentifier('2.16.840.1.101.3.4.2.1')), '0609608648016503040201')
})

test('DER comes back as it went, and other bytes are values or an error', () => {
  const values = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 300 })))
  fc.assert(
    fc.property(values, list => {
      const bytes = Buffer.concat(list.map(([tag, content]) => der(tag, content)))
      const read = [...derValues(bytes)].map(({ tag, content }) => [tag, Uint8Array.from(content)])
      assert.deepEqual(read, list)
    }),
  )
  let refused = 0
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), bytes => {
      try {
        const count = [...derValues(bytes)].reduce((sum, { content }) => sum + content.length, 0)
        assert.ok(count < bytes.length)
      } catch (error) {
        assert.ok(error instanceof BeetraceError && error.code === 'DER')
        refused++
      }
    }),
  )
  assert.ok(refused > 0)
})

/** Nested values as text, by their tags. */
const shape = (bytes: Uint8Array): string =>
  [...derValues(bytes)]
    .map(({ tag, content }) =>
      (tag & 0x20) === 0 ? hex(Uint8Array.of(tag)) : `${hex(Uint8Array.of(tag))}(${shape(content)})`,
    )
    .join(' ')

for (const type of ['rsa', 'ec'] as const)
  test(`a signature by ${type} names its key, and holds neither certificate nor content`, () => {
    const made = makeCertificate(type)
    const signer = readSigner(made.key, made.certificate)
    const content = Buffer.from('instructions')
    const bytes = signDetached(content, signer)
    const parameters = type === 'rsa' ? '06 05' : '06'
    assert.equal(
      shape(bytes),
      `30(06 a0(30(02 31(30(06)) 30(06) 31(30(02 80 30(06) 30(${parameters}) 04)))))`,
    )
    const [outer] = derValues(bytes)
    const into = (value: DerValue | undefined, index: number) => [...derValues(value!.content)].at(index)
    const signerInfo = into(into(into(into(outer, 1), 0), -1), 0)
    const signature = into(signerInfo, -1)!.content
    assert.ok(verify('sha256', content, signer.certificate.publicKey, signature))
    assert.equal(hex(into(signerInfo, 1)!.content), hex(keyIdentifier(signer.certificate)))
  })

const noOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'

test('it is what openssl makes, as bpftool has it', { skip: noOpenssl }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'beetrace-sign-'))
  const file = (name: string, bytes: string | Uint8Array): string => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  try {
    const { key, certificate } = makeCertificate('rsa')
    const signer = readSigner(key, certificate)
    const content = new Uint8Array(1000).fill(7)
    const made = spawnSync('openssl', [
      ...['cms', '-sign', '-binary', '-nocerts', '-noattr', '-keyid', '-md', 'sha256', '-outform', 'DER'],
      ...['-in', file('content', content), '-inkey', file('key', key)],
      ...['-signer', file('certificate', signer.certificate.toString())],
    ])
    assert.equal(made.status, 0, made.stderr.toString())
    assert.equal(hex(signDetached(content, signer)), hex(made.stdout))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const refuse = (what: string, work: () => unknown, message: RegExp) =>
  test(`refused: ${what}`, () => {
    assert.throws(work, { code: 'SIGNING', message })
  })

const rsa = makeCertificate('rsa')
refuse('no key', () => readSigner('nothing', rsa.certificate), /^the key is no private key in PEM/)
refuse('no certificate', () => readSigner(rsa.key, 'nothing'), /^the certificate is no X\.509/)
refuse(
  'another key',
  () => readSigner(makeCertificate('rsa').key, rsa.certificate),
  /is not that of the key$/,
)
const bare = makeCertificate('rsa', false)
refuse(
  'a certificate without an identifier',
  () => signDetached(new Uint8Array(1), readSigner(bare.key, bare.certificate)),
  /subjectKeyIdentifier=hash/,
)

test('a changed certificate is one or is refused', () => {
  const { certificate } = makeCertificate('ec')
  const changes = fc.array(fc.tuple(fc.nat(certificate.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(changes, list => {
      const raw = Buffer.from(certificate)
      for (const [at, value] of list) raw[at] = value
      for (const read of [() => keyIdentifier({ raw }), () => keyIdentifier(readCertificate(raw))])
        try {
          assert.ok(read() instanceof Uint8Array)
        } catch (error) {
          if (!(error instanceof BeetraceError)) throw error
        }
    }),
  )
})
