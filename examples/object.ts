// A compiled object without a skeleton: open, set, load, attach, read, close.

import { statSync } from 'node:fs'
import { openObject, readEvents } from 'beetrace'

using object = openObject('examples/calls.bpf.o')
for (const [name, { section }] of object.programs) console.log(`${name} is for ${section}`)

object.global('only_tgid').value = process.pid
object.map('counts').maxEntries = 64
object.load()

let told = 0
using events = readEvents(object, {
  onEvent: ({ value }) => {
    if (told++ === 0) console.log(Object.keys(value).join(' '))
  },
})
events.start()
const [link] = object.attach()

statSync('.')

link?.close() // before the last look: nothing comes any more
await events.stop()
console.log(`${told} of ${object.global('total').value} calls were told`)
