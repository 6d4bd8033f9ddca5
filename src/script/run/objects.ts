// The kernel objects of a script: its maps made, its programs loaded, each told what its spec only names.

import { BeetraceError } from '../../errors/index.ts'
import { BpfMap } from '../../map/index.ts'
import { type LoadOptions, Program, resolveProgramTarget, withProgram } from '../../program/index.ts'
import type { MapSpec } from '../../spec/spec.ts'
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

  /**
   * Makes what is not in `made`, and takes that over. Throws VerifierError, SyscallError, NotSupportedError; nothing is left
   * loaded then.
   */
  constructor(script: CompiledScript, kernel: KernelFacts, made: ReadonlyMap<MapSpec, BpfMap> = new Map()) {
    const maps: Record<string, BpfMap> = {}
    const programs: LoadedProgram[] = []
    try {
      for (const spec of script.mapSpecs) maps[spec.name] = made.get(spec) ?? BpfMap.create(spec)
      // made too soon: another size was wanted in the end
      for (const [spec, map] of made) if (maps[spec.name] !== map) map.close()
      for (const source of script.programs) {
        programs.push({ program: loadFor(source, loadOptions(maps, kernel)), source })
      }
    } catch (error) {
      for (const owner of [...programs.map(p => p.program), ...Object.values(maps), ...made.values()]) {
        owner.close()
      }
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

/** A program that traces another is told by that one's descriptor. */
function loadFor(source: ScriptProgram, options: LoadOptions): Program {
  const { spec, places } = source
  const place = places[0]!
  const programId = 'programId' in place ? place.programId : undefined
  if (programId === undefined) return Program.load(spec, options)
  const loaded = withProgram(programId, fd => {
    const { attachBtfId, attachProgFd } = resolveProgramTarget({ fd }, spec.attachTo!)
    return Program.load(spec, { ...options, attachBtfId, attachProgFd: attachProgFd! })
  })
  if (loaded === undefined) {
    throw new BeetraceError('PROGRAM_GONE', `${place.probe}: there is no BPF program ${programId} any more`)
  }
  return loaded
}

/** What programs name: the script's maps, and functions and variables of the kernel. */
export function loadOptions(maps: Readonly<Record<string, BpfMap>>, kernel: KernelFacts): LoadOptions {
  const byName = (name: string, kind: 'func' | 'var') => {
    const found = kernel.btf()?.find(name, kind)
    return found === undefined ? undefined : { btfId: found.id }
  }
  return {
    maps,
    kfunc: name => byName(name, 'func'),
    ksym: name => byName(name, 'var'),
  }
}
