// Functions on addresses: symbols of the kernel and of processes, registers, address spaces.

import { pointer, u32, u64, type Value } from '../../../ir/index.ts'
import type { Call, Expression } from '../../ast.ts'
import { say } from '../../check/messages.ts'
import { isWhole } from '../../check/promote.ts'
import { kindText } from '../../check/type-text.ts'
import { lowerExpression, lowerInteger } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { registerOffsets, WITH_REGISTERS } from '../../lower/registers.ts'
import { inMemory, toScalar } from '../../lower/store.ts'
import { type AddressSpace, intOf, type ScriptType, uint64 } from '../../type.ts'
import { register, tgidWord } from '../builtins/probe.ts'
import { scalar } from '../builtins/process.ts'
import type { FunctionEntry } from '../entry.ts'

function address(l: Lowering, node: Expression): Value {
  const datum = lowerExpression(l, node)
  return datum.kind === 'remote' ? datum.address : toScalar(l, datum, uint64)
}

function symbolFunction(name: 'ksym' | 'usym'): FunctionEntry {
  return {
    name,
    args: [1, 1],
    type(c, call, [type]) {
      if (type !== undefined && !isWhole(type) && type.kind !== 'pointer') {
        c.error(call, `${name}() expects an integer or pointer argument`)
      }
      return { kind: name }
    },
    lower(l, call) {
      const value = address(l, call.args[0] as Expression)
      if (name === 'ksym') return scalar({ kind: 'ksym' }, value)
      return { kind: 'words', type: { kind: 'usym' }, words: [value, tgidWord(l)] }
    },
  }
}

/** The same address, said to lie elsewhere. */
function inSpace(name: 'kptr' | 'uptr', space: AddressSpace): FunctionEntry {
  return {
    name,
    args: [1, 1],
    type(c, call, [type]) {
      if (type === undefined) return undefined
      if (type.kind === 'pointer') return { ...type, space }
      if (isWhole(type)) return { kind: 'pointer', to: intOf(8, true), space }
      return c.error(
        call,
        `${name}() only supports integer or pointer arguments (${kindText(type)} provided)`,
      )
    },
    lower: (l, call) => scalar(l.typeOf(call), address(l, call.args[0] as Expression)),
  }
}

const kaddr: FunctionEntry = {
  name: 'kaddr',
  args: [1, 1],
  parameters: [{ kind: 'string', literal: true }],
  type(c, call) {
    const name = c.stringConstant(call.args[0])!
    const found = c.facts.kernel.symbolAddress(name)
    if (found === undefined) return c.error(call, `Failed to resolve kernel symbol: ${name}`)
    c.body.constants.set(call.id, found)
    return uint64
  },
  lower: l => scalar(uint64, l.b.const(u64, 0)),
}

const percpuKaddr: FunctionEntry = {
  name: 'percpu_kaddr',
  args: [1, 2],
  parameters: [{ kind: 'string', literal: true }, { kind: 'int' }],
  type(c, call) {
    const name = c.stringConstant(call.args[0])!
    if (c.facts.kernel.btf()?.find(name, 'var') === undefined) {
      return c.error(call, `Could not resolve variable "${name}" from BTF`)
    }
    return uint64
  },
  lower(l, call) {
    const { b } = l
    const symbol = b.kernelSymbol(l.constantOf(call.args[0]!) as string)
    const found =
      call.args.length > 1
        ? b.call('per_cpu_ptr', [symbol, b.convert(lowerInteger(l, call.args[1] as Expression), u32)])
        : b.call('this_cpu_ptr', [symbol])
    // As a number: what the verifier tracks must not be added to or printed.
    const area = l.buffer(8)
    b.store(area.base, area.offset, 0, u64)
    if (found.type.kind === 'pointer' && found.type.maybeNull) {
      b.ifNotNull(found, known => b.store(area.base, area.offset, known))
    } else b.store(area.base, area.offset, found)
    return scalar(uint64, b.load(area.base, area.offset, u64))
  },
}

const uaddr: FunctionEntry = {
  name: 'uaddr',
  args: [1, 1],
  parameters: [{ kind: 'string', literal: true }],
  providers: ['uprobe', 'uretprobe', 'usdt'],
  type(c, call) {
    const name = c.stringConstant(call.args[0])!
    const { place } = c.body.places[0]!
    const path = place.kind === 'uprobe' ? place.path : ''
    const found = c.facts.user.symbol?.(path, name) ?? firstFunction(c.facts.user.functions(path, name))
    if (found === undefined) return c.error(call, `Could not resolve symbol: ${path}:${name}`)
    const bits = found.size === 1 || found.size === 2 || found.size === 4 ? found.size * 8 : 64
    if (!c.needsContext(call)) return undefined
    return { kind: 'pointer', to: intOf(bits as 8 | 16 | 32 | 64, true), space: 'user' }
  },
  lower(l, call) {
    const { b } = l
    const name = l.constantOf(call.args[0]!) as string
    const { place } = l.body.places[0]!
    const { user } = l.facts
    const path = place.kind === 'uprobe' ? place.path : ''
    const symbol = user.symbol?.(path, name) ?? firstFunction(user.functions(path, name))
    const address = b.const(u64, symbol?.address ?? 0n)
    const here =
      place.kind === 'uprobe' && !place.returns ? user.address?.(path, place.fileOffset) : undefined
    if (here === undefined) return scalar(l.typeOf(call), address)
    // Where the file was loaded: the instruction that the probe stands on says by how much everything is moved.
    const moved = b.sub(register(l, registerOffsets.ip!), b.const(u64, here))
    return scalar(l.typeOf(call), b.add(moved, address))
  },
}

function firstFunction(
  found: readonly { readonly address: bigint; readonly size: number }[],
): { readonly address: bigint; readonly size: number } | undefined {
  return found[0]
}

const reg: FunctionEntry = {
  name: 'reg',
  args: [1, 1],
  parameters: [{ kind: 'string', literal: true }],
  type(c, call) {
    const name = c.stringConstant(call.args[0])!
    if (!WITH_REGISTERS.includes(c.provider)) {
      c.report(say.functionElsewhere, call, { name: 'reg', provider: c.provider })
      return undefined
    }
    if (!c.needsContext(call)) return undefined
    if (registerOffsets[name] === undefined) {
      return c.error(call, `'${name}' is not a valid register on this architecture (x86_64)`)
    }
    return uint64
  },
  lower: (l, call) => scalar(uint64, register(l, registerOffsets[l.constantOf(call.args[0]!) as string]!)),
}

/** bpf_d_path: only with pointers that the verifier knows, and from Linux 5.10. */
const path: FunctionEntry = {
  name: 'path',
  args: [1, 2],
  parameters: [null, { kind: 'int', literal: true }],
  type(c, call, [type]) {
    if (!['fentry', 'fexit', 'iter'].includes(c.provider)) {
      c.error(call, "The path function can only be used with 'fentry', 'fexit', 'iter' probes")
    }
    if (!c.facts.kernel.has('d_path')) c.error(call, 'BPF_FUNC_d_path not available for your kernel version')
    if (type !== undefined && type.kind !== 'struct' && type.kind !== 'pointer') {
      c.error(call, `path() only supports pointer or C type argument (${kindText(type)} provided)`)
    }
    return { kind: 'string', capacity: Number(c.integerConstant(call.args[1]) ?? c.config.max_strlen) }
  },
  lower(l, call) {
    const { b } = l
    const type = l.typeOf(call) as Extract<ScriptType, { kind: 'string' }>
    const where = address(l, call.args[0] as Expression)
    return {
      kind: 'made',
      type,
      beyond: { padded: type.capacity, plain: 0 },
      write(to, offset, padded) {
        const got = b.call('d_path', [where, b.offset(to, offset), type.capacity])
        const used = b.clamp(b.select(b.lt(got, 0), b.const(u64, 0), b.convert(got, u64)), type.capacity)
        if (padded) l.zeroTail(to, offset, used, type.capacity)
        return used
      },
    }
  },
}

const isErr: FunctionEntry = {
  name: 'is_err',
  args: [1, 1],
  type: () => ({ kind: 'bool' }),
  lower(l, call) {
    const { b } = l
    const value = address(l, call.args[0] as Expression)
    return scalar({ kind: 'bool' }, b.ge(value, 0xfffffffffffff001n))
  },
}

/** Compares bytes at two places, `n` of them: 0 when they are equal. */
const memcmp: FunctionEntry = {
  name: 'memcmp',
  args: [3, 3],
  parameters: [null, null, { kind: 'int', literal: true }],
  type: () => intOf(64, true),
  lower(l, call) {
    const { b } = l
    const size = Number(l.constantOf(call.args[2]!))
    const [left, right] = [0, 1].map(i => bytesAt(l, call, i, size))
    const result = b.variable({ kind: 'int', bits: 64, signed: true }, 0)
    b.forRange(0, size, (i, loop) => {
      const byte = (area: { base: Value; offset: number }) =>
        b.convert(
          b.load(b.offset(area.base, b.clamp(i, size - 1)), area.offset, {
            kind: 'int',
            bits: 8,
            signed: false,
          }),
          { kind: 'int', bits: 64, signed: true },
        )
      const difference = b.sub(byte(left!), byte(right!))
      b.if(b.ne(difference, 0), () => {
        result.set(difference)
        loop.break()
      })
    })
    return scalar(intOf(64, true), result.get())
  },
}

function bytesAt(l: Lowering, call: Call, index: number, size: number): { base: Value; offset: number } {
  const { b } = l
  const node = call.args[index] as Expression
  const datum = lowerExpression(l, node)
  if (datum.kind !== 'scalar' && datum.kind !== 'remote') return inMemory(l, datum)
  const area = l.temporary(size, 'compared')
  const type = l.typeOf(node)
  const space =
    (type.kind === 'pointer' || type.kind === 'array') && type.space === 'user' ? 'user' : 'kernel'
  const from = datum.kind === 'remote' ? datum.address : toScalar(l, datum, uint64)
  b.call(`probe_read_${space}`, [b.offset(area.base, area.offset), size, b.cast(from, pointer(space))])
  return area
}

export const symbolFunctions: readonly FunctionEntry[] = [
  symbolFunction('ksym'),
  symbolFunction('usym'),
  inSpace('kptr', 'kernel'),
  inSpace('uptr', 'user'),
  kaddr,
  percpuKaddr,
  uaddr,
  reg,
  path,
  isErr,
  memcmp,
]
