// Kernels that are too old, made of a fake one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BeetraceError, errno } from '../../errors/index.ts'
import { parseRelease } from '../../kernel/index.ts'
import { BpfMap } from '../../map/index.ts'
import { fakeLinux } from '../../sys/fake.ts'
import { BPF_MAP_CREATE, BPF_MAP_TYPE_RINGBUF, withLinux } from '../../sys/index.ts'
import { explainOldKernel } from './old-kernel.ts'

/** What making the ring throws on a kernel that does not know rings. */
const withoutRings = (): unknown => {
  const fake = fakeLinux({ refuse: new Map([[BPF_MAP_CREATE, errno.EINVAL]]) })
  try {
    return withLinux(fake, () =>
      BpfMap.create({
        name: 'ring',
        type: BPF_MAP_TYPE_RINGBUF,
        keySize: 0,
        valueSize: 0,
        maxEntries: 65536,
      }),
    )
  } catch (error) {
    return error
  }
}

test('a kernel before 5.10 is told with its release and what it lacked', () => {
  const error = explainOldKernel(withoutRings(), parseRelease('5.4.0-190-generic')) as BeetraceError
  assert.equal(error.code, 'NOT_SUPPORTED')
  assert.match(
    error.message,
    /^tracing system calls is not supported by this kernel \(needs Linux >= 5\.10\): this is 5\.4\.0-190-generic: .*BPF_MAP_TYPE_RINGBUF/,
  )
})

test('what age does not explain is left as it is', () => {
  const refused = withoutRings()
  assert.equal(explainOldKernel(refused, parseRelease('5.10.0-30-amd64')), refused)
  const bug = new TypeError('x')
  assert.equal(explainOldKernel(bug, parseRelease('5.4.0')), bug)
})
