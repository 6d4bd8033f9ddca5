// Signals by name, as `signal("KILL")` takes them (include/uapi/asm-generic/signal.h; the numbers of x86 and arm64).

const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  )

/** `KILL`, `SIGKILL`, in capitals or not; undefined for no signal. */
export function signalNumber(name: string): number | undefined {
  const at = NAMES.indexOf(name.toUpperCase().replace(/^SIG/, ''))
  return at < 0 ? undefined : at + 1
}
