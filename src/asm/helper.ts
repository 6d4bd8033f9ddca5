// Helper functions by name and by id, over the generated table.
import type { HelperPrototype } from './helper-prototype.ts'
import { helperPrototypes } from './helpers.generated.ts'

const byName = new Map(helperPrototypes.map(prototype => [prototype.name, prototype]))

/** The prototype of a helper by its name, with or without `bpf_` in front; undefined if no kernel known to us has it. */
export function helperByName(name: string): HelperPrototype | undefined {
  return byName.get(name) ?? byName.get(`bpf_${name}`)
}

/** The prototype of a helper by its number (enum bpf_func_id); undefined if no kernel known to us has it. */
export function helperById(id: number): HelperPrototype | undefined {
  return helperPrototypes[id]
}
