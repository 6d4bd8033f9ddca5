// What a package says, whichever of its formats it came in. The names are eunomia's, of bpf-loader-lib's meta.

import type { JsonObject, JsonValue } from './json-value.ts'

export interface PackageSpec {
  /** what messages call it */
  readonly file: string
  /** `execsnoop_bpf`: names of data maps start with it */
  readonly objectName: string
  /** the compiled object, an ELF file */
  readonly object: Uint8Array
  readonly doc: PackageDoc
  readonly variables: readonly PackageVariable[]
  readonly maps: readonly PackageMap[]
  readonly programs: readonly PackageProgram[]
  /** of records that are not said to be something else */
  readonly exportTypes: readonly ExportType[]
  /** each map says itself what its records are (`exportConfig`) */
  readonly multipleTypes: boolean
  readonly perfBufferPages: number
}

export interface PackageDoc {
  readonly version?: string
  readonly brief?: string
  readonly details?: string
  readonly description?: string
}

/** A global variable, which is an option of the command line. */
export interface PackageVariable {
  readonly section: string
  readonly name: string
  /** in C: `unsigned long long`, `char[16]` */
  readonly type: string
  /** to start with */
  readonly value?: JsonValue
  readonly description?: string
  readonly argument: {
    readonly default?: JsonValue
    readonly long?: string
    readonly short?: string
    readonly help?: string
  }
  /** `@ignore` in the source: no option */
  readonly ignored: boolean
}

export type SampleType = 'log2_hist' | 'linear_hist' | 'default_kv'

export interface PackageMap {
  /** what the kernel is told: `tool_bpf.rodata` */
  readonly name: string
  /** what C calls it: `rodata` */
  readonly ident: string
  readonly sample?: {
    readonly intervalMs: number
    readonly type: SampleType
    readonly unit: string
    readonly clear: boolean
  }
  readonly exportConfig: ExportConfig
  readonly interpreter: Interpreter
}

export type ExportConfig =
  | { readonly kind: 'none' }
  /** the value's type, of a sampled map */
  | { readonly kind: 'default' }
  | { readonly kind: 'type'; readonly typeId: number }
  | { readonly kind: 'members'; readonly members: readonly CustomMember[] }

export interface CustomMember {
  readonly name: string
  readonly offsetBytes: number
  readonly typeId: number
}

export type Interpreter =
  | { readonly kind: 'struct' }
  /** members that hold the parts of a stack trace, by part */
  | {
      readonly kind: 'stack'
      readonly members: Readonly<Record<StackPart, string>>
      readonly withSymbols: boolean
    }

export const STACK_PARTS = ['pid', 'cpu_id', 'comm', 'kstack_sz', 'ustack_sz', 'kstack', 'ustack'] as const
export type StackPart = (typeof STACK_PARTS)[number]

export interface PackageProgram {
  readonly name: string
  /** SEC() */
  readonly section: string
  /** `ifindex`, `tchook`, … as the source's comments say them */
  readonly extra: JsonObject
}

/** A struct of records. */
export type ExportType =
  /** of the object's own types */
  | { readonly kind: 'id'; readonly name: string; readonly typeId: number }
  /** of types that come with the package */
  | { readonly kind: 'btf'; readonly name: string; readonly btf: Uint8Array; readonly typeId: number }
  /** spelled out, of one map */
  | {
      readonly kind: 'members'
      readonly name: string
      readonly map: string
      readonly sizeBytes: number
      readonly members: readonly {
        readonly name: string
        readonly type: string
        readonly offsetBytes: number
      }[]
    }
