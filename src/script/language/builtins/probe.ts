// Builtins about the probe that fired: its name, arguments, result, registers.

import { type Bits, intType, pointer, u32, u64, type Value } from '../../../ir/index.ts'
import type { Checker } from '../../check/checker.ts'
import { say } from '../../check/messages.ts'
import { layoutOf } from '../../layout.ts'
import type { Datum } from '../../lower/datum.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { argumentOffset, resultOffset, WITH_REGISTERS } from '../../lower/registers.ts'
import { usdtArgument } from '../../lower/usdt.ts'
import { bool, type ScriptType, string, uint8, uint64 } from '../../type.ts'
import type { BuiltinEntry } from '../entry.ts'
import { pidTgid, scalar } from './process.ts'

const WITH_ARGUMENTS = ['kprobe', 'uprobe', 'usdt', 'rawtracepoint', 'fentry', 'fexit']
const WITH_ARGS = ['tracepoint', 'rawtracepoint', 'fentry', 'fexit', 'uprobe']
const WITH_RESULT = ['kretprobe', 'uretprobe', 'fexit', 'fentry']

function probeNames(c: Checker | Lowering): string[] {
  return c.body.places.map(({ place }) => place.probe)
}

/** A register of the program's context. */
export function register(l: Lowering, offset: number): Value {
  return l.b.load(l.ctx!, offset, u64, { invariant: true })
}

function probeName(l: Lowering, type: ScriptType): Datum {
  const { b } = l
  const names = probeNames(l)
  if (names.length === 1) return { kind: 'text', type, text: names[0]! }
  const capacity = (type as Extract<ScriptType, { kind: 'string' }>).capacity
  if (l.callName !== undefined) return { kind: 'bytes', type, base: l.callName, offset: 0 }
  const map = l.shared.constants(`probes${l.body.probe.id}_${names.length}`, names, capacity)
  const key = b.slot(4, 'probe', 4)
  const cookie = b.call('get_attach_cookie', [l.ctx!], { result: u64 })
  b.store(key, 0, b.convert(cookie, u32))
  const found = b.call('map_lookup_elem', [b.mapFd(map), key])
  b.if(b.isNull(found), () => l.leave(0))
  return { kind: 'bytes', type, base: { id: found.id, type: pointer('mapValue') }, offset: 0 }
}

export const probeBuiltins: readonly BuiltinEntry[] = [
  {
    name: 'probe',
    type(c, node) {
      const names = probeNames(c)
      if (names.length === 1) c.body.constants.set(node.id, names[0]!)
      const longest = Math.max(...names.map(name => name.length)) + 1
      return string(names.length === 1 ? longest : (longest + 7) & ~7)
    },
    lower: (l, node) => probeName(l, l.typeOf(node)),
  },
  {
    name: 'probetype',
    type(c, node) {
      const type = NO_REGISTERS.slice(0, 3).includes(c.provider) ? 'special' : c.provider
      c.body.constants.set(node.id, type)
      return string(type.length + 1)
    },
    lower: (l, node) => ({ kind: 'text', type: l.typeOf(node), text: l.provider }),
  },
  {
    name: 'args',
    type(c, node) {
      if (!WITH_ARGS.includes(c.provider)) {
        return c.error(
          node,
          `The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (${c.provider} used here)`,
        )
      }
      if (!c.needsContext(node)) return undefined
      const args = c.body.arguments
      if (args === undefined || args.def.members().length === 0)
        return c.error(node, 'Cannot read function parameters')
      return { kind: 'struct', def: args.def, space: args.space }
    },
    lower(l, node) {
      return { kind: 'bytes', type: l.typeOf(node), base: l.ctx!, offset: 0 }
    },
  },
  {
    name: 'arg',
    type(c, node) {
      if (!WITH_ARGUMENTS.includes(c.provider)) {
        return c.error(
          node,
          `The ${node.name} builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes`,
        )
      }
      if (!c.needsContext(node)) return undefined
      const index = Number(node.name.slice(3))
      const { usdt } = c.body.places[0]!
      if (usdt !== undefined) {
        if (index >= usdt.arguments.length) {
          return c.error(node, `${node.name}: this probe has ${usdt.arguments.length} arguments`)
        }
        return uint64
      }
      const words = ['rawtracepoint', 'fentry', 'fexit'].includes(c.provider)
      if (!words && argumentOffset(index) === undefined)
        return c.error(node, `x86_64 doesn't support ${node.name}`)
      return uint64
    },
    lower(l, node) {
      const index = Number(node.name.slice(3))
      const { usdt } = l.body.places[0]!
      if (usdt !== undefined) return scalar(uint64, usdtArgument(l, usdt.arguments[index]!))
      const { kind } = l.body.places[0]!.place
      if (kind !== 'rawtracepoint' && kind !== 'fentry' && kind !== 'fexit') {
        return scalar(uint64, register(l, argumentOffset(index)!))
      }
      const word = register(l, 8 * index)
      if (l.provider !== 'kprobe') return scalar(uint64, word)
      // by fentry: a trampoline keeps of an argument what its type has, and what it finds beside it
      const { sizeBytes } = layoutOf(l.body.arguments!.def.members()[index]!.type)
      const narrow = l.b.convert(word, intType((Math.min(sizeBytes, 8) * 8) as Bits, false))
      return scalar(uint64, l.b.convert(narrow, u64))
    },
  },
  {
    name: 'retval',
    type(c, node) {
      if (!WITH_RESULT.includes(c.provider)) {
        const hint = c.provider === 'tracepoint' ? '. Try to use args.ret instead' : ''
        return c.error(
          node,
          `The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes${hint}`,
        )
      }
      if (!c.needsContext(node)) return undefined
      if (c.provider === 'fexit' || c.provider === 'fentry') {
        const found = c.body.result
        return found === undefined ? c.error(node, "Can't find a field $retval") : found.type
      }
      return uint64
    },
    lower(l, node) {
      const type = l.typeOf(node)
      const { result } = l.body
      const { kind } = l.body.places[0]!.place
      if (result === undefined) return scalar(uint64, register(l, resultOffset))
      const word = register(l, kind === 'kprobe' ? resultOffset : result.offsetBytes)
      return type.kind === 'bool'
        ? scalar(bool, l.b.ne(l.b.and(word, 0xff), 0))
        : scalar(type, convertWord(l, word, type))
    },
  },
  {
    name: 'func',
    type(c, node) {
      if (!['kprobe', 'kretprobe', 'uprobe', 'uretprobe', 'fentry', 'fexit'].includes(c.provider)) {
        c.report(say.builtinElsewhere, node, { name: 'func', provider: c.provider })
        return undefined
      }
      return c.provider.startsWith('u') ? { kind: 'usym' } : { kind: 'ksym' }
    },
    lower(l, node) {
      const { b } = l
      const type = l.typeOf(node)
      const address = b.call('get_func_ip', [l.ctx!], { result: u64 })
      if (type.kind === 'ksym') return scalar(type, address)
      return { kind: 'words', type, words: [address, tgidWord(l)] }
    },
  },
  {
    name: 'ctx',
    type(c, node) {
      if (c.provider === 'tracepoint') return c.error(node, 'Use args instead of ctx in tracepoint')
      if (!c.needsContext(node)) return undefined
      const named = (name: string): ScriptType => {
        const struct = c.facts.types.struct(name, 'struct')
        return {
          kind: 'pointer',
          to:
            struct === undefined
              ? { kind: 'none' }
              : struct.kind === 'struct'
                ? { ...struct, space: 'kernel' }
                : struct,
          space: 'kernel',
        }
      }
      if (c.provider === 'iter') {
        const { place } = c.body.places[0]!
        return named(`bpf_iter__${place.kind === 'iter' ? place.iterator : ''}`)
      }
      const perf = ['interval', 'profile', 'software', 'hardware', 'watchpoint'].includes(c.provider)
      return named(perf ? 'bpf_perf_event_data' : 'pt_regs')
    },
    lower(l, node) {
      const { b } = l
      const slot = b.slot(8, 'context')
      b.store(slot, 0, l.ctx!)
      return scalar(l.typeOf(node), b.load(slot, 0, u64))
    },
  },
  {
    name: 'usermode',
    type(c, node) {
      if (NO_REGISTERS.includes(c.provider)) c.body.constants.set(node.id, 1n)
      // the kernel's own code runs there
      else if (!WITH_REGISTERS.includes(c.provider)) c.body.constants.set(node.id, 0n)
      return c.needsContext(node) ? uint8 : undefined
    },
    lower(l) {
      const { b } = l
      // The segment selector's lowest two bits are the privilege level: 3 in user mode.
      const cs = register(l, CS_OFFSET)
      return scalar(
        uint8,
        b.convert(b.select(b.eq(b.and(cs, 3), 3), b.const(u64, 1), b.const(u64, 0)), {
          kind: 'int',
          bits: 8,
          signed: false,
        }),
      )
    },
  },
]

/** Run by ourselves, so in user mode. */
const NO_REGISTERS: readonly string[] = ['begin', 'end', 'self', 'test', 'bench']

/** `cs` in struct pt_regs of x86-64 (arch/x86/include/asm/ptrace.h). */
const CS_OFFSET = 136

export function tgidWord(l: Lowering): Value {
  return l.b.shr(pidTgid(l), 32)
}

function convertWord(l: Lowering, word: Value, type: ScriptType): Value {
  if (type.kind !== 'integer' && type.kind !== 'enum') return word
  return l.b.convert(word, { kind: 'int', bits: type.bits, signed: type.signed })
}
