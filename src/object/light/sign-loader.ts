// Signatures of loaders, as the kernel checks them (Linux 6.18): PKCS#7 over the instructions, without certificates or attributes, by a
// key that is known by the identifier in its certificate.
// Source: bpftool's sign.c; RFC 5652; crypto/asymmetric_keys/pkcs7_parser.c.

import { createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { BeetraceError } from '../../errors/index.ts'
import { contextBytesTag, contextTag, DER, der, derValues, objectIdentifier } from './der.ts'

export interface Signer {
  /** RSA, or of an elliptic curve */
  readonly key: KeyObject
  readonly certificate: X509Certificate
}

/**
 * Reads a key and its certificate.
 * @param key PEM
 * @param certificate X.509, DER or PEM; with the extension subjectKeyIdentifier, by which a kernel finds the key
 * @throws BeetraceError `SIGNING` for what they are not
 */
export function readSigner(key: string | Uint8Array, certificate: string | Uint8Array): Signer {
  const signer = { key: readKey(key), certificate: readCertificate(certificate) }
  if (!signer.certificate.checkPrivateKey(signer.key))
    throw new BeetraceError('SIGNING', 'the certificate is not that of the key')
  return signer
}

/** X.509, DER or PEM. Throws BeetraceError `SIGNING`. */
export function readCertificate(bytes: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(typeof bytes === 'string' ? bytes : Buffer.from(bytes))
  } catch (cause) {
    throw new BeetraceError('SIGNING', 'the certificate is no X.509, in DER or PEM', { cause })
  }
}

function readKey(bytes: string | Uint8Array): KeyObject {
  try {
    return createPrivateKey(typeof bytes === 'string' ? bytes : Buffer.from(bytes))
  } catch (cause) {
    throw new BeetraceError('SIGNING', 'the key is no private key in PEM, or has a passphrase', { cause })
  }
}

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const DATA = '1.2.840.113549.1.7.1'
const SHA256 = '2.16.840.1.101.3.4.2.1'
const KEY_IDENTIFIER = '2.5.29.14'

/** How the kernel is told the kind of signature, by the kind of key. */
const ALGORITHMS: Readonly<Record<string, Uint8Array>> = {
  // rsaEncryption
  rsa: der(DER.sequence, objectIdentifier('1.2.840.113549.1.1.1'), der(DER.null)),
  // ecdsa-with-SHA256
  ec: der(DER.sequence, objectIdentifier('1.2.840.10045.4.3.2')),
}

/** PKCS#7 SignedData in DER; what is signed is not in it. Throws BeetraceError `SIGNING`. */
export function signDetached(content: Uint8Array, { key, certificate }: Signer): Uint8Array {
  const algorithm = ALGORITHMS[key.asymmetricKeyType ?? '']
  if (algorithm === undefined)
    throw new BeetraceError(
      'SIGNING',
      `the key is ${key.asymmetricKeyType}: kernels take RSA and elliptic curves`,
    )
  const digest = der(DER.sequence, objectIdentifier(SHA256))
  // the third version names signers by identifiers of keys
  const version = der(DER.integer, Uint8Array.of(3))
  const signer = der(
    DER.sequence,
    version,
    der(contextBytesTag(0), keyIdentifier(certificate)),
    digest,
    algorithm,
    der(DER.octetString, sign('sha256', content, key)),
  )
  const signed = der(
    DER.sequence,
    version,
    der(DER.set, digest),
    der(DER.sequence, objectIdentifier(DATA)),
    der(DER.set, signer),
  )
  return der(DER.sequence, objectIdentifier(SIGNED_DATA), der(contextTag(0), signed))
}

/**
 * The subjectKeyIdentifier of a certificate.
 *
 *     Certificate: [ TBSCertificate: [ … [3]: [ Extensions: [ Extension: [ id, critical?, value: OCTET STRING ] … ] ] ] … ]
 */
export function keyIdentifier({ raw }: Pick<X509Certificate, 'raw'>): Uint8Array {
  const [certificate] = derValues(raw)
  const [body] = certificate === undefined ? [] : derValues(certificate.content)
  const wanted = Buffer.from(objectIdentifier(KEY_IDENTIFIER))
  for (const { tag, content } of body === undefined ? [] : derValues(body.content)) {
    if (tag !== contextTag(3)) continue
    const [list] = derValues(content)
    for (const extension of list === undefined ? [] : derValues(list.content)) {
      const parts = [...derValues(extension.content)]
      const [id, value] = [parts[0], parts.at(-1)]
      if (id === undefined || value?.tag !== DER.octetString) continue
      if (!wanted.equals(der(id.tag, id.content))) continue
      const [identifier] = derValues(value.content)
      if (identifier?.tag === DER.octetString) return identifier.content
    }
  }
  throw new BeetraceError(
    'SIGNING',
    'the certificate has no identifier of its key: make it with the extension subjectKeyIdentifier=hash',
  )
}
