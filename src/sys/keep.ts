// Keeping bytes alive across a system call. An engine may drop a buffer after its last mention in JavaScript, which
// is the taking of its address: before the kernel has read it.

let last: unknown

/** Mentions `bytes` after the call that used its address. The last ones mentioned stay referenced. */
export const keepAlive = (...bytes: unknown[]): void => {
  last = bytes
}

/** For the compiler's sake: what is written must be readable somewhere. */
export const lastKept = (): unknown => last
