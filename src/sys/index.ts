// The one door to Linux: a function per system call, results as the kernel gives them. Nothing else touches koffi.

export { sanitizeName } from './bpf-attr.ts'
export * from './bpf-constants.generated.ts'
export {
  bpfIterCreate,
  bpfLinkCreate,
  bpfLinkDetach,
  bpfLinkUpdate,
  bpfRawTracepointOpen,
  type LinkCreateAttr,
  type LinkCreateOptions,
} from './bpf-link.ts'
export {
  bpfMapCreate,
  bpfMapCreateAsync,
  bpfMapDelete,
  bpfMapDeleteBatch,
  bpfMapFreeze,
  bpfMapGetNextKey,
  bpfMapLookup,
  bpfMapLookupAndDelete,
  bpfMapLookupAndDeleteBatch,
  bpfMapLookupBatch,
  bpfMapUpdate,
  bpfMapUpdateBatch,
  type MapBatchAttr,
  type MapBatchResult,
  type MapCreateAttr,
} from './bpf-map.ts'
export {
  bpfGetFdById,
  bpfGetNextId,
  bpfObjGet,
  bpfObjGetInfoByFd,
  bpfObjPin,
  bpfTaskFdQuery,
  type ObjectKind,
  pinHint,
  type TaskFdQueryResult,
} from './bpf-object.ts'
export {
  bpfBtfLoad,
  bpfEnableStats,
  bpfProgAttach,
  bpfProgBindMap,
  bpfProgDetach,
  bpfProgLoad,
  bpfProgLoadAsync,
  bpfProgLoadLogged,
  bpfProgQuery,
  bpfProgStreamRead,
  bpfProgTestRun,
  type LoggedLoad,
  type ProgAttachAttr,
  type ProgLoadAttr,
  type ProgQueryResult,
  type ProgTestRunAttr,
  type ProgTestRunResult,
} from './bpf-prog.ts'
export { bpfTokenCreate, withBpfToken } from './bpf-token.ts'
export { allocate, cString, getU64, LITTLE_ENDIAN, type Memory, setU64 } from './bytes.ts'
export { checkSyscall } from './check.ts'
export {
  closeAtOnce,
  closeFd,
  dupFd,
  eventfd,
  getCloseOnExec,
  ioctl,
  ioctlBytes,
  mount,
  O_CLOEXEC,
  O_NONBLOCK,
  openForReading,
  openReadWrite,
  pipe,
  preadFd,
  readFd,
  setCloseOnExec,
  umount,
  writeFd,
} from './descriptor.ts'
export {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  type EpollEvents,
  epollAdd,
  epollCreate,
  epollDelete,
  epollEventData,
  epollEvents,
  epollWait,
} from './epoll.ts'
export { keepAlive } from './keep.ts'
export {
  addKey,
  KEY_SPEC_SESSION_KEYRING,
  KEY_SPEC_USER_KEYRING,
  KEY_SPEC_USER_SESSION_KEYRING,
} from './keyring.ts'
export { type Linux, linux, type ReadablePoll, type SpawnCall, setLinux, withLinux } from './linux.ts'
export { MAP_PRIVATE, MAP_SHARED, type MemoryMap, mapMemory, PROT_READ, PROT_WRITE } from './memory-map.ts'
export {
  attribute,
  attributes,
  joinBytes,
  NETLINK_ROUTE,
  type NetlinkAnswer,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  nested,
  netlinkRequest,
  u32Attribute,
} from './netlink.ts'
export { setParentDeathSignal } from './parent-death.ts'
export {
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_COUNT_SW_DUMMY,
  PERF_FLAG_FD_CLOEXEC,
  PERF_RECORD_LOST,
  PERF_RECORD_MMAP2,
  PERF_RECORD_SAMPLE,
  PERF_SAMPLE_RAW,
  PERF_SAMPLE_TIME,
  PERF_TYPE_BREAKPOINT,
  PERF_TYPE_HARDWARE,
  PERF_TYPE_HW_CACHE,
  PERF_TYPE_RAW,
  PERF_TYPE_SOFTWARE,
  PERF_TYPE_TRACEPOINT,
  type PerfEventAttr,
  perfEventDisable,
  perfEventEnable,
  perfEventOpen,
  perfEventPauseOutput,
  perfEventSetBpf,
} from './perf.ts'
export {
  bindProcess,
  type ChildExit,
  dieBySignal,
  effectiveCapabilities,
  exitNow,
  geteuid,
  getResourceLimit,
  killProcess,
  killThread,
  overrideSignalAction,
  pidfdOpen,
  pidfdSendSignal,
  type ResourceLimit,
  RLIMIT_MEMLOCK,
  RLIMIT_NOFILE,
  releaseProcess,
  setProcessName,
  setResourceLimit,
  waitChild,
} from './process.ts'
export {
  argvBytes,
  environBytes,
  openDescriptors,
  parentSoftNofile,
  parseSoftNofile,
  splitNul,
} from './self.ts'
export { SOL_SOCKET, setSocketOption } from './socket.ts'
export { type SpawnOptions, spawnProcess } from './spawn.ts'
export {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_TAI,
  clockNs,
  nowMs,
  realtimeOffsetNs,
} from './time.ts'
