// The public face of the errors floor.

export * from './asm-error.ts'
export * from './btf-error.ts'
export * from './compile-error.ts'
export * from './errno.ts'
export * from './errors.ts'
export * from './ir-error.ts'
export * from './privilege-error.ts'
export * from './process-error.ts'
export * from './syscall-error.ts'
export * from './usage-error.ts'
export * from './verifier-error.ts'
export * from './verifier-log.ts'
