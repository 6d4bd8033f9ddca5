// What the running kernel answers about every feature, printed, and held against the release that brought it.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { allFeatures, askFeature, isAtLeast, kernelRelease } from '../../src/kernel/index.ts'

/** A feature may be missing on a kernel new enough when its configuration says that it was built without this option. */
const OPTIONS: Readonly<Record<string, string>> = {
  kprobe: 'CONFIG_KPROBES',
  kprobe_multi: 'CONFIG_FPROBE',
  'kprobe session': 'CONFIG_FPROBE',
  netkit: 'CONFIG_NETKIT',
  BPF_PROG_TYPE_LIRC_MODE2: 'CONFIG_BPF_LIRC_MODE2',
}

/** Kernels that refuse something by policy. */
const REFUSALS: readonly {
  readonly release: RegExp
  readonly features: readonly string[]
  readonly reason: string
}[] = [
  {
    release: /^6\.18\.\d+-fc/,
    features: [
      'BPF_PROG_TYPE_TRACING',
      'BPF_PROG_TYPE_EXT',
      'BPF_PROG_TYPE_LSM',
      'fentry',
      'fexit',
      'bpf cookie for fentry',
      'lsm',
      'sleepable programs',
    ],
    reason: 'the policy of this virtual machine forbids programs that change kernel functions',
  },
]

const release = kernelRelease()
const config = readConfig()

for (const feature of allFeatures())
  test(`${feature.name} (${feature.since})`, t => {
    const answer = askFeature(feature)
    assert.deepEqual(askFeature(feature), answer, 'a second answer differs')
    t.diagnostic(answer.kind === 'yes' ? 'yes' : `${answer.kind}: ${answer.reason}`)
    if (answer.kind === 'yes') {
      // None of the tested kernels has features of later ones, so this finds a wrong release or a probe that believes too much.
      assert.ok(isAtLeast(release, feature.since), `${release.text} has ${feature.name} already`)
      return
    }
    const where = `${release.text}, ${feature.name}: ${answer.reason}`
    if (answer.kind === 'refused') {
      const refusal = REFUSALS.find(r => r.release.test(release.text) && r.features.includes(feature.name))
      assert.ok(refusal, `refused by ${where}`)
      t.diagnostic(refusal.reason)
    } else if (isAtLeast(release, feature.since)) {
      const option = OPTIONS[feature.name]
      assert.ok(option !== undefined && config !== undefined, `missing in ${where}`)
      assert.doesNotMatch(config, new RegExp(`^${option}=`, 'm'), `missing in ${where}`)
      t.diagnostic(`built without ${option}`)
    }
  })

/** The configuration the running kernel was built with, from wherever it is kept. */
function readConfig(): string | undefined {
  if (existsSync('/proc/config.gz')) return gunzipSync(readFileSync('/proc/config.gz')).toString('latin1')
  const path = `/boot/config-${release.text}`
  return existsSync(path) ? readFileSync(path, 'latin1') : undefined
}
