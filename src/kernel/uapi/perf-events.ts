// Numbers of perf's own events by their names, as perf(1) and bpftrace spell them (include/uapi/linux/perf_event.h,
// perf_sw_ids and perf_hw_id).

/** PERF_COUNT_SW_* by name, with perf's short names. */
export const softwareEvents = {
  'cpu-clock': 0,
  cpu: 0,
  'task-clock': 1,
  'page-faults': 2,
  faults: 2,
  'context-switches': 3,
  cs: 3,
  'cpu-migrations': 4,
  'minor-faults': 5,
  'major-faults': 6,
  'alignment-faults': 7,
  'emulation-faults': 8,
  dummy: 9,
  'bpf-output': 10,
  'cgroup-switches': 11,
} as const

/** PERF_COUNT_HW_* by name. */
export const hardwareEvents = {
  'cpu-cycles': 0,
  cycles: 0,
  instructions: 1,
  'cache-references': 2,
  'cache-misses': 3,
  'branch-instructions': 4,
  branches: 4,
  'branch-misses': 5,
  'bus-cycles': 6,
  'stalled-cycles-frontend': 7,
  'frontend-stalls': 7,
  'stalled-cycles-backend': 8,
  'backend-stalls': 8,
  'ref-cycles': 9,
} as const
