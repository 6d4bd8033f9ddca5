// Programs that are started, three ways: a tracepoint whose record is written down by hand, one with the kernel's types, and
// records for a perf buffer with what their struct leaves unset.
#include "bpf.h"

struct my_syscalls_enter_execve {
  u16 common_type;
  u8 common_flags;
  u8 common_preempt_count;
  int common_pid;
  long syscall_nr;
  const char *filename_ptr;
  const char *const *argv_ptr;
  const char *const *envp_ptr;
};

const volatile u32 only_parent = 0;
u32 calls = 0;
char path[32];

static s32 parent_of_current(void) {
  struct task_struct *task = (void *)bpf_get_current_task(), *parent = 0;
  s32 tgid = 0;
  bpf_core_read(&parent, sizeof(parent), &task->real_parent);
  bpf_core_read(&tgid, sizeof(tgid), &parent->tgid);
  return tgid;
}

SEC("?tp/syscalls/sys_enter_execve")
int by_hand(struct my_syscalls_enter_execve *ctx) {
  if (parent_of_current() != only_parent)
    return 0;
  calls++;
  bpf_probe_read_user_str(path, sizeof(path), ctx->filename_ptr);
  return 0;
}

struct linux_binprm {
  const char *filename;
} CORE;

// arguments: the task, its id before the exec, and what is executed
SEC("?tp_btf/sched_process_exec")
int typed(u64 *args) {
  struct task_struct *task = (void *)args[0];
  struct linux_binprm *program = (void *)args[2];
  if (task->real_parent->tgid != only_parent)
    return 0;
  calls++;
  bpf_probe_read_kernel_str(path, sizeof(path), program->filename);
  return 0;
}

struct event {
  int pid;
  int ppid;
  int uid;
  int retval;
  bool is_exit;
  char comm[16];
};
const struct event *unused __attribute__((unused)); // or the compiler drops the type

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, sizeof(u32));
  __uint(value_size, sizeof(u32));
} events SEC(".maps");

SEC("?tracepoint/syscalls/sys_enter_execve")
int unset(void *ctx) {
  s32 parent = parent_of_current();
  if (parent != only_parent)
    return 0;
  struct event event;
  event.pid = bpf_get_current_pid_tgid() >> 32;
  event.ppid = parent;
  event.uid = (u32)bpf_get_current_uid_gid();
  bpf_get_current_comm(&event.comm, sizeof(event.comm));
  bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
