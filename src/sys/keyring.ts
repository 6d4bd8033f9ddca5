// Keys in the kernel's keyrings: add_key(2).

import { cString } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'

/** Of this process's session, made if there is none; of this user; of this user's sessions (include/uapi/linux/keyctl.h). */
export const KEY_SPEC_SESSION_KEYRING = -3
export const KEY_SPEC_USER_KEYRING = -4
export const KEY_SPEC_USER_SESSION_KEYRING = -5

/**
 * Puts a key into a keyring; its serial number, or -errno. One of that type and description is replaced.
 * @param type `asymmetric`: the payload is a certificate in DER then
 */
export const addKey = (type: string, description: string, payload: Uint8Array, keyring: number): number => {
  const texts = [cString(type), cString(description)] as const
  const { address } = linux()
  const result = linux().addKey(
    address(texts[0]),
    address(texts[1]),
    address(payload),
    payload.byteLength,
    keyring,
  )
  keepAlive(texts, payload)
  return result
}
