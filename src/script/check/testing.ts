// Facts for tests of the checker and the lowering: no machine is asked.

import { parseTracepointFormat } from '../../kernel/tracepoint-format.ts'
import { defaultConfig, readConfig } from '../config.ts'
import { type Diagnostics, printDiagnostics } from '../diagnostics/index.ts'
import type { KernelFacts, RunFacts, ScriptFeature, UserFacts } from '../facts.ts'
import { attachPointsOfAll, parseScript } from '../parse/index.ts'
import { placesOf } from '../resolve/places.ts'
import { layOutDefinitions, TypeScope } from '../types/index.ts'
import { check } from './check.ts'
import type { CheckedScript } from './checked.ts'
import type { CheckFacts } from './checker.ts'

const READ = parseTracepointFormat(`name: sys_enter_read
ID: 7
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:unsigned int fd;	offset:16;	size:8;	signed:0;
	field:char * buf;	offset:24;	size:8;	signed:0;
	field:size_t count;	offset:32;	size:8;	signed:0;

print fmt: "x"
`)

/** A kernel with one tracepoint, `syscalls:sys_enter_read`, two CPUs, and every feature but those `without` names. */
export function testKernel(without: readonly ScriptFeature[] = []): KernelFacts {
  return {
    btf: () => undefined,
    moduleBtf: () => undefined,
    tracepoints: () => ['syscalls:sys_enter_read'],
    tracepointFormat: () => READ,
    rawTracepoints: () => ['sched_switch'],
    functions: () => [],
    functionsNamed: () => [],
    iterators: () => [],
    symbolAddress: name => (name === 'known' ? 0x1000n : undefined),
    has: feature => !without.includes(feature),
    possibleCpus: 2,
    onlineCpus: [0, 1],
  } as KernelFacts
}

const NO_PROGRAMS: UserFacts = {
  files: () => [],
  functions: () => [],
  fileOffset: () => undefined,
  usdt: () => [],
}

export interface TestCheck {
  readonly checked: CheckedScript
  readonly facts: CheckFacts
  readonly diagnostics: Diagnostics
  /** every message as it is printed */
  readonly messages: string
}

/** Checks a script on the test kernel. */
export function checkText(text: string, run: Partial<RunFacts> = {}, kernel = testKernel()): TestCheck {
  const { script, sources, diagnostics, c } = parseScript('stdin', text)
  const runFacts: RunFacts = { positional: [], unsafe: false, environment: {}, ...run }
  const config = script.config === null ? defaultConfig : readConfig(script.config, {}, diagnostics)
  const user = NO_PROGRAMS
  const types = new TypeScope(
    layOutDefinitions(c, () => undefined),
    () => kernel.btf(),
  )
  const specs = attachPointsOfAll(script.probes, { parameters: runFacts.positional }, diagnostics)
  const probes = script.probes.map((probe, i) => ({
    probe,
    places: specs[i]!.flatMap(spec =>
      placesOf(spec, {
        kernel,
        user,
        diagnostics,
        missingProbes: 'error',
        pid: undefined,
        unsafe: false,
        notFound: new Map(),
      }),
    ),
  }))
  const facts: CheckFacts = { kernel, user, run: runFacts, config, types }
  const checked = check({ script, sources, probes }, facts, diagnostics)
  return { checked, facts, diagnostics, messages: printDiagnostics(sources, diagnostics) }
}
