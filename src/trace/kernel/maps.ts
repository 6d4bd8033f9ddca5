// The tracer's maps. One set per trace; the programs name them, the user half fills and reads them.

import type { MapSpec } from '../../spec/spec.ts'
import {
  BPF_F_MMAPABLE,
  BPF_F_RDONLY_PROG,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
} from '../../sys/index.ts'
import type { TraceOptions } from '../options.ts'
import { CONFIG_BYTES } from './config.ts'
import {
  CALL_DESCRIPTOR_BYTES,
  CALL_DESCRIPTORS,
  CONTROL_BYTES,
  COUNT_BYTES,
  SCRATCH_RECORD,
  scratchSize,
  THREAD_BYTES,
} from './layout.ts'

/** Programs that fetch memory, each with scratch entries of its own. */
export const SCRATCH_USERS = { enter: 0, exit: 1, exec: 2 } as const
const SCRATCH_USER_COUNT = Object.keys(SCRATCH_USERS).length

export interface TraceMaps {
  readonly threads: MapSpec
  /** filled by whoever makes them, with a table of calls.ts */
  readonly calls: MapSpec
  readonly config: MapSpec
  readonly control: MapSpec
  readonly ring: MapSpec
  readonly scratch: MapSpec
  readonly counts: MapSpec
}

/** The maps of a trace on a machine with so many possible CPUs. `config` is the entry of the map of that name. */
export function traceMaps(options: TraceOptions, cpuCount: number, config: Uint8Array): TraceMaps {
  const array = (name: string, valueSize: number, maxEntries: number): MapSpec => ({
    name,
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize,
    maxEntries,
  })
  return {
    threads: {
      name: 'threads',
      type: BPF_MAP_TYPE_HASH,
      keySize: 4,
      valueSize: THREAD_BYTES,
      maxEntries: options.maxThreads,
    },
    // not frozen: the verifier would want to read its constants, which it can do for arrays of one entry only
    calls: array('calls', CALL_DESCRIPTOR_BYTES, CALL_DESCRIPTORS),
    config: {
      ...array('config', CONFIG_BYTES, 1),
      flags: BPF_F_RDONLY_PROG,
      contents: [{ key: new Uint8Array(4), value: config }],
      frozen: true,
    },
    control: { ...array('control', CONTROL_BYTES, 1), flags: BPF_F_MMAPABLE },
    ring: {
      name: 'ring',
      type: BPF_MAP_TYPE_RINGBUF,
      keySize: 0,
      valueSize: 0,
      maxEntries: options.summary ? 65536 : options.ringBytes,
    },
    scratch: array(
      'scratch',
      SCRATCH_RECORD + scratchSize(options.stringLimit).recordBytes,
      options.summary ? 1 : cpuCount * SCRATCH_USER_COUNT,
    ),
    counts: {
      ...array('counts', COUNT_BYTES, options.summary ? CALL_DESCRIPTORS : 1),
      type: BPF_MAP_TYPE_PERCPU_ARRAY,
    },
  }
}
