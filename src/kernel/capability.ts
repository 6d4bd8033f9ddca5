// Linux capabilities by name (include/uapi/linux/capability.h), and the set a process has. Reads nothing.

/** Capability names by bit number. */
export const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const

export type Capability = (typeof CAPABILITIES)[number]

/** The names in a mask as /proc/PID/status prints it (`CapEff: 000001fffeffffff`); unknown bits are left out. */
export function parseCapabilityMask(hex: string): ReadonlySet<Capability> {
  const mask = /^[0-9a-f]{1,16}$/i.test(hex) ? BigInt(`0x${hex}`) : 0n
  return new Set(CAPABILITIES.filter((_, bit) => (mask >> BigInt(bit)) & 1n))
}

/**
 * Those of `needed` that `held` does not cover. CAP_SYS_ADMIN covers CAP_BPF, CAP_PERFMON, CAP_SYSLOG and
 * CAP_CHECKPOINT_RESTORE, which were split from it (bpf_capable(), perfmon_capable(), …).
 */
export function missingCapabilities(
  held: ReadonlySet<Capability>,
  needed: readonly Capability[],
): readonly Capability[] {
  return needed.filter(cap => !held.has(cap) && !(SPLIT_FROM_SYS_ADMIN.has(cap) && held.has('CAP_SYS_ADMIN')))
}

const SPLIT_FROM_SYS_ADMIN: ReadonlySet<Capability> = new Set([
  'CAP_BPF',
  'CAP_PERFMON',
  'CAP_SYSLOG',
  'CAP_CHECKPOINT_RESTORE',
])
