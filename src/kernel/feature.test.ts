// How answers of the kernel are read, on a Linux that answers what the test says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errno } from '../errors/index.ts'
import { type Linux, withLinux } from '../sys/index.ts'
import type { Capability } from './capability.ts'
import { askFeature, type Feature, type FeatureAnswer, hasFeature, requireFeature } from './feature.ts'
import { allFeatures, features } from './features.ts'
import { helperFeature } from './helper-features.ts'
import type { Privileges } from './privileges.ts'
import { answer } from './probe.ts'

/** A Linux on which every bpf(2) fails with `error`, or gives descriptor 1000. */
function failingWith(error: number): Linux {
  const fake: Partial<Linux> = {
    address: () => 4096,
    bpf: () => (error === 0 ? 1000 : -error),
    close: () => 0,
    prlimit: () => 0,
  }
  return fake as Linux
}

const reads = (what: string, error: number, proves: number[], expected: FeatureAnswer['kind']) =>
  test(`${what} means ${expected}`, () => assert.equal(answer(error, { proves }).kind, expected))

reads('success', 0, [], 'yes')
reads('EINVAL', errno.EINVAL, [], 'missing')
reads('EINVAL where it proves something', errno.EINVAL, [errno.EINVAL], 'yes')
reads('E2BIG', errno.E2BIG, [], 'missing')
reads('ENOTSUPP', errno.ENOTSUPP, [], 'missing')
reads('EOPNOTSUPP', errno.EOPNOTSUPP, [], 'missing')
reads('EACCES, the verifier', errno.EACCES, [], 'missing')
reads('EPERM', errno.EPERM, [], 'refused')
reads('ENOMEM', errno.ENOMEM, [], 'refused')
reads('EMFILE', errno.EMFILE, [], 'refused')

/** The kinds of answer that all probes of bpf(2) give on such a Linux. */
const kinds = (error: number) =>
  withLinux(failingWith(error), () => {
    const asking = allFeatures().filter(
      f =>
        !/^(kprobe|uprobe|fentry|fexit|bpf cookie for fentry|tp_btf|iter|lsm|sleepable programs)$/.test(
          f.name,
        ),
    )
    return asking.map(f => [f.name, f.probe().kind] as const)
  })

test('no probe takes a lack of privilege for a missing feature', () => {
  for (const [name, kind] of kinds(errno.EPERM)) assert.equal(kind, 'refused', name)
})

test('every probe sees that a kernel knows nothing', () => {
  for (const [name, kind] of kinds(errno.ENOSYS)) assert.equal(kind, 'missing', name)
})

let asked = 0
const counted = (name: string, given: FeatureAnswer): Feature => ({
  name,
  since: '5.8',
  probe: () => {
    asked++
    return given
  },
})

test('certain answers are kept, refusals asked again', () => {
  for (const [given, times] of [
    [{ kind: 'yes' }, 1],
    [{ kind: 'missing', reason: 'x' }, 1],
    [{ kind: 'refused', reason: 'x', denied: false }, 2],
  ] as const) {
    asked = 0
    const feature = counted(`test ${given.kind}`, given)
    assert.deepEqual([askFeature(feature), askFeature(feature)], [given, given])
    assert.equal(asked, times)
    assert.equal(hasFeature(feature), given.kind === 'yes')
  }
})

test('a probe that could not ask gives a refusal, a broken one an error', () => {
  const failing = (error: Error): Feature => ({
    name: `test ${error.message}`,
    since: '5.8',
    probe: () => {
      throw error
    },
  })
  const noDescriptor = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  assert.deepEqual(askFeature(failing(noDescriptor)), {
    kind: 'refused',
    reason: 'EMFILE: too many open files',
    denied: false,
  })
  assert.throws(() => askFeature(failing(new TypeError('x is not a function'))), TypeError)
})

test('requiring says what is missing and since when', () => {
  requireFeature(counted('test a', { kind: 'yes' }))
  assert.throws(
    () => requireFeature(counted('test ring', { kind: 'missing', reason: 'invalid argument (EINVAL)' })),
    {
      code: 'NOT_SUPPORTED',
      message: 'test ring is not supported by this kernel (needs Linux >= 5.8): invalid argument (EINVAL)',
    },
  )
})

test('requiring what is refused says whether privilege or policy is in the way', () => {
  const lsm = counted('test lsm', {
    kind: 'refused',
    reason: 'operation not permitted (EPERM)',
    denied: true,
  })
  const privileges: Privileges = {
    euid: 1000,
    capabilities: new Set(),
    initialUserNamespace: true,
    unprivilegedBpfDisabled: 2,
    perfEventParanoid: 2,
    lockdown: 'integrity',
  }
  assert.throws(() => requireFeature(lsm, () => privileges), {
    code: 'PRIVILEGE',
    message: /^cannot use test lsm: CAP_BPF and CAP_PERFMON missing: run as root/,
  })
  const capable = { ...privileges, capabilities: new Set<Capability>(['CAP_SYS_ADMIN']) }
  assert.throws(() => requireFeature(lsm, () => capable), {
    code: 'REFUSED',
    message:
      /^this kernel refuses test lsm: operation not permitted \(EPERM\): .*policy.*lockdown: integrity/,
  })
})

test('names are unique, releases are releases', () => {
  const all = allFeatures()
  assert.equal(new Set(all.map(f => f.name)).size, all.length)
  for (const feature of all) assert.match(feature.since, /^\d+\.\d+$/, feature.name)
  assert.ok(all.includes(features.ringBuffer))
})

test('a helper no kernel has is an error of ours', () => {
  assert.throws(() => helperFeature('bpf_make_coffee', 1), { code: 'HELPER_UNKNOWN' })
})
