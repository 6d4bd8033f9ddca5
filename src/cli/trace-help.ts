// What `beetrace --help` prints: one screen, examples last.

export const TRACE_HELP = `Usage: beetrace [options] COMMAND [ARG…]
       beetrace [options] -p PID[,PID…]

Shows every system call of a program by eBPF: what strace does, without stopping the program.

What to trace
  -f, --follow-forks      follow children too (threads always are)
  -p, --attach PID        attach to a running process; Ctrl-C detaches and it runs on
  -e, --trace SET         only these calls: openat,close  %file  !futex  /^get  all
  -z, --successful-only   only calls that succeeded      -Z, --failed-only  that failed

How to show it
  -o, --output FILE       write the trace to FILE instead of stderr
  -c, --summary-only      count calls, errors and processor time; print a table at the end
  -w, --summary-wall-clock  with -c: the time that calls took, waiting included
  -t  -tt  -ttt           time of day, with microseconds, seconds since the epoch
  -r, --relative-timestamps  time since the call before
  -T, --syscall-times     time spent in each call
  -s, --string-limit N    bytes shown of strings and buffers (32; paths are always whole)
  -y, --decode-fds        the path behind each file descriptor
  -a, --columns N         column of the result (40)
  -q, --quiet             no attach and detach messages; -qq no exit lines either
      --json              one JSON object a line

Room
      --ring-size SIZE    buffer between kernel and beetrace (64M)
      --max-threads N     threads traced at the same time (16384)
  -h, --help   -V, --version

The exit status is the command's; if a signal killed it, beetrace dies of the same signal.
1: beetrace itself failed, 2: wrong arguments, 126/127: the command cannot be run / was not found.

Examples
  beetrace ls -l                        every call of ls
  beetrace -f -e %file -o out -- make   which files a build touches
  beetrace -c -p 1234                   where a process spends its calls, until Ctrl-C
  beetrace -f -T -Z ./server            what fails, and how long it took
`
