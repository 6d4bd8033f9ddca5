// Values of `extern … __kconfig`: from the text of a kernel's configuration to the bytes of the map that the program reads.
// Source: bpf_object__read_kconfig_mem and set_kcfg_value_*, tools/lib/bpf/libbpf.c.

import { type Btf, resolve } from '../btf/index.ts'
import type { CompiledObject, Extern } from '../elf/index.ts'
import { ObjectError } from '../errors/index.ts'
import { features, hasFeature, linuxVersionCode, readKallsyms, readKernelConfig } from '../kernel/index.ts'

/** What is no option of the configuration but asked for in the same way, and what a user decides. */
export interface KernelConfig {
  /** lines `CONFIG_X=y`; undefined where the kernel's could not be read */
  readonly text: () => string | undefined
  /** `LINUX_KERNEL_VERSION` and the like */
  readonly facts: Readonly<Record<string, () => number>>
}

/** The running kernel's; `text` in place of what it says itself. */
export const kernelConfig = (text: string | undefined): KernelConfig => ({
  text: () => text ?? readKernelConfig(),
  facts: {
    LINUX_KERNEL_VERSION: linuxVersionCode,
    LINUX_HAS_BPF_COOKIE: () => Number(hasFeature(features.perfEventLink)),
    LINUX_HAS_SYSCALL_WRAPPER: () => Number(hasSyscallWrapper()),
  },
})

/** Whether system calls take their arguments in a struct pt_regs (Linux 4.17 on x86-64): their functions have a prefix then. */
function hasSyscallWrapper(): boolean {
  const prefix = { x64: '__x64_', arm64: '__arm64_', s390x: '__s390x_', riscv64: '__riscv_' }[
    process.arch as string
  ]
  return prefix !== undefined && readKallsyms().includes(` ${prefix}sys_bpf\n`)
}

type ConfigExtern = Extern & { readonly kind: 'kconfig' }

/** Fills `data`, the value of the map. Throws ObjectError for what is missing and not weak, or does not fit its type. */
export function fillConfig(object: CompiledObject, data: Uint8Array, config: KernelConfig): void {
  const { btf } = object
  const wanted = object.externs.filter((each): each is ConfigExtern => each.kind === 'kconfig')
  if (btf === undefined || wanted.length === 0) return
  const options = wanted.some(each => each.name.startsWith('CONFIG_'))
    ? readOptions(config.text())
    : undefined
  for (const each of wanted) {
    const fact = config.facts[each.name]
    const value = fact === undefined ? options?.get(each.name) : String(fact())
    const fail = (what: string): never => {
      throw new ObjectError(object.file, `extern "${each.name}": ${what}`)
    }
    if (value === undefined) {
      if (each.weak) continue
      if (fact === undefined && !each.name.startsWith('CONFIG_'))
        throw fail(`is no option of a kernel; known are CONFIG_* and ${Object.keys(config.facts).join(', ')}`)
      throw fail(
        options === undefined || options.size === 0
          ? 'the configuration of this kernel was not found in /proc/config.gz or /boot: hand it in, or declare the extern weak'
          : 'this kernel was built without it: declare the extern weak if the program can do without',
      )
    }
    writeValue(btf, each, value, data, fail)
  }
}

/** `CONFIG_X=y` → y; unset options stand in comments and are left out. */
function readOptions(text: string | undefined): Map<string, string> {
  const options = new Map<string, string>()
  for (const match of (text ?? '').matchAll(/^(CONFIG_\w+)=(.*)$/gm)) options.set(match[1]!, match[2]!.trim())
  return options
}

const TRISTATE: Readonly<Record<string, number>> = { n: 0, y: 1, m: 2 }

function writeValue(
  btf: Btf,
  { typeId, offsetBytes, sizeBytes }: ConfigExtern,
  value: string,
  data: Uint8Array,
  fail: (what: string) => never,
): void {
  const type = resolve(btf, btf.type(typeId))
  const little = btf.littleEndian
  const view = new DataView(data.buffer, data.byteOffset + offsetBytes, sizeBytes)
  if (type.kind === 'array') {
    if (!value.startsWith('"') || !value.endsWith('"') || value.length < 2)
      fail(`is ${value}, which is no text for an array of char`)
    const bytes = Buffer.from(value.slice(1, -1), 'latin1').subarray(0, sizeBytes - 1)
    data.set(bytes, offsetBytes)
    return
  }
  if (value.startsWith('"')) fail('is a text: declare it as an array of char')
  const tristate = TRISTATE[value]
  if (tristate !== undefined) {
    if (type.kind === 'int' && type.encoding === 'bool') {
      if (value === 'm') fail('is "m", which a bool does not hold: declare it as enum libbpf_tristate')
      view.setUint8(0, tristate)
    } else if (type.kind === 'int' && sizeBytes === 1) view.setUint8(0, value.charCodeAt(0))
    else if (type.kind === 'enum' && sizeBytes === 4) view.setUint32(0, tristate, little)
    else fail(`is "${value}": declare it as bool, char or enum libbpf_tristate`)
    return
  }
  if (!/^-?(0x[0-9a-f]+|\d+)$/i.test(value)) fail(`is ${value}, which is no number`)
  if (type.kind !== 'int') fail(`is ${value}: declare it as an integer`)
  const number = value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value)
  const bits = type.encoding === 'bool' ? 1 : sizeBytes * 8
  if (BigInt.asUintN(bits, number) !== number && BigInt.asIntN(bits, number) !== number)
    fail(`is ${value}, which does not fit ${sizeBytes} bytes`)
  for (let i = 0; i < sizeBytes; i++)
    view.setUint8(little ? i : sizeBytes - 1 - i, Number((number >> BigInt(i * 8)) & 255n))
}
