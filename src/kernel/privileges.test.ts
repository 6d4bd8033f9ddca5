// Capability masks, and the words for each way of lacking one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PrivilegeError } from '../errors/privilege-error.ts'
import { type Capability, missingCapabilities, parseCapabilityMask } from './capability.ts'
import {
  checkPrivileges,
  isWholeIdMap,
  type Privileges,
  parseLockdown,
  readPrivileges,
  whyForbidden,
} from './privileges.ts'

const mask = (hex: string, has: Capability[], hasNot: Capability[]) =>
  test(`mask ${hex}`, () => {
    const set = parseCapabilityMask(hex)
    for (const cap of has) assert.ok(set.has(cap), cap)
    for (const cap of hasNot) assert.ok(!set.has(cap), cap)
  })

mask('0000000000000000', [], ['CAP_CHOWN', 'CAP_BPF'])
mask('000001ffffffffff', ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_BPF', 'CAP_CHECKPOINT_RESTORE'], [])
mask('000001fffeffffff', ['CAP_BPF', 'CAP_SYS_TIME'], ['CAP_SYS_RESOURCE'])
mask('000000c000000000', ['CAP_PERFMON', 'CAP_BPF'], ['CAP_SYS_ADMIN', 'CAP_CHECKPOINT_RESTORE'])
mask('not hex', [], ['CAP_CHOWN'])

test('CAP_SYS_ADMIN stands for what was split from it, and for nothing else', () => {
  const admin = new Set<Capability>(['CAP_SYS_ADMIN'])
  assert.deepEqual(missingCapabilities(admin, ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYSLOG']), [])
  assert.deepEqual(missingCapabilities(admin, ['CAP_NET_ADMIN', 'CAP_BPF']), ['CAP_NET_ADMIN'])
  assert.deepEqual(missingCapabilities(new Set(), ['CAP_BPF']), ['CAP_BPF'])
})

const process = (changes: Partial<Privileges>): Privileges => ({
  euid: 1000,
  capabilities: new Set(),
  initialUserNamespace: true,
  unprivilegedBpfDisabled: 2,
  perfEventParanoid: 2,
  lockdown: undefined,
  ...changes,
})

const refused = (who: string, changes: Partial<Privileges>, message: RegExp, missing: Capability[]) =>
  test(`refused: ${who}`, () =>
    assert.throws(
      () => checkPrivileges('trace system calls', ['CAP_BPF', 'CAP_PERFMON'], process(changes)),
      (error: unknown) => {
        assert.ok(error instanceof PrivilegeError)
        assert.equal(error.code, 'PRIVILEGE')
        assert.match(error.message, message)
        assert.deepEqual(error.missing, missing)
        return true
      },
    ))

refused(
  'a user',
  {},
  /^cannot trace system calls: CAP_BPF and CAP_PERFMON missing: run as root \(sudo\).*setcap cap_bpf,cap_perfmon\+ep \//,
  ['CAP_BPF', 'CAP_PERFMON'],
)
refused('a user with one of two', { capabilities: new Set(['CAP_BPF']) }, /CAP_PERFMON missing/, [
  'CAP_PERFMON',
])
refused('root in a container', { euid: 0 }, /--cap-add BPF --cap-add PERFMON or --privileged/, [
  'CAP_BPF',
  'CAP_PERFMON',
])
refused(
  'root of a user namespace',
  { euid: 0, capabilities: new Set(['CAP_SYS_ADMIN']), initialUserNamespace: false },
  /user namespace/,
  ['CAP_BPF', 'CAP_PERFMON'],
)

test('allowed: with both, or with CAP_SYS_ADMIN', () => {
  checkPrivileges('trace', undefined, process({ capabilities: new Set(['CAP_BPF', 'CAP_PERFMON']) }))
  checkPrivileges('trace', undefined, process({ capabilities: new Set(['CAP_SYS_ADMIN']) }))
})

test('a refusal of what is allowed is by the machine', () => {
  const held = {
    ...process({ capabilities: new Set(['CAP_BPF', 'CAP_PERFMON']) }),
    lockdown: 'integrity' as const,
  }
  const said = whyForbidden(['CAP_BPF', 'CAP_PERFMON'], held)
  assert.match(
    said!,
    /^this process has CAP_BPF and CAP_PERFMON: .* by lockdown \(integrity\), a security module or seccomp$/,
  )
  assert.match(whyForbidden(['CAP_BPF'], { ...held, lockdown: 'none' })!, /by a security module/)
  assert.equal(whyForbidden(['CAP_NET_ADMIN'], held), undefined)
  assert.equal(whyForbidden(['CAP_BPF'], { ...held, initialUserNamespace: false }), undefined)
})

test('the small parsers', () => {
  assert.equal(isWholeIdMap('         0          0 4294967295\n'), true)
  assert.equal(isWholeIdMap('         0       1000          1\n'), false)
  assert.equal(isWholeIdMap(''), false)
  assert.equal(parseLockdown('none [integrity] confidentiality\n'), 'integrity')
  assert.equal(parseLockdown('[none] integrity confidentiality\n'), 'none')
  assert.equal(parseLockdown(''), undefined)
})

test('this process has privileges to read', () => assert.equal(typeof readPrivileges().euid, 'number'))
