// The checked-in objects of the tests.
import { readFileSync } from 'node:fs'

export const SAMPLE_PATH = 'test/object/fixtures/sample.bpf.o'
export const sampleBytes = (): Uint8Array => readFileSync(SAMPLE_PATH)
/** values of every shape, in maps and variables */
export const SHAPES_PATH = 'test/object/fixtures/shapes.bpf.o'
export const CALLS_PATH = 'examples/calls.bpf.o'
/** two halves, to be linked */
export const LINK_PATHS = ['test/object/fixtures/link-one.bpf.o', 'test/object/fixtures/link-two.bpf.o']
