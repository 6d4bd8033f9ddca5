// The script's maps as the run loop sees them: read whole, emptied, set to zero.

import type { BpfMap } from '../../map/index.ts'
import type { ScriptMap } from '../compiled.ts'
import { layoutOf } from '../layout.ts'
import type { RawElement } from '../output/index.ts'

/** What a map holds now, and how far apart the CPUs' shares of a value lie. */
export interface MapContents {
  readonly elements: readonly RawElement[]
  readonly strideBytes: number
}

/** Reads a map of the script. A map without keys that was never written has no element. */
export function readMap(map: ScriptMap, maps: Readonly<Record<string, BpfMap>>): MapContents {
  const kernelMap = maps[map.store.map]!
  const sizeBytes = layoutOf(map.value).sizeBytes
  if (map.store.kind === 'map') {
    const strideBytes = map.store.perCpu ? pad8(kernelMap.valueSize) : kernelMap.valueSize
    const elements = [...kernelMap.entries()].map(({ key, value }) => ({
      key: key.slice(),
      shares: gather(value, 0, sizeBytes, strideBytes),
    }))
    return { elements, strideBytes: sizeBytes }
  }
  const { offset, present, cpuStrideBytes } = map.store
  const memory = kernelMap.memory()
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
  const strideBytes = cpuStrideBytes || bytes.length
  if (!wasWritten(bytes, present, strideBytes)) return { elements: [], strideBytes: sizeBytes }
  return {
    elements: [{ key: NO_KEY, shares: gather(bytes, offset, sizeBytes, strideBytes) }],
    strideBytes: sizeBytes,
  }
}

/** `clear(@m)`: as if the script had never written it. */
export function clearMap(map: ScriptMap, maps: Readonly<Record<string, BpfMap>>): void {
  const kernelMap = maps[map.store.map]!
  if (map.store.kind === 'global') {
    eraseGlobal(map, kernelMap, true)
    return
  }
  for (const { key } of [...kernelMap.entries()]) kernelMap.delete(key)
}

/** `zero(@m)`: keys stay, values become zero. */
export function zeroMap(map: ScriptMap, maps: Readonly<Record<string, BpfMap>>): void {
  const kernelMap = maps[map.store.map]!
  if (map.store.kind === 'global') {
    eraseGlobal(map, kernelMap, false)
    return
  }
  const zeros = new Uint8Array(kernelMap.valueBytes)
  for (const { key } of [...kernelMap.entries()]) kernelMap.update(key, zeros, BPF_EXIST)
}

/** Only to elements that are there: one deleted meanwhile does not come back. */
const BPF_EXIST = 2
const NO_KEY = new Uint8Array(0)

function wasWritten(bytes: Uint8Array, present: number, strideBytes: number): boolean {
  for (let at = present; at < bytes.length; at += strideBytes) if (bytes[at] !== 0) return true
  return false
}

/** In place, byte by byte: other maps share the value and are written meanwhile. */
function eraseGlobal(map: ScriptMap, kernelMap: BpfMap, absent: boolean): void {
  if (map.store.kind !== 'global') return
  const { offset, present, cpuStrideBytes } = map.store
  const sizeBytes = layoutOf(map.value).sizeBytes
  const memory = kernelMap.memory()
  for (let at = 0; at < memory.byteLength; at += cpuStrideBytes || memory.byteLength) {
    if (absent) memory.setUint8(at + present, 0)
    for (let i = 0; i < sizeBytes; i++) memory.setUint8(at + offset + i, 0)
  }
}

/** The bytes at `offset` of each CPU's value, one after another. */
function gather(value: Uint8Array, offset: number, sizeBytes: number, strideBytes: number): Uint8Array {
  const count = Math.floor(value.length / strideBytes)
  const shares = new Uint8Array(count * sizeBytes)
  for (let cpu = 0; cpu < count; cpu++) {
    const at = cpu * strideBytes + offset
    shares.set(value.subarray(at, at + sizeBytes), cpu * sizeBytes)
  }
  return shares
}

function pad8(bytes: number): number {
  return (bytes + 7) & ~7
}
