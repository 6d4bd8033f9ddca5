// What `bee --help` prints: one screen, examples last.

export const BEE_SYNOPSIS = `USAGE:
  bee [options] SCRIPT [ARG...]          run a script in bpftrace's language ('-' is stdin)
  bee [options] -e 'PROGRAM' [ARG...]    ... -- --NAME=VALUE   for the script's getopt()
  bee -l [-v] [PATTERN|SCRIPT]         list probes and types
`

export const BEE_HELP = `${BEE_SYNOPSIS}
Traces the kernel and programs by eBPF. Scripts are those of bpftrace; nothing but Node.js is needed.

What to trace
  -e PROGRAM          the script itself         -l [PATTERN]   list probes that match; -lv with their arguments
  -p PID              only this process         -c COMMAND     start COMMAND, trace it, end with it
      --unsafe        allow system(), signal() and other functions that change something
      --probe-filter REGEX     only probes of the script whose name it matches
      --traceable-functions FILE   functions of the kernel, as available_filter_functions lists them
  -I DIR, --include FILE   folders and files for #include

What comes out
  -o FILE             write to FILE instead of stdout
  -f, --format FORMAT text or json (an object a line)
  -B MODE             buffering: line, full, none
  -q, --quiet         no messages of ours       -v, --verbose  more of them
  -k                  warn when a kernel helper fails
      --no-warnings   no warnings

Without running
      --dry-run       compile, load and attach, then end
  -d STAGE            print a stage of the compiler: ast, types, ir, insns
      --info          what this kernel offers to scripts
  -h, --help   -V, --version

Ctrl-C ends a script and prints its maps. The exit status is that of exit(N); 1: it could not run.

Examples
  bee -e 'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args.filename)); }'
  bee -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'          who makes system calls
  bee -e 'uprobe:libc:malloc { @bytes = hist(arg0); }' -c './server'         sizes that a program allocates
  bee -lv 'tracepoint:sched:sched_*'                                         what there is, with arguments
`
