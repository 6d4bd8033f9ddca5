// The C library of this process as a file, and where its functions lie in it: places to probe that only we call.

import { readFileSync } from 'node:fs'

/** Path of the mapped C library. */
export const libcPath = (): string => {
  const line = /\s(\/\S*libc(?:\.so\.6|-[\d.]+\.so|\.musl\S*))$/m.exec(
    readFileSync('/proc/self/maps', 'latin1'),
  )
  if (line === null) throw new Error('this process has no C library of a known name')
  return line[1]!
}

/** File offset of a function of a shared library (64-bit, little endian), by its dynamic symbols. */
export const functionOffset = (path: string, name: string): number => {
  const file = readFileSync(path)
  const u64 = (at: number) => Number(file.readBigUInt64LE(at))
  const headers = u64(40)
  const sections = Array.from({ length: file.readUInt16LE(60) }, (_, i) => headers + i * 64)
  const dynsym = sections.find(at => file.readUInt32LE(at + 4) === 11)!
  const strings = u64(sections[file.readUInt32LE(dynsym + 40)]! + 24)
  for (let at = u64(dynsym + 24), end = at + u64(dynsym + 32); at < end; at += 24) {
    const start = strings + file.readUInt32LE(at)
    if (file.toString('latin1', start, file.indexOf(0, start)) !== name || u64(at + 8) === 0) continue
    const section = sections[file.readUInt16LE(at + 6)]!
    return u64(at + 8) - u64(section + 16) + u64(section + 24)
  }
  throw new Error(`${path} has no function ${name}`)
}
