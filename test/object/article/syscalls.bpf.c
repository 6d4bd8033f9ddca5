// System calls of one process with their numbers, arguments and results: a hash by a text, a table of constants that is indexed
// while it runs, and a ring that is filled in two sizes.
#include "bpf.h"

enum mode { SYS_ENTER, SYS_EXIT };

struct syscall {
  char name[32];
  int arg_count;
}; // 36 bytes

#define CALL(nr, text, count) [nr] = {.name = text, .arg_count = count}
const struct syscall table[128] = {
    CALL(39, "getpid", 0),
    CALL(102, "getuid", 0),
    CALL(95, "umask", 1),
};

struct record {
  enum mode mode;
  u32 nr;
  char name[32];
  int arg_count;
  u64 args[6];
  long retval;
};
const struct record *unused __attribute__((unused));

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(key_size, 10);
  __uint(value_size, 4);
  __uint(max_entries, 262144);
} pids SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 262144);
} records SEC(".maps");

struct trace_event_raw_sys_enter {
  long id;
  unsigned long args[6];
} CORE;

struct trace_event_raw_sys_exit {
  long id;
  long ret;
} CORE;

static bool is_traced(void) {
  char key[10] = "child_pid";
  u32 *pid = bpf_map_lookup_elem(&pids, key);
  return pid && *pid == bpf_get_current_pid_tgid() >> 32;
}

SEC("tracepoint/raw_syscalls/sys_enter")
int on_enter(struct trace_event_raw_sys_enter *ctx) {
  u64 nr = ctx->id;
  if (!is_traced() || nr >= sizeof(table) / sizeof(table[0]))
    return 0;
  struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
  if (!record) {
    bpf_printk("no room in the ring");
    return 0;
  }
  record->mode = SYS_ENTER;
  record->nr = nr;
  record->retval = 0;
  record->arg_count = table[nr].arg_count;
  bpf_probe_read_kernel_str(record->name, sizeof(record->name), table[nr].name);
  bpf_core_read(record->args, sizeof(record->args), &ctx->args);
  bpf_ringbuf_submit(record, 0);
  return 0;
}

SEC("tracepoint/raw_syscalls/sys_exit")
int on_exit(struct trace_event_raw_sys_exit *ctx) {
  if (!is_traced())
    return 0;
  struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
  if (!record)
    return 0;
  __builtin_memset(record, 0, sizeof(*record));
  record->mode = SYS_EXIT;
  record->nr = ctx->id;
  record->retval = ctx->ret;
  bpf_ringbuf_submit(record, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
