// The checked-in object of the tests.
import { readFileSync } from 'node:fs'

export const SAMPLE_PATH = 'test/object/fixtures/sample.bpf.o'
export const sampleBytes = (): Uint8Array => readFileSync(SAMPLE_PATH)
