// struct pt_regs of x86-64 (arch/x86/include/uapi/asm/ptrace.h): where the registers are in the context of kprobes,
// uprobes and perf events.

export const registerOffsets: Readonly<Record<string, number>> = {
  r15: 0,
  r14: 8,
  r13: 16,
  r12: 24,
  bp: 32,
  bx: 40,
  r11: 48,
  r10: 56,
  r9: 64,
  r8: 72,
  ax: 80,
  cx: 88,
  dx: 96,
  si: 104,
  di: 112,
  orig_ax: 120,
  ip: 128,
  pc: 128,
  cs: 136,
  flags: 144,
  sp: 152,
  ss: 160,
}

const ARGUMENTS = ['di', 'si', 'dx', 'cx', 'r8', 'r9']

/** Where the calling convention has argument `index`; undefined from the seventh on. */
export function argumentOffset(index: number): number | undefined {
  const name = ARGUMENTS[index]
  return name === undefined ? undefined : registerOffsets[name]
}

export const resultOffset = registerOffsets.ax!

/** Probes whose context begins with pt_regs. */
export const WITH_REGISTERS: readonly string[] = [
  'kprobe',
  'kretprobe',
  'uprobe',
  'uretprobe',
  'usdt',
  'interval',
  'profile',
  'software',
  'hardware',
  'watchpoint',
]
