// What a running package shows: the records of its ring and perf buffers, and its sampled maps.

import type { BtfValue } from '../btf/index.ts'
import { PackageError } from '../errors/index.ts'
import { EventReader, openRing, PerfBuffer, type RingView } from '../events/index.ts'
import { pageSizeBytes } from '../kernel/index.ts'
import { MAP_TYPE_RULES } from '../map/index.ts'
import {
  type BpfObject,
  canReadMap,
  eventMaps,
  eventType,
  isKernelType,
  type ObjectMap,
  sumOf,
} from '../object/index.ts'
import {
  type Exported,
  entryHistogram,
  entryJson,
  exportOfBytes,
  exportOfMembers,
  exportOfPackage,
  exportOfType,
  type PackageMap,
  type PackageSpec,
  RecordText,
  recordJson,
} from '../package/index.ts'
import { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_RINGBUF } from '../sys/index.ts'
import { StackText } from './package-stacks.ts'

export interface PackageOutput {
  readonly json: boolean
  readonly out: (text: string) => void
  readonly note: (text: string) => void
}

type Sample = NonNullable<PackageMap['sample']>

/** Opened on a loaded object, shown from `start` to `stop`. */
export class PackageRecords implements Disposable {
  readonly #spec: PackageSpec
  readonly #object: BpfObject
  readonly #output: PackageOutput
  readonly #reader: EventReader
  readonly #resources: Disposable[] = []
  readonly #samples: { readonly sample: Sample; readonly show: () => void }[] = []
  readonly #timers: NodeJS.Timeout[] = []
  readonly #unread = new Set<string>()
  #ringCount = 0
  #lost = 0
  #heading = ''
  #text = ''

  /** Throws PackageError for types that are not there; what opening buffers throws. */
  constructor(spec: PackageSpec, object: BpfObject, output: PackageOutput) {
    this.#spec = spec
    this.#object = object
    this.#output = output
    this.#reader = new EventReader({ onDrained: () => this.#flush() })
    try {
      for (const { label } of eventMaps(object.source)) this.#openBuffer(object.map(label))
      for (const map of spec.maps) if (map.sample !== undefined) this.#openSample(map, map.sample)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Buffers and maps that are shown. */
  get count(): number {
    return this.#ringCount + this.#samples.length
  }

  start(): void {
    this.#reader.start()
    for (const { sample, show } of this.#samples) this.#timers.push(setInterval(show, sample.intervalMs))
  }

  /** Shows what is left. */
  async stop(): Promise<void> {
    await this.#reader.stop()
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    for (const { show } of this.#samples) show()
    this.#flush()
    if (this.#lost > 0) this.#output.note(`${this.#lost} ${this.#lost === 1 ? 'record' : 'records'} lost\n`)
  }

  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    this.#reader.close()
    for (const each of this.#resources.splice(0).reverse()) each[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #openBuffer(map: ObjectMap): void {
    if (!map.loaded) return
    const description = this.#describe(map)
    if (this.#spec.multipleTypes && (description?.exportConfig.kind ?? 'none') === 'none') return
    const exported = this.#recordType(map, description)
    const show = this.#recordPrinter(map, description, exported)
    const hand = ({ u8 }: RingView, offset: number, byteLength: number) =>
      show(u8.subarray(offset, offset + byteLength))
    const sizeBytes = 2 ** Math.ceil(Math.log2(this.#spec.perfBufferPages || 1)) * pageSizeBytes()
    const buffer =
      map.source.type === BPF_MAP_TYPE_RINGBUF
        ? openRing(map.map, hand)
        : PerfBuffer.open(map.map, hand, {
            sizeBytes,
            onLost: count => {
              this.#lost += count
            },
          })
    this.#resources.push(buffer)
    this.#reader.addRing(buffer)
    this.#ringCount++
  }

  #describe({ label }: ObjectMap): PackageMap | undefined {
    return this.#spec.maps.find(({ name, ident }) => name === label || ident === label)
  }

  /** Undefined when nobody says: the bytes are shown then. */
  #recordType(map: ObjectMap, description: PackageMap | undefined): Exported | undefined {
    const { btf } = this.#object.source
    const { file, exportTypes } = this.#spec
    const config = description?.exportConfig ?? { kind: 'none' }
    if (this.#spec.multipleTypes && btf !== undefined) {
      if (config.kind === 'type') return exportOfType(btf, btf.type(config.typeId))
      if (config.kind === 'members') return exportOfMembers(btf, config.members)
      throw new PackageError(
        file,
        `map "${map.label}": "default" says what the entries of a sampled map are, not records`,
      )
    }
    const ofMap = exportTypes.filter(type => type.kind !== 'members' || type.map === map.label)
    const inferred = eventType(this.#object.source, map.source, isKernelType)
    const found = inferred.kind === 'found' ? inferred.type : undefined
    const type = ofMap.find(({ name }) => name === found?.name) ?? ofMap[0]
    if (type !== undefined) return exportOfPackage(file, btf, type)
    if (found !== undefined && btf !== undefined) return exportOfType(btf, found)
    this.#output.note(
      `the package does not say what the records of "${map.label}" are, so their bytes are shown: build it with the header that ` +
        'defines their struct: bee build tool.bpf.c tool.h\n',
    )
    return undefined
  }

  #recordPrinter(
    map: ObjectMap,
    description: PackageMap | undefined,
    exported: Exported | undefined,
  ): (bytes: Uint8Array) => void {
    const { json } = this.#output
    const interpreter = description?.interpreter
    const part = exported ?? { ...exportOfBytes('bytes', 0), decode: (bytes: Uint8Array) => [bytes.slice()] }
    if (interpreter?.kind === 'stack' && !json) {
      const stacks = new StackText(this.#spec.file, part, interpreter)
      this.#resources.push(stacks)
      return bytes => this.#whole(map, part, bytes, values => this.#add(stacks.text(values)))
    }
    const columns = new RecordText(part)
    return bytes =>
      this.#whole(map, part, bytes, values => {
        if (json) this.#add(`${recordJson(part, values)}\n`)
        else this.#addLine(columns, columns.line(clockTime(), values))
      })
  }

  /** A record that is shorter than its type is no such record. */
  #whole(
    map: ObjectMap,
    part: Exported,
    bytes: Uint8Array,
    show: (values: readonly BtfValue[]) => void,
  ): void {
    if (bytes.length >= part.sizeBytes) {
      show(part.decode(bytes))
      return
    }
    if (this.#unread.has(map.label)) return
    this.#unread.add(map.label)
    this.#output.note(
      `records of "${map.label}" have ${bytes.length} bytes and the type that the package names has ${part.sizeBytes}: they are left out\n`,
    )
  }

  #openSample(description: PackageMap, sample: Sample): void {
    const { file } = this.#spec
    const map = [...this.#object.maps.values()].find(
      ({ label }) => label === description.name || label === description.ident,
    )
    if (map === undefined)
      throw new PackageError(file, `its object has no map "${description.name}" to sample`)
    if (!canReadMap(map))
      throw new PackageError(file, `map "${map.label}" is of a type without entries to sample`)
    if (this.#spec.multipleTypes && description.exportConfig.kind === 'none') return
    const { keyTypeId, valueTypeId } = map.source
    const { btf } = this.#object.source
    const typed = (typeId: number, name: string, sizeBytes: number): Exported =>
      btf === undefined || typeId === 0 ? exportOfBytes(name, sizeBytes) : exportOfType(btf, btf.type(typeId))
    const key = typed(keyTypeId, 'key', map.map.keySize)
    const config = description.exportConfig
    const value =
      this.#spec.multipleTypes && config.kind === 'members' && btf !== undefined
        ? exportOfMembers(btf, config.members)
        : typed(
            this.#spec.multipleTypes && config.kind === 'type' ? config.typeId : valueTypeId,
            'value',
            map.map.valueSize,
          )
    const columns = new RecordText(key, value)
    const draws = sample.type !== 'default_kv' && !this.#output.json
    const show = () => {
      for (const entry of map.map.entries()) {
        if (value.sizeBytes > map.map.valueSize) break
        const values = [key.decode(entry.key), entryValue(map, value, entry.value)] as const
        if (this.#output.json) this.#add(`${entryJson(key, value, values)}\n`)
        else if (draws) this.#add(entryHistogram(sample, key, value, values))
        else this.#addLine(columns, columns.line(clockTime(), ...values))
        if (sample.clear) clearEntry(map, entry.key)
      }
      this.#flush()
    }
    this.#samples.push({ sample, show })
  }

  /** The heading stands once, and again where lines of another kind came between. */
  #addLine({ heading }: RecordText, line: string): void {
    if (this.#heading !== heading) this.#text += heading
    this.#heading = heading
    this.#add(line)
  }

  #add(text: string): void {
    this.#text += text
    if (this.#text.length > FLUSH_CHARS) this.#flush()
  }

  #flush(): void {
    if (this.#text !== '') this.#output.out(this.#text)
    this.#text = ''
  }
}

const FLUSH_CHARS = 64 * 1024

/** Takes it out of a hash; entries of an array stay, as zeros. */
function clearEntry({ map }: ObjectMap, key: Uint8Array): void {
  if (map.type === BPF_MAP_TYPE_ARRAY || map.type === BPF_MAP_TYPE_PERCPU_ARRAY)
    map.update(key, new Uint8Array(map.valueBytes))
  else map.delete(key)
}

/** Over all CPUs, where each has a value of its own. */
function entryValue(map: ObjectMap, part: Exported, bytes: Uint8Array): readonly BtfValue[] {
  const { type, valueSize } = map.map
  if (MAP_TYPE_RULES[type]?.perCpu !== true) return part.decode(bytes)
  const stride = Math.ceil(valueSize / 8) * 8
  let sum: readonly BtfValue[] | undefined
  for (let at = 0; at < bytes.length; at += stride) {
    const one = part.decode(bytes.subarray(at, at + valueSize))
    sum = sum === undefined ? one : sum.map((each, i) => sumOf(each, one[i]!))
  }
  return sum ?? []
}

/** `12:34:56`, of this machine's zone */
function clockTime(): string {
  const now = new Date()
  return [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map(each => `${each}`.padStart(2, '0'))
    .join(':')
}
