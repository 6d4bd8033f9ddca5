// A compiled object by its skeleton: names and types are checked when this is compiled.
//     bee gen skeleton calls.bpf.o > calls.skel.ts

import { statSync } from 'node:fs'
import { openCalls } from './calls.skel.ts'

using calls = openCalls()
calls.rodata.only_tgid = process.pid // settings of the program, until it is loaded
calls.rodata.first = 3
calls.maps.counts.source.maxEntries = 64 // and of its maps
calls.load().attach()

statSync('.')

let told = 0
for await (const { call, comm, time_ns } of calls.maps.events) {
  console.log(`${comm} made call ${call} at ${time_ns}`)
  if (++told === 3) break
}
calls.detach()

let sum = 0n
for (const [, count] of calls.maps.counts) sum += count
console.log(`${calls.maps.counts.has(0xffff) ? 'odd' : 'fine'}: ${sum === calls.bss.total}`)
