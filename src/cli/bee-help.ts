// What `bee --help` prints: one screen of 80 columns and 24 lines, examples last.

export const BEE_SYNOPSIS = `USAGE:
  bee [options] SCRIPT [ARG...]         a script in a file; '-' is stdin
  bee [options] -e 'PROGRAM' [ARG...]   -- --NAME=VALUE for its getopt()
  bee -l[v] [PATTERN|SCRIPT]            list probes, or 'struct X', 'enum X'
  bee run X.bpf.o|package.json [ARG...]  a compiled object, eunomia's package
  bee build | gen | prog | btf ...      each with --help, as bee run --help
`

export const BEE_HELP = `${BEE_SYNOPSIS}Runs bpftrace's scripts by eBPF. Needs root, and nothing but Node.js.
  -p PID       only this process          -c COMMAND  run COMMAND, end with it
  -o FILE      output to FILE             -f FORMAT   text or json lines
  -B MODE      line, full, none: flush    -I DIR, --include FILE  for #include
  -q, --quiet  no messages of ours        -v, --verbose  what is loaded
  -k  warn when kernel helpers fail       --no-warnings  no warnings at all
  --unsafe     allow system(), signal()   --probe-filter REGEX  only such probes
  --traceable-functions FILE  a list      --no-feature fentry,kprobe,...  avoid
  --test, --bench  run its test:, bench:  --dry-run  only load and attach
  -d STAGE  ast, types, ir, insns         --info, -h, --help, -V
Ctrl-C ends a script and prints its maps. Exit status: 0 or exit(N)'s;
1: could not run, 2: wrong arguments, 126/127: no permission for, no COMMAND.
Examples
  bee -e 'tracepoint:syscalls:sys_enter_openat { print(str(args.filename)); }'
  bee -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'
  bee -c ./server -e 'uprobe:libc:malloc { @bytes = hist(arg0); }'
  bee -lv 'tracepoint:sched:sched_*'
`
