// What can go wrong is typed: which program, which map, which value, and what the verifier said.

import { BtfError, NotSupportedError, ObjectError, openObject, SyscallError, VerifierError } from 'beetrace'

using object = openObject('examples/calls.bpf.o')
try {
  object.global('only_tgid').value = 'me'
} catch (error) {
  if (error instanceof BtfError) console.log(error.message)
}
try {
  object.map('counts').maxEntries = 0
  object.load()
} catch (error) {
  if (error instanceof SyscallError) console.log(`${error.syscall}: ${error.errnoName}`)
  else if (error instanceof VerifierError) console.log(error.log)
  else if (error instanceof NotSupportedError) console.log(`${error.feature} is since Linux ${error.since}`)
  else if (error instanceof ObjectError) console.log(`${error.program ?? error.map}: ${error.message}`)
  else throw error
}
// nothing is left of the attempt: it can be set right and loaded again
object.map('counts').maxEntries = 1024
console.log(object.load().loaded)
