// `bee -d STAGE`: what a stage of the compiler made of the script, as text.

import { print } from '../asm/index.ts'
import { typeText } from '../script/check/type-text.ts'
import type { Compilation } from '../script/compile.ts'
import { printScript } from '../script/parse/index.ts'
import type { Stage } from './bee-arguments.ts'

export function printStages(
  compilation: Compilation,
  stages: readonly Stage[],
  print: (text: string) => void,
): void {
  for (const stage of stages) {
    if (stages.length > 1) print(`--- ${stage}\n`)
    print(stageText(compilation, stage))
  }
}

function stageText({ parsed, checked, compiled, ir }: Compilation, stage: Stage): string {
  switch (stage) {
    case 'ast':
      return printScript(parsed.script)
    case 'types':
      return [...(checked?.maps.values() ?? [])]
        .map(
          ({ name, key, value }) =>
            `${name}${key === undefined ? '' : `[${typeText(key)}]`}: ${typeText(value)}\n`,
        )
        .join('')
    case 'ir':
      return ir
    case 'insns':
      return (compiled?.programs ?? []).map(({ spec }) => `${spec.name}:\n${print(spec.insns)}\n`).join('\n')
  }
}
