// Records read in place, in the ring's own memory: nothing is made for each of them.

import { statSync } from 'node:fs'
import { EventReader, openObject, RingBuffer } from 'beetrace'

using object = openObject('examples/calls.bpf.o')
object.global('only_tgid').value = process.pid
object.load()

const seen = { count: 0, tid: 0, latestNs: 0 } // fields, or typed arrays
using ring = RingBuffer.open(object.map('events').map, ({ u32 }, offset) => {
  const at = offset >>> 2 // u32 counts in fours
  seen.count++
  seen.tid = u32[at + 2]!
  seen.latestNs = u32[at]! + u32[at + 1]! * 2 ** 32 // a u64 without a BigInt, exact below 2^53
})
using reader = new EventReader({ intervalMs: 20 })
reader.addRing(ring)
reader.start()
const [link] = object.attach()

statSync('.')

link?.close() // before the last look: nothing comes any more
await reader.stop()
console.log(
  `${seen.count} of ${object.global('total').value} calls were told, the last one at ${seen.latestNs}`,
)
