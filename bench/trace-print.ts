// What one line costs: nanoseconds a record for the calls that programs make most, as text and as JSON.
// node build/bench/trace-print.js

import { ByteWriter } from '../src/text/index.ts'
import { writeRecord } from '../src/trace/decode/record-writer.ts'
import { everydayCalls } from '../src/trace/decode/sample-records.ts'
import { CallPrinter, RecordReader } from '../src/trace/index.ts'
import { RECORD_ENTER } from '../src/trace/record.ts'

const ROUNDS = 5
const LINES = 200_000

const out = new ByteWriter(1 << 20)
const printer = new CallPrinter({ machine: 'x86_64' }, out)
const reader = new RecordReader()
const entryReader = new RecordReader()

for (const { name, call, entry } of everydayCalls()) {
  const record = writeRecord(call)
  const entryRecord = entry === undefined ? undefined : writeRecord({ ...entry, kind: RECORD_ENTER })
  const run = (write: (entry: RecordReader | undefined) => void) => {
    for (let i = 0; i < LINES; i++) {
      reader.use(record)
      reader.read(0, record.length)
      if (entryRecord !== undefined) {
        entryReader.use(entryRecord)
        entryReader.read(0, entryRecord.length)
      }
      write(entryRecord === undefined ? undefined : entryReader)
      if (out.length > 60_000) out.clear()
    }
  }
  const best = (write: (entry: RecordReader | undefined) => void) => {
    let fastest = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      const start = process.hrtime.bigint()
      run(write)
      fastest = Math.min(fastest, Number(process.hrtime.bigint() - start) / LINES)
    }
    return fastest.toFixed(0).padStart(6)
  }
  const text = best(entry => printer.finished(out, reader, entry))
  const json = best(entry => printer.json(out, reader, entry))
  process.stdout.write(`${name.padEnd(12)} text ${text} ns   json ${json} ns\n`)
}
