// Facts about the running kernel and this machine, probed or read when first asked for.

export { Binary, type BinarySymbol, listSymbols } from './binary.ts'
export { openBpfToken } from './bpf-token.ts'
export { BPFFS_PATH, findBpfFs, openBpfFs } from './bpffs.ts'
export { readBtfFile } from './btf-file.ts'
export { CAPABILITIES, type Capability, missingCapabilities, parseCapabilityMask } from './capability.ts'
export { type CgroupPath, cgroupId, readCgroupPaths } from './cgroup-paths.ts'
export { onlineCpus, parseCpuList, possibleCpus } from './cpus.ts'
export { eventSourceType, REF_CTR_OFFSET_SHIFT, RETURN_PROBE_CONFIG } from './event-source.ts'
export { parseFdInfo, readFdInfo } from './fd-info.ts'
export { askFeature, type Feature, type FeatureAnswer, hasFeature, requireFeature } from './feature.ts'
export { allFeatures, features } from './features.ts'
export { FileSource, isElfFile } from './file-source.ts'
export { type FindBinaryOptions, type FoundBinary, findBinaries } from './find-binary.ts'
export { findKernelSymbol, readKallsyms } from './find-symbol.ts'
export { globMatcher, isGlob } from './glob.ts'
export { helperFeature } from './helper-features.ts'
export { type InterfaceInfo, interfaceIndex, readInterface } from './interfaces.ts'
export { type KernelSymbol, KernelSymbols, readKernelSymbols, type SymbolOffset } from './kallsyms.ts'
export { linuxVersionCode, readKernelConfig } from './kernel-config.ts'
export { btfById, type LoadedBtf, loadedBtfs } from './loaded-btf.ts'
export { mapTypeFeatures } from './map-features.ts'
export { addressInProcess, mappedBinaries } from './mapped-binaries.ts'
export { MappingWatch } from './mapping-watch.ts'
export { memlockBefore, withMemlock } from './memlock.ts'
export { moduleBtf, modulesWithBtf, openModuleBtf } from './module-btf.ts'
export { findMount, type Mount, parseMountinfo, readMounts } from './mounts.ts'
export { niceLevel, setNiceLevel } from './nice.ts'
export { pageSizeBytes } from './page-size.ts'
export {
  checkPrivileges,
  type Lockdown,
  type Privileges,
  readPrivileges,
  TRACING_CAPABILITIES,
  whyForbidden,
} from './privileges.ts'
export {
  addProbeEvent,
  PROBE_GROUP,
  type ProbeEventKind,
  parseProbeEvents,
  readProbeEvents,
  removeProbeEvent,
  staleProbeEvents,
} from './probe-events.ts'
export {
  blockedCall,
  descriptorTarget,
  hasEnded,
  isInitialPidNamespace,
  isProcOfOwnNamespace,
  openProcessFolder,
  ownPidNamespace,
  type ProcessStatus,
  processCwd,
  processExe,
  readProcess,
  requireTraceable,
  threadIds,
} from './process.ts'
export { isInOrphanedGroup } from './process-group.ts'
export type { Mapping } from './process-maps.ts'
export { programTypeFeatures } from './program-features.ts'
export { compareReleases, isAtLeast, type KernelRelease, kernelRelease, parseRelease } from './release.ts'
export { TracePipe } from './trace-pipe.ts'
export {
  readKprobeBlacklist,
  readTraceableFunctions,
  readTraceableFunctionsFile,
  type TraceableFunction,
  TraceableFunctions,
} from './traceable-functions.ts'
export { findTraceFs, openTraceFs, TRACEFS_PATH, TraceFs } from './tracefs.ts'
export { parseTracepointFormat, type TracepointField, type TracepointFormat } from './tracepoint-format.ts'
export { type UserSymbol, UserSymbols } from './user-symbols.ts'
export { hasVmlinuxBtf, VMLINUX_BTF_PATH, vmlinuxBtf } from './vmlinux-btf.ts'
export { readUserNames, signalNames } from './words.ts'
