// The public face of the errors floor.

export * from './asm-error.ts'
export * from './btf-error.ts'
export * from './errors.ts'
export * from './privilege-error.ts'
export * from './process-error.ts'
