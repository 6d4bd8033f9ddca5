// How a program goes wrong in the interpreter: what the verifier or the hardware would have stopped.

/** A bad access or argument, found by the memory, a map or a helper, which do not know where the program stands. */
export class Fault extends Error {}

/** A program that went wrong, with the place. `pc` counts in slots, as the verifier's log does. */
export class VmError extends Error {
  readonly pc: number

  constructor(pc: number, message: string, options?: ErrorOptions) {
    super(`at ${pc}: ${message}`, options)
    this.name = 'VmError'
    this.pc = pc
  }
}
