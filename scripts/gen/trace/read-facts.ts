// Reads the tracer's fact files from scripts/gen/facts, relative to the repository's root.
import { readFileSync } from 'node:fs'
import type { TraceFacts } from './render.ts'

export function readTraceFacts(): TraceFacts {
  const read = (name: string) => readFileSync(`scripts/gen/facts/trace-${name}.txt`, 'utf8')
  return {
    numbers: read('syscall-numbers'),
    arguments: read('syscall-arguments'),
    moreArguments: read('syscall-arguments-more'),
    constants: read('constants'),
    messages: read('errno-messages'),
  }
}
