// Text on its way out of the process.
export { ByteWriter } from './byte-writer.ts'
