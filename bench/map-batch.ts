// Reading a hash of a million entries, next to libbpf's bpf_map_lookup_batch in C (bench/peers/map-batch.c), on the same map:
// in batches as they come, as JavaScript values, as copies.
//
//     node build/bench/map-batch.js [ROUNDS]          needs root, cc and libbpf-dev

import { BpfMap, codec, updateBatch } from '../src/map/index.ts'
import { BPF_MAP_TYPE_HASH } from '../src/sys/index.ts'
import { compilePeer, show, spread, startWithFds, table } from './measure.ts'

const ENTRIES = 1_000_000
const WALKS = 3

interface Walk {
  readonly wallMs: number
  readonly cpuMs: number
  readonly entries: number
  readonly sum: number
}

const ways = {
  batches: (map: BpfMap) => {
    let [sum, entries] = [0, 0]
    for (const { keys, values, count } of map.batches()) {
      const [key, value] = [new Uint32Array(keys.buffer), new Uint32Array(values.buffer)]
      for (let i = 0; i < count; i++) sum += key[i]! + value[2 * i]! + value[2 * i + 1]! * 2 ** 32
      entries += count
    }
    return { sum, entries }
  },
  'values (typed)': (map: BpfMap) => {
    let [sum, entries] = [0, 0]
    for (const [key, value] of map.typed(codec.u32, codec.u64)) {
      sum += key + Number(value)
      entries++
    }
    return { sum, entries }
  },
  'values (typed, u64 as number)': (map: BpfMap) => {
    let [sum, entries] = [0, 0]
    for (const [key, value] of map.typed(codec.u32, codec.u64Number)) {
      sum += key + value
      entries++
    }
    return { sum, entries }
  },
  'copies (entries)': (map: BpfMap) => {
    let [sum, entries] = [0, 0]
    for (const { key, value } of map.entries()) {
      sum += key[0]! + value[0]!
      entries++
    }
    return { sum, entries }
  },
} as const

function walk(map: BpfMap, way: keyof typeof ways): Walk {
  const [start, before] = [performance.now(), process.cpuUsage()]
  let result = { sum: 0, entries: 0 }
  for (let i = 0; i < WALKS; i++) result = ways[way](map)
  const { user, system } = process.cpuUsage(before)
  const wallMs = (performance.now() - start) / WALKS
  return { wallMs, cpuMs: (user + system) / 1000 / WALKS, ...result }
}

async function compare(rounds: number): Promise<void> {
  const peer = compilePeer('map-batch', '-lbpf')
  using map = BpfMap.create({
    name: 'million',
    type: BPF_MAP_TYPE_HASH,
    ...{ keySize: 4, valueSize: 8, maxEntries: ENTRIES },
  })
  const keys = Uint32Array.from({ length: ENTRIES }, (_, i) => i)
  const values = new Uint32Array(2 * ENTRIES)
  for (let i = 0; i < ENTRIES; i++) values[2 * i] = i
  updateBatch(map, new Uint8Array(keys.buffer), new Uint8Array(values.buffer))

  const run: Record<string, () => Promise<Walk>> = {
    'libbpf, 4,096 a call': startOf(peer, [map.fd, 4096, WALKS], map.fd),
    'libbpf, 65,536 a call': startOf(peer, [map.fd, 65_536, WALKS], map.fd),
  }
  for (const way of Object.keys(ways))
    run[`beetrace, ${way}`] = startOf(process.execPath, [process.argv[1]!, 'walk', map.fd, way], map.fd)
  const walks: Record<string, Walk[]> = {}
  for (let round = 0; round < rounds; round++)
    for (const [name, start] of Object.entries(run)) (walks[name] ??= []).push(await start())
  const [first] = Object.values(walks)
  const peers = ['libbpf, 4,096 a call', 'libbpf, 65,536 a call'].map(name =>
    Math.min(...walks[name]!.map(each => each.cpuMs)),
  )
  const rows = [['', 'CPU ms', 'wall ms', 'CPU, least / libbpf least']]
  for (const [name, all] of Object.entries(walks)) {
    for (const { entries, sum } of all)
      if (entries !== ENTRIES || (!name.includes('copies') && sum !== first![0]!.sum))
        throw new Error(`${name} read ${entries} entries, sum ${sum}`)
    const cpu = spread(all.map(each => each.cpuMs))
    const ratio = (cpu.min / Math.min(...peers)).toFixed(2)
    rows.push([name, show(cpu, 0), show(spread(all.map(each => each.wallMs)), 0), ratio])
  }
  console.log(`a hash of ${ENTRIES} entries, u32 to u64, mean of ${WALKS} walks a process, ${rounds} rounds`)
  console.log(table(rows))
}

const startOf = (path: string, argv: readonly (string | number)[], fd: number) => () =>
  startWithFds<Walk>(path, argv, [fd])()

const [, , mode, ...rest] = process.argv
if (mode === 'walk') {
  const map = new BpfMap(Number(rest[0]))
  console.log(JSON.stringify(walk(map, rest[1] as keyof typeof ways)))
} else await compare(Number(mode ?? 5))
