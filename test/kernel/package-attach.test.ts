// Programs of a package that its words attach: to a device by XDP and tc, to a timer; and stacks as a package's records. All in a
// network namespace of this process.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runPackage } from '../../src/cli/package-run.ts'
import { interfaceIndex } from '../../src/kernel/index.ts'
import { queryXdp } from '../../src/link/index.ts'
import type { JsonObject } from '../../src/package/index.ts'
import { makePackage } from '../package/make-package.ts'
import { runUntil } from './bee-run.ts'
import { enterOwnNetns, ip } from './own-netns.ts'

const folder = mkdtempSync(join(tmpdir(), 'beetrace-package-attach-'))
after(() => rmSync(folder, { recursive: true }))
before(() => {
  enterOwnNetns()
  assert.ok(ip('link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two'))
})

/** The package, its programs described further. */
function attachPackage(
  programs: Readonly<Record<string, JsonObject>>,
  maps: Readonly<Record<string, JsonObject>> = {},
): string {
  const whole = JSON.parse(makePackage('test/object/fixtures/attach.bpf.o', { structs: ['stack_event'] }))
  for (const program of whole.meta.bpf_skel.progs) Object.assign(program, programs[program.name])
  for (const map of whole.meta.bpf_skel.maps) Object.assign(map, maps[map.name])
  const path = join(folder, 'package.json')
  writeFileSync(path, JSON.stringify(whole))
  return path
}

const run = (source: string, enough: (out: string) => boolean) =>
  runUntil(streams => runPackage({ source, json: false, rest: [] }, streams), enough)

const filters = () =>
  spawnSync('tc', ['filter', 'show', 'dev', 'two', 'ingress'], { encoding: 'utf8' }).stdout

test('devices and timers are those that the package names, and are let go', async () => {
  const source = attachPackage(
    {
      pass: { ifindex: interfaceIndex('one'), flags: 2 },
      look: {
        tchook: { ifindex: interfaceIndex('two'), attach_point: 'BPF_TC_INGRESS' },
        tcopts: { handle: 7, priority: 3 },
      },
    },
    { stacks: { intepreter: { stack_trace: { with_symbols: true } } } },
  )
  let during: unknown
  const { status, out, notes } = await run(source, out => {
    during ??= queryXdp('one').generic === undefined ? undefined : filters()
    return out.includes('COMM: ')
  })
  assert.equal(status, 0)
  assert.equal(notes, '')
  assert.match(String(during), /pref 3 bpf .*handle 0x7 /)
  const [heading, part] = out.split('\n')
  assert.match(heading!, /^COMM: .* \(pid=\d+\) @ CPU \d+$/)
  assert.match(part!, /^(Kernel:|No Kernel Stack)$/)
  assert.match(out, /\n {2}0 \[<[\da-f]{16}>\]/)
  assert.equal(queryXdp('one').generic, undefined)
  assert.equal(filters(), '')
})

test('a hook that is none is named', async () => {
  const source = attachPackage({ look: { tchook: { attach_point: 'BPF_TC_CUSTOM' } } })
  await assert.rejects(
    run(source, () => true),
    /attach program "look": "BPF_TC_CUSTOM" is neither BPF_TC_INGRESS nor BPF_TC_EGRESS/,
  )
})
