// Command line of the BPF header tables.
//
//     node build/scripts/gen/helpers.js extract DIR SOURCE   read DIR/linux/bpf.h, write scripts/gen/facts/bpf-header.json
//     node build/scripts/gen/helpers.js render               write the .generated.ts tables from the facts
//
// SOURCE names the package and version that DIR was unpacked from.
import { readFileSync, writeFileSync } from 'node:fs'
import { renderHelperDefs } from './helper-defs-render.ts'
import { type BpfHeaderFacts, extractBpfHeader } from './helpers-extract.ts'
import { renderBpfConstants, renderHelperPrototypes } from './helpers-render.ts'

const FACTS = 'scripts/gen/facts/bpf-header.json'

const [stage, directory, source] = process.argv.slice(2)
if (stage === 'extract' && directory !== undefined && source !== undefined) {
  const read = (name: string) => readFileSync(`${directory}/linux/${name}`, 'utf8')
  const facts = extractBpfHeader(read('bpf_common.h'), read('bpf.h'), source)
  writeFileSync(FACTS, `${JSON.stringify(facts, null, 2)}\n`)
} else if (stage === 'render') {
  const facts = JSON.parse(readFileSync(FACTS, 'utf8')) as BpfHeaderFacts
  writeFileSync('src/sys/bpf-constants.generated.ts', renderBpfConstants(facts))
  writeFileSync('src/asm/helpers.generated.ts', renderHelperPrototypes(facts))
  writeFileSync('headers/bpf/bpf_helper_defs.h', renderHelperDefs(facts))
} else {
  process.stderr.write('usage: helpers.js extract DIR SOURCE | helpers.js render\n')
  process.exitCode = 2
}
