// Records that are stack traces (`stack_trace` of a package): who ran where, a frame a line.

import type { BtfValue } from '../btf/index.ts'
import { PackageError } from '../errors/index.ts'
import { type KernelSymbols, readKernelSymbols, UserSymbols } from '../kernel/index.ts'
import type { Exported, Interpreter, StackPart } from '../package/index.ts'

type StackInterpreter = Extract<Interpreter, { kind: 'stack' }>

export class StackText implements Disposable {
  readonly #interpreter: StackInterpreter
  /** which field each part is */
  readonly #fields: Readonly<Record<StackPart, number>>
  readonly #user = new UserSymbols()
  #kernel: KernelSymbols | undefined

  /** Throws PackageError when a part has no member in the record. */
  constructor(file: string, exported: Exported, interpreter: StackInterpreter) {
    this.#interpreter = interpreter
    this.#fields = Object.fromEntries(
      Object.entries(interpreter.members).map(([part, member]) => {
        const index = exported.members.findIndex(({ name }) => name === member)
        if (index < 0)
          throw new PackageError(
            file,
            `its records have no member "${member}" for the ${part} of a stack trace`,
          )
        return [part, index]
      }),
    ) as Record<StackPart, number>
  }

  /** Empty for a record without a stack. */
  text(values: readonly BtfValue[]): string {
    const part = (name: StackPart): BtfValue => values[this.#fields[name]] ?? 0
    const pid = Number(part('pid'))
    const kernel = frames(part('kstack'), part('kstack_sz'))
    const user = frames(part('ustack'), part('ustack_sz'))
    if (kernel === undefined && user === undefined) return ''
    const heading = `COMM: ${part('comm')} (pid=${pid}) @ CPU ${part('cpu_id')}\n`
    const kernelText =
      kernel === undefined
        ? 'No Kernel Stack\n'
        : `Kernel:\n${this.#lines(kernel, each => this.#kernelName(each))}`
    const userText =
      user === undefined
        ? 'No Userspace Stack\n'
        : `Userspace:\n${this.#lines(user, each => this.#userName(pid, each))}`
    return `${heading}${kernelText}${userText}\n`
  }

  [Symbol.dispose](): void {
    this.#user[Symbol.dispose]()
  }

  #lines(stack: readonly bigint[], nameOf: (address: bigint) => string | undefined): string {
    return stack
      .map((address, i) => {
        const name = this.#interpreter.withSymbols ? nameOf(address) : undefined
        const hex = address.toString(16).padStart(16, '0')
        return `  ${i} [<${hex}>]${name === undefined ? '' : ` ${name}`}\n`
      })
      .join('')
  }

  #kernelName(address: bigint): string | undefined {
    this.#kernel ??= readKernelSymbols()
    const found = this.#kernel.symbolAt(address)
    return found === undefined ? undefined : `${found.symbol.name}+0x${found.offset.toString(16)}`
  }

  #userName(pid: number, address: bigint): string | undefined {
    const found = this.#user.symbolize(pid, Number(address))
    if (found === undefined) return undefined
    const where = found.module === '' ? '' : ` (${found.module})`
    return `${found.name ?? ''}+0x${found.offset.toString(16)}${where}`
  }
}

/** Undefined when the size, in bytes, is that of no stack: a negative one is an error's number. */
function frames(addresses: BtfValue, sizeBytes: BtfValue): bigint[] | undefined {
  const count = Math.floor(Number(sizeBytes) / 8)
  if (!(count > 0) || !Array.isArray(addresses)) return undefined
  return addresses.slice(0, count).map(each => BigInt.asUintN(64, BigInt(each as bigint)))
}
