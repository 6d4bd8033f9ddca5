// What runs which program, with a greeting that may differ by user: a system call's function with its arguments where this kernel
// keeps them, a perf buffer, a map that its types describe, and text in `.data`.
#include "bpf.h"

struct user_msg_t {
  char message[12];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 10240);
  __type(key, u32);
  __type(value, struct user_msg_t);
} my_config SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, sizeof(u32));
  __uint(value_size, sizeof(u32));
} output SEC(".maps");

struct data_t {
  int pid;
  int uid;
  char command[16];
  char message[12];
  char path[16];
};
const struct data_t *unused __attribute__((unused));

const volatile u32 only_parent = 0;
char message[12] = "Hello World";

extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;

SEC("ksyscall/execve")
int hello(struct pt_regs *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task(), *parent = 0;
  s32 parent_pid = 0;
  bpf_core_read(&parent, sizeof(parent), &task->real_parent);
  bpf_core_read(&parent_pid, sizeof(parent_pid), &parent->tgid);
  if (only_parent && parent_pid != only_parent)
    return 0;
  unsigned long path = 0;
  if (LINUX_HAS_SYSCALL_WRAPPER) {
    struct pt_regs *regs = (void *)PARM1(ctx);
    bpf_core_read(&path, sizeof(path), &PARM1(regs));
  } else
    path = PARM1(ctx);
  struct data_t data = {};
  data.pid = bpf_get_current_pid_tgid() >> 32;
  u32 uid = bpf_get_current_uid_gid();
  data.uid = uid;
  bpf_get_current_comm(&data.command, sizeof(data.command));
  bpf_probe_read_user_str(&data.path, sizeof(data.path), (void *)path);
  struct user_msg_t *found = bpf_map_lookup_elem(&my_config, &uid);
  bpf_probe_read_kernel_str(&data.message, sizeof(data.message), found ? found->message : message);
  bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, &data, sizeof(data));
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
