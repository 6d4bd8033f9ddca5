// What `bee run --help` and `bee prog --help` print when no object is named.

/** The options of `bee run` for every object. */
export const RUN_OPTIONS = `  -j, --json               a JSON object a line
      --map NAME[:S]       show a map at the end, and every S seconds; NAME:S:clear starts anew each time
      --printk             show what the programs print by bpf_printk
      --event-type STRUCT  the struct of the records; MAP=STRUCT for one map
      --header FILE.h      what the records are, where the object does not say; its struct event, or --event-type
      --lenient            leave out what this kernel refuses
      --btf FILE           the kernel's types, where it has none or others are wanted
`

export const RUN_HELP = `usage: bee run X.bpf.o [OPTION …] [--GLOBAL VALUE …]
       bee run package.json [OPTION …]   a package of eunomia's: a file, a URL, or - for stdin

Loads a compiled object, attaches what attaches itself, prints the records of its ring and
perf buffers and its maps until Ctrl-C.

${RUN_OPTIONS}
Globals become options: bee run X.bpf.o --help shows those, the maps and the programs.
  bee run X.bpf.o --target_pid 1234
  bee run X.bpf.o --map counts:1
`

export const PROG_HELP = `usage: bee prog load|loadall OBJECT PATH [WORD …] [--lenient] [-d]
       bee prog load|loadall -L [-S -k KEY -i CERTIFICATE] OBJECT [PATH] [WORD …] [-d]
       bee prog tracelog [-j]
       bee prog tracelog stdout|stderr id ID|name NAME|tag TAG|pinned FILE

Loads a compiled object and pins it in a BPF file system: load its first program at PATH,
loadall every program below PATH. The words are bpftool's:
  type TYPE         the type of all programs, as a section's name has it: xdp, kprobe
  map idx N|name NAME id ID|name NAME|pinned FILE   a map that is there in the place of one
  autoattach        attach the programs, and pin the links instead
  pinmaps DIR       pin the maps below DIR
  xdpmeta_dev NAME  the device that XDP programs read metadata of
  kernel_btf FILE   the kernel's types, instead of /sys/kernel/btf/vmlinux
  --lenient         leave out what this kernel refuses
  -d, --debug       tell what the verifier said of each program
  -L, --use-loader  have a program within the kernel load it (Linux 5.14); without PATH, to see that it does
  -S, --sign        sign that program: KEY in PEM, its CERTIFICATE for the keyring of the session (6.18)
tracelog shows what programs print by bpf_printk until Ctrl-C; or what one has said on a stream of
its own by bpf_stream_printk (stdout), and what the kernel has said of it (stderr; Linux 6.17).
  bee prog loadall X.bpf.o /sys/fs/bpf/x autoattach pinmaps /sys/fs/bpf/x-maps
`
