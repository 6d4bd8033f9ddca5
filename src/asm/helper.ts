// Helper functions by name and by id, from the generated lines of C prototypes. A line is read when it is asked for: a
// program calls a few of more than two hundred.
import type { HelperArgument, HelperArgumentKind, HelperPrototype } from './helper-prototype.ts'
import { HELPERS } from './helpers.generated.ts'

let lines: readonly string[] | undefined
/** by the names that were asked for; -1 for what no kernel has */
const ids = new Map<string, number>()
const prototypes: HelperPrototype[] = []

/** The prototype of a helper by its name, with or without `bpf_` in front; undefined if no kernel known to us has it. */
export function helperByName(name: string): HelperPrototype | undefined {
  let id = ids.get(name)
  if (id === undefined) {
    id = idOf(name.startsWith('bpf_') ? name : `bpf_${name}`)
    ids.set(name, id)
  }
  return id < 0 ? undefined : helperById(id)
}

/** The prototype of a helper by its number (enum bpf_func_id); undefined if no kernel known to us has it. */
export function helperById(id: number): HelperPrototype | undefined {
  const line = allLines()[id]
  if (line === undefined) return undefined
  return (prototypes[id] ??= readPrototype(id, line))
}

/** Every helper; `helperPrototypes()[id]` is helper `id`. */
export function helperPrototypes(): readonly HelperPrototype[] {
  return allLines().map((_, id) => helperById(id)!)
}

function allLines(): readonly string[] {
  return (lines ??= HELPERS.slice(1, -1).split('\n'))
}

/** Of a whole name; -1 if there is none. The names of all lines are not made for the few that are asked for. */
function idOf(name: string): number {
  const short = name.slice('bpf_'.length)
  return allLines().findIndex(line => (line.includes(`${name}(`) || line === short) && nameOf(line) === name)
}

/** `bpf_map_delete_elem` of `long bpf_map_delete_elem(…)`; of an undocumented helper there is `unspec` only. */
function nameOf(line: string): string {
  return /\w+(?=\()/.exec(line)?.[0] ?? `bpf_${line}`
}

function readPrototype(id: number, line: string): HelperPrototype {
  const name = nameOf(line)
  const open = line.indexOf('(')
  if (open === -1) return { id, name, args: [], ret: 'scalar', type: '' }
  const type = line.slice(0, open - name.length).trim()
  const parameters = line.slice(open + 1, -1)
  return {
    id,
    name,
    args: parameters === 'void' ? [] : parameters.split(', ').map(readArgument),
    ret: type === 'void' ? 'void' : type.endsWith('*') ? 'pointer' : 'scalar',
    type,
  }
}

function readArgument(parameter: string, index: number): HelperArgument {
  if (parameter === '...') return { name: '...', kind: 'variadic', type: '...' }
  const [, before, name] = /^(.*?)(\w+)$/.exec(parameter)!
  const type = before!.trim()
  return { name: name!, kind: argumentKind(type, name!, index), type }
}

function argumentKind(type: string, name: string, index: number): HelperArgumentKind {
  if (!type.endsWith('*')) return 'scalar'
  if (type === 'struct bpf_map *' || name === 'ringbuf' || (type === 'void *' && name === 'map')) return 'map'
  if (name === 'callback_fn') return 'function'
  if (name === 'ctx' && index === 0) return 'context'
  return 'pointer'
}
