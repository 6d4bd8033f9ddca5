// Trace records as lines. Text is strace's. JSON is one object a line:
//
//     {"time":1795236043.003001,"pid":12,"tid":12,"syscall":"openat",
//      "args":{"dfd":"AT_FDCWD","filename":"/etc/passwd","flags":["O_RDONLY","O_CLOEXEC"]},
//      "ret":-1,"error":"ENOENT","duration":0.000012}
//
// `time` (seconds since 1970 of the call's start) and `duration` (seconds) stand there when times are recorded.
// Numbers are exact: beyond 2^53 they are decimal strings. Addresses and words of unknown bits are hexadecimal
// strings, NULL is null, flags and sets are arrays of names, structs are objects; a value that the call replaced is
// {"before":…,"after":…}. `ret` is -1 with `error` naming the errno; `ret` is null when the kernel is to restart the
// call. `meaning` explains a result (poll's events). `truncated` is true when a string or an array was cut.
// `raw`, when asked for, holds the six argument words as the call passed them, as hexadecimal strings.
// `unfinished` marks a call that had not returned; `abi` is "32-bit" for compatibility calls.
// Other lines have `signal` with `siginfo`, or `exit`, or `killed` with `core`.
export { CallPrinter, type PrinterOptions } from './call-printer.ts'
export { EventPrinter } from './events.ts'
export { LinePrefix, type PrefixOptions } from './line-prefix.ts'
export { type SummaryRow, writeSummary } from './summary.ts'
