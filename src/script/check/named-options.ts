// Options of the script's own, `-- --name=value`, which it asks for with `getopt`: which there are, and whether the
// command line gave others.

import type { Expression, Node, Script } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { messages } from '../diagnostics/message.ts'
import { visitChildren } from '../tree.ts'

const say = messages('options', {
  unexpected: 'unexpected program command line options: {names}',
  help: 'nothing is run: these are the options of the script',
})

/** Every option that a script asks for, with what it says about it, in the order of the first mention. */
export function namedOptions(script: Script): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const visit = (node: Node): void => {
    if (node.kind === 'call' && node.name === 'getopt') {
      const [name, , about] = node.args as readonly (Expression | undefined)[]
      if (name?.kind === 'string') {
        const text = about?.kind === 'string' ? about.value : ''
        found.set(name.value, found.get(name.value) || text)
      }
    }
    visitChildren(node, visit)
  }
  for (const probe of script.probes) visit(probe)
  return found
}

/** Reports options that the script does not know, and `--help`, which lists those it knows. */
export function checkNamedOptions(
  script: Script,
  given: Readonly<Record<string, string>>,
  diagnostics: Diagnostics,
): void {
  const names = Object.keys(given)
  if (names.length === 0) return
  const known = namedOptions(script)
  const unknown = names.filter(name => name !== 'help' && !known.has(name))
  const help = names.includes('help') && !known.has('help')
  if (unknown.length === 0 && !help) return
  const hints = [hint(known, help)]
  if (unknown.length === 0) diagnostics.report(say.help, undefined, {}, { hints })
  else {
    const gaps = { names: unknown.map(name => `--${name}`).join(', ') }
    diagnostics.report(say.unexpected, undefined, gaps, { hints })
  }
}

function hint(known: ReadonlyMap<string, string>, help: boolean): string {
  if (known.size === 0) return 'no custom program options defined.'
  if (!help) return `expected program options: ${[...known.keys()].map(name => `--${name}`).join(', ')}`
  const lines = [...known].map(([name, about]) => `--${name}${about === '' ? '' : `: ${about}`}`)
  return `expected program options:\n${lines.join('\n')}`
}
