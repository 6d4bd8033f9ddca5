// The public face of the script's diagnostics.

export * from './diagnostics.ts'
export * from './message.ts'
export * from './print.ts'
