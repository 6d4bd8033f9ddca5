// Facts about the running kernel and this machine, probed or read when first asked for.

export type { Capability } from './capability.ts'
export { onlineCpus, parseCpuList, possibleCpus } from './cpus.ts'
export { type KernelSymbol, KernelSymbols, readKernelSymbols, type SymbolOffset } from './kallsyms.ts'
export { findMount, type Mount, parseMountinfo, readMounts } from './mounts.ts'
export { pageSizeBytes } from './page-size.ts'
export {
  checkPrivileges,
  type Lockdown,
  type Privileges,
  readPrivileges,
  TRACING_CAPABILITIES,
} from './privileges.ts'
export {
  isInitialPidNamespace,
  type ProcessStatus,
  processCwd,
  processExe,
  readProcess,
  requireTraceable,
  threadIds,
} from './process.ts'
export { compareReleases, isAtLeast, type KernelRelease, kernelRelease, parseRelease } from './release.ts'
export { parseTracepointFormat, type TracepointField, type TracepointFormat } from './tracepoint-format.ts'
