// The kernel objects of a script: its maps made, its programs loaded, each told what its spec only names.

import { NotSupportedError } from '../../errors/index.ts'
import { BpfMap } from '../../map/index.ts'
import { type LoadOptions, Program } from '../../program/index.ts'
import type { CompiledScript, ScriptProgram } from '../compiled.ts'
import type { KernelFacts } from '../facts.ts'

/** A loaded program and what it was compiled from. */
export interface LoadedProgram {
  readonly program: Program
  readonly source: ScriptProgram
}

export class ScriptObjects implements Disposable {
  readonly maps: Readonly<Record<string, BpfMap>>
  readonly programs: readonly LoadedProgram[]

  /** Throws VerifierError, SyscallError, NotSupportedError; nothing is left loaded then. */
  constructor(script: CompiledScript, kernel: KernelFacts) {
    const maps: Record<string, BpfMap> = {}
    const programs: LoadedProgram[] = []
    try {
      for (const spec of script.mapSpecs) maps[spec.name] = BpfMap.create(spec)
      for (const source of script.programs) {
        programs.push({ program: Program.load(source.spec, loadOptions(source, maps, kernel)), source })
      }
    } catch (error) {
      for (const owner of [...programs.map(p => p.program), ...Object.values(maps)]) owner.close()
      throw error
    }
    this.maps = maps
    this.programs = programs
  }

  [Symbol.dispose](): void {
    for (const { program } of this.programs) program.close()
    for (const map of Object.values(this.maps)) map.close()
  }
}

function loadOptions(
  { spec }: ScriptProgram,
  maps: Readonly<Record<string, BpfMap>>,
  kernel: KernelFacts,
): LoadOptions {
  const byName = (name: string, kind: 'func' | 'var') => {
    const found = kernel.btf()?.find(name, kind)
    return found === undefined ? undefined : { btfId: found.id }
  }
  return {
    maps,
    kfunc: name => byName(name, 'func'),
    ksym: name => byName(name, 'var'),
    ...(spec.attachTo === undefined ? {} : { attachBtfId: targetId(spec.attachTo, kernel) }),
  }
}

/** A function to trace, or the type that stands for a raw tracepoint. */
function targetId(target: string, kernel: KernelFacts): number {
  const btf = kernel.btf()
  const found = btf?.find(target, 'func') ?? btf?.find(target, 'typedef')
  if (found === undefined) {
    throw new NotSupportedError(`tracing ${target}`, { reason: 'it has no type information for it' })
  }
  return found.id
}
