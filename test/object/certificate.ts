// Self-signed certificates of keys made for a test.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { sha256 } from '../../src/object/light/build-loader.ts'
import { contextTag, DER, der, objectIdentifier } from '../../src/object/light/der.ts'

const BIT_STRING = 0x03
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17

const ALGORITHMS = {
  rsa: der(DER.sequence, objectIdentifier('1.2.840.113549.1.1.11'), der(DER.null)),
  ec: der(DER.sequence, objectIdentifier('1.2.840.10045.4.3.2')),
} as const

export interface KeyAndCertificate {
  /** PEM */
  readonly key: string
  /** DER */
  readonly certificate: Uint8Array
}

/** Valid from the beginning of 2020 to the end of 2049. Without an identifier of the key when told so. */
export function makeCertificate(type: 'rsa' | 'ec', hasIdentifier = true): KeyAndCertificate {
  const { privateKey, publicKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const key = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const text = (tag: number, words: string) => der(tag, Buffer.from(words))
  const commonName = der(DER.sequence, objectIdentifier('2.5.4.3'), text(UTF8_STRING, 'beetrace test'))
  const name = der(DER.sequence, der(DER.set, commonName))
  const identifier = der(DER.octetString, der(DER.octetString, sha256(key).subarray(0, 20)))
  const extension = der(DER.sequence, objectIdentifier('2.5.29.14'), identifier)
  const body = der(
    DER.sequence,
    der(contextTag(0), der(DER.integer, Uint8Array.of(2))),
    der(DER.integer, Uint8Array.of(7)),
    ALGORITHMS[type],
    name,
    der(DER.sequence, text(UTC_TIME, '200101000000Z'), text(UTC_TIME, '491231235959Z')),
    name,
    key,
    ...(hasIdentifier ? [der(contextTag(3), der(DER.sequence, extension))] : []),
  )
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate: der(
      DER.sequence,
      body,
      ALGORITHMS[type],
      der(BIT_STRING, Uint8Array.of(0), signed(body, privateKey)),
    ),
  }
}

const signed = (body: Uint8Array, key: KeyObject): Uint8Array => new Uint8Array(sign('sha256', body, key))
