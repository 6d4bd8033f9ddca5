// Programs and maps for the kernel tests, made with system calls only, so that a test of attaching tests attaching.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  aluImm,
  call,
  encode,
  exit,
  type Insn,
  jumpIfImm,
  ldMapValueFd,
  load,
  movImm,
  movReg,
  R0,
  R1,
  R2,
  R6,
  resolveLabels,
  store,
  withLabel,
} from '../../src/asm/index.ts'
import { withMemlock } from '../../src/kernel/index.ts'
import type { Attachable } from '../../src/link/index.ts'
import { resolveAttachTarget } from '../../src/program/index.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  bpfGetNextId,
  bpfMapCreate,
  bpfMapLookup,
  bpfObjGetInfoByFd,
  bpfProgLoad,
  checkSyscall,
  closeFd,
  type ObjectKind,
} from '../../src/sys/index.ts'
import { SLOW } from '../slow.ts'

/** A program that counts the events of one process, and what it last saw as its cookie. */
export interface CountingProgram extends Attachable, Disposable {
  readonly id: number
  /** events so far */
  count(): bigint
  /** cookie of the last event; 0 unless the program was made to ask for it */
  cookie(): bigint
}

/**
 * Loads `if (pid == tgid) value[0]++, value[1] = cookie`: events of every other process on the machine are passed over.
 * `type` is BPF_PROG_TYPE_*, `expectedAttachType` BPF_* and `attachTo` a kernel function where the type asks for one.
 */
export function countEventsOf(
  tgid: number,
  type: number,
  withCookie = false,
  expectedAttachType = 0,
  attachTo?: string,
): CountingProgram {
  const mapAttr = { mapType: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 16, maxEntries: 1 }
  const mapFd = checkSyscall(
    bpfMapCreate({ ...mapAttr, mapName: 'counts' }),
    'bpf',
    'create the map of counts',
  )
  const cookie: Insn[] = withCookie
    ? [movReg(R1, R6), call('bpf_get_attach_cookie'), ldMapValueFd(R1, mapFd, 0), store(8, R1, 8, R0)]
    : []
  const insns = resolveLabels([
    movReg(R6, R1),
    call('bpf_get_current_pid_tgid'),
    aluImm('rsh', R0, 32),
    jumpIfImm('ne', R0, tgid, 'out'),
    ldMapValueFd(R1, mapFd, 0),
    load(8, R2, R1, 0),
    aluImm('add', R2, 1),
    store(8, R1, 0, R2),
    ...cookie,
    withLabel(movImm(R0, 0), 'out'),
    exit(),
  ])
  const attr = {
    progType: type,
    insns: encode(insns),
    license: 'GPL',
    progName: 'count_events',
    expectedAttachType,
    ...(attachTo && resolveAttachTarget({ type, expectedAttachType, attachTo })),
  }
  const fd = withMemlock(() => bpfProgLoad(attr))
  checkSyscall(fd, 'bpf', 'load the counting program')
  const value = () => {
    const bytes = new Uint8Array(16)
    checkSyscall(bpfMapLookup(mapFd, new Uint8Array(4), bytes), 'bpf', 'read the counts')
    return new BigUint64Array(bytes.buffer)
  }
  return {
    fd,
    name: 'count_events',
    id: programId(fd),
    count: () => value()[0]!,
    cookie: () => value()[1]!,
    [Symbol.dispose]: () => {
      closeFd(fd)
      closeFd(mapFd)
    },
  }
}

/** A program of a type without a process: counts its runs and returns `verdict`. */
export function countRuns(
  type: number,
  verdict: number,
  expectedAttachType = 0,
  attachTo?: string,
): CountingProgram {
  const mapAttr = { mapType: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 }
  const mapFd = checkSyscall(bpfMapCreate(mapAttr), 'bpf', 'create the map of counts')
  const insns = encode([
    ldMapValueFd(R1, mapFd, 0),
    load(8, R2, R1, 0),
    aluImm('add', R2, 1),
    store(8, R1, 0, R2),
    movImm(R0, verdict),
    exit(),
  ])
  const attr = {
    progType: type,
    insns,
    license: 'GPL',
    progName: 'count_runs',
    expectedAttachType,
    ...(attachTo && resolveAttachTarget({ type, expectedAttachType, attachTo })),
  }
  const fd = withMemlock(() => bpfProgLoad(attr))
  checkSyscall(fd, 'bpf', `load a counting program of type ${type}`)
  return {
    fd,
    name: 'count_runs',
    id: programId(fd),
    count: () => {
      const bytes = new Uint8Array(8)
      checkSyscall(bpfMapLookup(mapFd, new Uint8Array(4), bytes), 'bpf', 'read the counts')
      return new BigUint64Array(bytes.buffer)[0]!
    },
    cookie: () => 0n,
    [Symbol.dispose]: () => {
      closeFd(fd)
      closeFd(mapFd)
    },
  }
}

/** Whether the kernel still has an object of that id, of ours or of anybody. */
export function exists(kind: ObjectKind, id: number): boolean {
  return bpfGetNextId(kind, id - 1) === id
}

/** Waits for the objects to be gone: the kernel frees some of them a grace period after they were closed. */
export async function assertGone(objects: readonly (readonly [ObjectKind, number])[]): Promise<void> {
  const deadline = Date.now() + 20_000 * SLOW
  while (objects.some(([kind, id]) => exists(kind, id)) && Date.now() < deadline) await sleep(20)
  assert.deepEqual(
    objects.filter(([kind, id]) => exists(kind, id)),
    [],
    'still in the kernel',
  )
}

function programId(fd: number): number {
  const info = new Uint8Array(8)
  checkSyscall(bpfObjGetInfoByFd(fd, info), 'bpf', 'ask for the id of the program')
  return new Uint32Array(info.buffer)[1]!
}
