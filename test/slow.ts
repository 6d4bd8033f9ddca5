// How fast this machine is, for time limits and for how much is worth doing.

/** How much longer than on a real machine things may take: BEETRACE_SLOW is set where the CPU is emulated. */
export const SLOW = Number(process.env.BEETRACE_SLOW ?? 1)
