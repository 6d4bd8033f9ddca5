// Machine code as text, for dumps and tests: `w` in front of a register says that 32 bits of it are used.

import { printRef } from '../print.ts'
import {
  type Condition,
  FIRST_VIRTUAL,
  type MachineEnd,
  type MachineFunc,
  type MachineOp,
  type Reg,
} from './machine.ts'

export function printMachine(func: MachineFunc): string {
  const lines = [`machine ${func.name}`]
  func.blocks.forEach((block, id) => {
    lines.push(`b${id}:`)
    for (const op of block.ops) lines.push(`  ${printMachineOp(op)}`)
    lines.push(`  ${printMachineEnd(block.end)}`)
  })
  return lines.join('\n')
}

export function printMachineOp(op: MachineOp): string {
  switch (op.kind) {
    case 'mov':
      return op.bits === 64 ? `${reg(op.dst)} = ${reg(op.src)}` : `${reg(op.dst)} = zext.32 ${reg(op.src)}`
    case 'movsx':
      return `${reg(op.dst)} = sext.${op.bits} ${reg(op.src)}`
    case 'imm':
      return `${reg(op.dst)} = ${BigInt.asIntN(64, op.value)}`
    case 'frame':
      return `${reg(op.dst)} = frame${signed(op.offset)}`
    case 'address':
      return `${reg(op.dst)} = ${printRef(op.ref)}`
    case 'alu':
      return `${reg(op.dst)} = ${op.op}.${op.bits} ${reg(op.dst)}, ${op.src === undefined ? op.imm : reg(op.src)}`
    case 'neg':
      return `${reg(op.dst)} = neg.${op.bits} ${reg(op.dst)}`
    case 'bytes':
      return `${reg(op.dst)} = ${op.order}.${op.bits} ${reg(op.dst)}`
    case 'load':
      return `${reg(op.dst)} = load.${op.signed ? 's' : 'u'}${op.size * 8} [${reg(op.base)}${signed(op.offset)}]`
    case 'store':
      return `store.${op.size * 8} [${reg(op.base)}${signed(op.offset)}], ${op.src === undefined ? op.imm : reg(op.src)}`
    case 'atomic':
      return `atomic.${op.op}.${op.size * 8} [${reg(op.base)}${signed(op.offset)}], ${reg(op.src)}${op.fetch ? ' fetch' : ''}`
    case 'call':
      return `call ${op.target.kind} ${op.target.name}/${op.args}`
    case 'moveUnless':
      return `${reg(op.dst)} = ${op.src === undefined ? op.value : reg(op.src)} unless ${printCondition(op.test)}`
    case 'spill':
      return `spill${op.slot} = ${reg(op.src)}`
    case 'reload':
      return `${reg(op.dst)} = spill${op.slot}`
  }
}

export function printMachineEnd(end: MachineEnd): string {
  if (end.kind === 'exit') return 'exit'
  if (end.kind === 'goto') return `goto b${end.to}`
  return `if ${printCondition(end.test)} goto b${end.yes} else b${end.no}`
}

function printCondition({ cond, bits, a, b, imm }: Condition): string {
  return `${reg(a)} ${cond}.${bits} ${b === undefined ? imm : reg(b)}`
}

function signed(offset: number): string {
  return offset < 0 ? `${offset}` : `+${offset}`
}

function reg(r: Reg): string {
  return r < FIRST_VIRTUAL ? `r${r}` : `x${r - FIRST_VIRTUAL}`
}
