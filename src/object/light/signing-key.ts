// Keys by which the kernel is to know signed loaders.

import type { X509Certificate } from 'node:crypto'
import { SyscallError } from '../../errors/index.ts'
import { addKey, KEY_SPEC_SESSION_KEYRING } from '../../sys/index.ts'

/**
 * Puts a certificate into the keyring of this process's session, as `keyctl padd asymmetric NAME @s` does; its serial number. The
 * kernel's own keyrings take none but from those whom it trusts.
 * @throws SyscallError
 */
export function addSigningKey(certificate: X509Certificate): number {
  const { raw, fingerprint256 } = certificate
  const description = `beetrace:${fingerprint256.replaceAll(':', '').toLowerCase()}`
  const key = addKey('asymmetric', description, Uint8Array.from(raw), KEY_SPEC_SESSION_KEYRING)
  if (key < 0)
    throw new SyscallError('add_key', -key, 'add a certificate to the session keyring', {
      hint: 'the kernel must know keys of the type asymmetric (CONFIG_ASYMMETRIC_KEY_TYPE), and the algorithm of this one',
    })
  return key
}
