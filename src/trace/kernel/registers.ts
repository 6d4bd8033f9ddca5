// Where the arguments of a system call lie in struct pt_regs: fixed by each architecture's ABI (ptrace shows them so).

export type Arch = 'x64' | 'arm64'

export interface Registers {
  /** bytes into struct pt_regs of the six arguments of a native call */
  readonly nativeArgs: readonly number[]
  /** the same for a 32-bit call */
  readonly compatArgs: readonly number[]
}

/** x64: arch/x86/include/uapi/asm/ptrace.h. arm64: regs[0] to regs[5] of arch/arm64/include/uapi/asm/ptrace.h. */
export const REGISTERS: Readonly<Record<Arch, Registers>> = {
  x64: {
    // di si dx r10 r8 r9
    nativeArgs: [112, 104, 96, 56, 72, 64],
    // bx cx dx si di bp
    compatArgs: [40, 88, 96, 104, 112, 32],
  },
  arm64: { nativeArgs: [0, 8, 16, 24, 32, 40], compatArgs: [0, 8, 16, 24, 32, 40] },
}
